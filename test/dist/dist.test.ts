/** What `make dist` makes: all of it, described, and the same bytes again from another folder. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SpdxPackage } from "../../packaging/sbom.ts";
import { endAll, run } from "../child.ts";
import { root } from "../tool.ts";
import { architectures, dist, expected, made, nameOf, version } from "./made.ts";

const limit = { timeout: 600_000 };
const sums = (folder: string) => readFileSync(join(folder, "SHA256SUMS"), "utf8");

/** What was downloaded, which another folder may share. */
const downloads = ["node_modules", "build/vm", "build/arm64/node_modules"];

describe("make dist", () => {
  after(endAll);

  it("makes packages for both architectures, and their checksums", async () => {
    assert.deepEqual(made(), expected);
    const named = sums(dist).trimEnd().split("\n").map((line) => line.slice(66));
    assert.deepEqual(named, expected.filter((name) => name !== "SHA256SUMS"));
    await run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], { cwd: dist });
  });

  it("makes the same bytes from the same files in another folder", limit, async () => {
    const other = mkdtempSync(join(tmpdir(), "tcpconnect dist-"));
    try {
      const list = await run(["git", "-C", root, "ls-files", "-z", "-co", "--exclude-standard"]);
      const files = list.split("\0").filter((name) => name && existsSync(join(root, name)));
      await run(["cp", "-a", "--parents", ...files, other], { cwd: root });
      for (const name of downloads.filter((name) => existsSync(join(root, name)))) {
        mkdirSync(join(other, name, ".."), { recursive: true });
        await run(["cp", "-al", join(root, name), join(other, name)]);
      }
      const epoch = (await run(["git", "-C", root, "log", "-1", "--format=%ct"])).trim();
      const env = { SOURCE_DATE_EPOCH: epoch };
      await run(["make", "dist", "FAST=1"], { cwd: other, env });
      assert.equal(sums(join(other, "dist")), sums(dist));
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  for (const arch of architectures) {
    it(`describes what the executable for ${arch} carries`, async () => {
      const document = JSON.parse(readFileSync(join(dist, `${nameOf(arch)}.spdx.json`), "utf8"));
      assert.equal(document.spdxVersion, "SPDX-2.3");
      assert.match(document.creationInfo.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const packages: SpdxPackage[] = document.packages;
      const ids = packages.map(({ SPDXID }) => SPDXID);
      assert.equal(new Set(ids).size, ids.length);
      for (const id of ids) assert.match(id, /^SPDXRef-[A-Za-z0-9.-]+$/);

      const [tool] = packages;
      const folder = mkdtempSync(join(tmpdir(), "tcpconnect-sbom-"));
      await run(["tar", "--zstd", "-xf", join(dist, `${nameOf(arch)}.tar.zst`), "-C", folder]);
      const executable = readFileSync(join(folder, nameOf(arch), "sbin/tcpconnect"));
      rmSync(folder, { recursive: true });
      const checksumValue = createHash("sha256").update(executable).digest("hex");
      assert.deepEqual(tool!.checksums, [{ algorithm: "SHA256", checksumValue }]);
      assert.equal(tool!.versionInfo, version);

      const versions = new Map(packages.map(({ name, versionInfo }) => [name, versionInfo]));
      for (const name of ["bun", "libbpf", "libelf", "zlib", "WebKit"]) {
        assert(versions.get(name), name);
      }
      // Each is carried by the tool or by Bun.
      const carried = document.relationships.map((one: Record<string, string>) => {
        assert(
          ["SPDXRef-DOCUMENT", "SPDXRef-tcpconnect", "SPDXRef-bun"].includes(one["spdxElementId"]!),
        );
        return one["relatedSpdxElement"];
      });
      assert.deepEqual(carried.sort(), ids.sort());
    });
  }
});
