/** Real containers: podman and runc, apart from what else podman may run on the machine. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readMounts } from "../src/enrich/mounts.ts";
import { run } from "./child.ts";
import { client, needsKernel } from "./tool.ts";

/** A container ends after so many seconds, should the test run die. */
const LIFETIME = "300";
// runc applies the limits of podman's own defaults, which may be above those of the machine.
const LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

/** Options for a `describe` that needs containers, as {@linkcode needsKernel} does it. */
export function needsContainers(): { skip: string | false } {
  const missing = ["podman", "runc"].find((name) => !installed(name));
  if (!missing) return needsKernel();
  const reason = `no ${missing}: sh deps.sh test`;
  if (process.env["CI"] === "true") throw new Error(`cannot test: ${reason}`);
  console.warn(`skipped: ${reason}`);
  return { skip: reason };
}

const installed = (name: string) =>
  [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"]
    .some((folder) => existsSync(join(folder, name)));

/** A running container. */
export interface Running {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Of its first process, as the machine has it. */
  readonly pid: number;
  /** Of the process outside that watches it. */
  readonly monitor: number;
}

/** podman with a storage of its own; what it started ends with it. */
export class Podman implements AsyncDisposable {
  /** `graphroot` and `runroot`. */
  readonly storage: readonly string[];
  /** The cgroup in which the containers' cgroups are. */
  readonly parent: string;
  readonly #folder: string;

  /** Makes the storage, and a root file system of nothing but the client, which is static. */
  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "tcpconnect-podman-"));
    this.storage = ["root", "run"].map((name) => join(this.#folder, name));
    this.parent = `/tcpconnect-test-${process.pid}`;
    mkdirSync(join(this.#folder, "fs"));
    copyFileSync(client, join(this.#folder, "fs/client"));
  }

  /** Starts a container that listens on its own loopback, port 80, and has no other network. */
  async start(name: string, ...options: string[]): Promise<Running> {
    const rootfs = ["--rootfs", join(this.#folder, "fs")];
    const place = ["--network", "none", "--cgroup-parent", this.parent, "--cgroups", "no-conmon"];
    const lifetime = ["--timeout", LIFETIME];
    const command = ["/client", "serve", "127.0.0.1", "80"];
    await this.run(
      "run",
      "-d",
      "--name",
      name,
      ...place,
      ...lifetime,
      ...LIMITS,
      ...options,
      ...rootfs,
      ...command,
    );
    const format = "{{.Id}} {{.State.Pid}} {{.State.ConmonPid}}";
    const [id, pid, monitor] = (await this.run("inspect", name, "--format", format)).trim().split(
      " ",
    );
    return { id: id!, pid: Number(pid), monitor: Number(monitor) };
  }

  /** Runs podman, which must succeed. */
  run(...args: string[]): Promise<string> {
    return run(this.#command(args));
  }

  /** Ends and forgets a container. */
  async remove(name: string): Promise<void> {
    await this.run("rm", "-f", "-t", "0", name);
  }

  #command(args: readonly string[]): string[] {
    const [root, runroot] = this.storage as [string, string];
    const own = ["--root", root, "--runroot", runroot, "--tmpdir", join(this.#folder, "tmp")];
    const how = ["--storage-driver", "vfs", "--runtime", "runc", "--cgroup-manager", "cgroupfs"];
    return ["podman", ...own, ...how, "--events-backend", "none", ...args];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("rm", "-f", "-t", "0", "--all");
    // podman leaves the cgroup that it was told to use, in each hierarchy.
    for (const { type, point } of readMounts()) {
      if (type.startsWith("cgroup") && existsSync(point + this.parent)) {
        rmdirSync(point + this.parent);
      }
    }
    rmSync(this.#folder, { recursive: true });
  }
}
