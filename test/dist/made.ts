/** What `make test-dist` has made, in build/dist. */

import { readdirSync } from "node:fs";
import process from "node:process";
import { root } from "../tool.ts";

export const dist = `${root}build/dist`;
export const { version } = (await import("../../package.json", { with: { type: "json" } })).default;

/** The architecture of this machine, as Debian has it. */
export const arch = process.arch === "x64" ? "amd64" : "arm64";
export const architectures = ["amd64", "arm64"] as const;

export const debOf = (arch: string) => `${dist}/tcpconnect_${version}_${arch}.deb`;
export const nameOf = (arch: string) => `tcpconnect-${version}-linux-${arch}`;

/** What must be there. */
export const expected = [
  "SHA256SUMS",
  "install.sh",
  ...architectures.flatMap((arch) => [
    `${nameOf(arch)}.spdx.json`,
    `${nameOf(arch)}.tar.zst`,
    `tcpconnect_${version}_${arch}.deb`,
  ]),
].sort();

/** What is there. */
export const made = () => readdirSync(dist).sort();
