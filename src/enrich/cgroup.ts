/** Which cgroup has an ID, and which one a process is in. */

import { Buffer } from "node:buffer";
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { Bounded } from "./bounded.ts";
import type { Budget } from "./budget.ts";
import type { Mount } from "./mounts.ts";

/** Paths that are remembered: a host with more cgroups than that looks some up again. */
const MAX_PATHS = 16384;
/** A search ends after so long, found or not. */
const SEARCH_MS = 10;
/** An ID that was not found is looked for again after so long. */
const UNKNOWN_MS = 100;
/** /proc/PID/cgroup is read up to here: 16 hierarchies with the longest paths (PATH_MAX). */
const MAX_BYTES = 65536;

/** The cgroup of a process in one hierarchy, as in cgroups(7), "/proc/pid/cgroup". */
export interface Membership {
  /** "" is cgroup v2; else controllers, or `name=systemd`. */
  readonly controllers: string;
  /** From the root of the hierarchy as the reader sees it. */
  readonly path: string;
}

/** @param text The content of /proc/PID/cgroup; lines of another shape are passed over. */
export function parseMemberships(text: string): Membership[] {
  return text.split("\n").flatMap((line) => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    // The kernel says so of a cgroup that has been removed; a directory may be called so too.
    return path === undefined
      ? []
      : [{ controllers: controllers!, path: path.replace(/ \(deleted\)$/, "") }];
  });
}

/** What a {@linkcode Cgroups} may be given. */
export interface CgroupOptions {
  readonly mounts: readonly Mount[];
  /** Pays for searches. */
  readonly budget: Budget;
  /** Milliseconds. @default performance.now */
  readonly now?: () => number;
  /** @default "/proc" */
  readonly proc?: string;
}

/** The cgroups of the machine. */
export class Cgroups {
  /** Where cgroup v2 is mounted; undefined if it is not. */
  readonly v2: string | undefined;
  /** Whether cgroup v1 has controllers, so that v2 alone does not tell where a process is. */
  readonly hybrid: boolean;
  readonly #v1: readonly Mount[];
  readonly #budget: Budget;
  readonly #proc: string;
  readonly #now: () => number;
  readonly #paths = new Bounded<number, string>(MAX_PATHS);
  readonly #unknown = new Bounded<number, number>(MAX_PATHS);
  readonly #buffer = Buffer.allocUnsafe(MAX_BYTES);

  constructor(
    { mounts, budget, now = () => performance.now(), proc = "/proc" }: CgroupOptions,
  ) {
    const whole = mounts.filter(({ root }) => root === "/");
    this.v2 = (whole.find(isV2) ?? mounts.find(isV2))?.point;
    this.#v1 = whole.filter(({ type }) => type === "cgroup");
    this.hybrid = this.#v1.some(({ options }) => !options.some((name) => name.startsWith("name=")));
    this.#budget = budget;
    this.#proc = proc;
    this.#now = now;
    const root = this.v2 === undefined ? undefined : statDirectory(this.v2, "/");
    if (root) this.#paths.set(root.ino, "/");
  }

  /**
   * The path of a cgroup of v2.
   *
   * A process that is in it is asked first; what it says is proved by the number of the directory.
   * Else the hierarchy is searched, which is bounded in time and may find nothing.
   *
   * @param id Of bpf_get_current_cgroup_id(): the inode number of the directory (`kernfs_node.id`).
   * @param pid A process that was in it; it may be gone, or in another cgroup by now.
   */
  path(id: number, pid: number): string | undefined {
    const known = this.#paths.get(id);
    if (known !== undefined || this.v2 === undefined) return known;
    return this.#ofProcess(id, pid) ?? this.#budgeted(id);
  }

  /** Remembers where a cgroup is, or was: somebody saw it being made, or saw its name. */
  learn(id: number, path: string): void {
    this.#paths.set(id, path);
  }

  /** Where a process is in each hierarchy: v2 first, then `name=systemd`, then the others. */
  memberships(pid: number): Membership[] {
    const rank = ({ controllers }: Membership) =>
      controllers === "" ? 0 : controllers === "name=systemd" ? 1 : 2;
    return parseMemberships(this.#read(`${this.#proc}/${pid}/cgroup`))
      .sort((a, b) => rank(a) - rank(b));
  }

  /**
   * When a process began, in hundredths of a second since boot: field 22 of proc_pid_stat(5). -1 if
   * it is gone.
   */
  started(pid: number): number {
    const stat = this.#read(`${this.#proc}/${pid}/stat`);
    // The name, field 2, may have spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[19] ?? -1);
  }

  /** The owner of the directory of a cgroup; undefined if that is not known. */
  owner({ controllers, path }: Membership): number | undefined {
    const point = controllers === ""
      ? this.v2
      : this.#v1.find(({ options }) => controllers.split(",").every((c) => options.includes(c)))
        ?.point;
    return point === undefined ? undefined : statDirectory(point, path)?.uid;
  }

  #ofProcess(id: number, pid: number): string | undefined {
    const path = this.memberships(pid).find(({ controllers }) => controllers === "")?.path;
    if (path === undefined || statDirectory(this.v2!, path)?.ino !== id) return undefined;
    this.#paths.set(id, path);
    return path;
  }

  #budgeted(id: number): string | undefined {
    const now = this.#now();
    if (now < (this.#unknown.get(id) ?? 0)) return undefined;
    const path = this.#budget.spend(() => this.#search(id, now));
    if (path === undefined) this.#unknown.set(id, now + UNKNOWN_MS);
    return path;
  }

  /** Walks the hierarchy from its root on, and remembers what it comes past. */
  #search(id: number, began: number): string | undefined {
    const waiting = children(this.v2!, "");
    while (!this.#paths.get(id) && waiting.length > 0 && this.#now() < began + SEARCH_MS) {
      const path = waiting.pop()!;
      const stat = statDirectory(this.v2!, path);
      if (stat) this.#paths.set(stat.ino, path);
      // Two links, and one for each directory in it (kernfs_refresh_inode() of the kernel).
      if (stat && stat.nlink !== 2) waiting.push(...children(this.v2!, path));
    }
    return this.#paths.get(id);
  }

  #read(path: string): string {
    let fd = -1;
    try {
      fd = openSync(path, "r");
      return this.#buffer.toString("utf8", 0, readSync(fd, this.#buffer));
    } catch {
      return ""; // gone
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }
}

const isV2 = ({ type }: Mount) => type === "cgroup2";

/** @param path A path with ".." leaves what the reader sees: it has no directory here. */
function statDirectory(point: string, path: string) {
  if (path.split("/").includes("..")) return undefined;
  try {
    return statSync(point + path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function children(point: string, path: string): string[] {
  try {
    return readdirSync(point + path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory()).map(({ name }) => `${path}/${name}`);
  } catch {
    return [];
  }
}
