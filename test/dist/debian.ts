/**
 * Debian installations in folders: build/vm/root-SUITE, made once by debootstrap(8) from the archive
 * that the machine itself uses, and copied for each test.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { run } from "../child.ts";
import { archive, cache, keyring } from "../vm/packages.ts";

/** Debian 11, 12 and 13, and where each has the C tool of libbpf-tools; 11 does not have it. */
export const suites = {
  bullseye: undefined,
  bookworm: "/usr/sbin/tcpconnect",
  trixie: "/usr/sbin/tcpconnect-libbpf",
} as const;
export type Suite = keyof typeof suites;

/** Runs a command in a root that has /proc, /sys and /dev in a mount namespace of its own. */
const enter = `
set -e
root=$1; shift
for dir in proc sys dev; do mount --rbind "/$dir" "$root/$dir"; done
exec chroot "$root" "$@"
`;

/** What changes whenever a package is installed: logs, caches, apt's and dpkg's last state. */
const changing =
  /^\/var\/(log|cache|lib\/apt)\/|^\/var\/lib\/dpkg\/([^/]*-old|lock[^/]*|triggers\/Lock) /;

/** A copy of a root, with libbpf-tools where there is such a package. */
export class Debian implements Disposable {
  readonly path: string;

  constructor(suite: Suite) {
    const folder = made(suite);
    this.path = mkdtempSync(join(tmpdir(), `tcpconnect-${suite}-`));
    execFileSync("cp", ["-a", `${folder}/.`, this.path]);
  }

  /** Returns the command that runs another inside. */
  command(...argv: string[]): string[] {
    return ["unshare", "--mount", "sh", "-c", enter, "sh", this.path, ...argv];
  }

  /** Runs a command inside, which must succeed. */
  run(...argv: string[]): Promise<string> {
    const env = {
      DEBIAN_FRONTEND: "noninteractive",
      LC_ALL: "C",
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    };
    return run(this.command(...argv), { env });
  }

  /** Returns the files inside, with their types, modes, sizes and, of links, targets. */
  async files(): Promise<string[]> {
    const format = "/%P %y %m %s %l\\n";
    const list = await run(["find", this.path, "-xdev", "-type", "d", "-printf", "/%P d %m\\n"]);
    const rest = await run(["find", this.path, "-xdev", "!", "-type", "d", "-printf", format]);
    return (list + rest).split("\n").filter((line) => !changing.test(line)).sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Makes the root of a suite, unless it is there. It appears only when it is whole. */
function made(suite: Suite): string {
  const folder = join(cache, `root-${suite}`);
  if (existsSync(folder)) return folder;
  const temporary = mkdtempSync(join(cache, "root-"));
  try {
    const options = ["--variant=minbase", `--keyring=${keyring}`];
    if (suites[suite]) options.push("--include=libbpf-tools");
    execFileSync("debootstrap", [...options, suite, temporary, archive()], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
      maxBuffer: 1 << 26,
    });
    chmodSync(temporary, 0o755);
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}
