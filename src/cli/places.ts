/** The values of options that name a cgroup or a network namespace: from text to a number. */

import { closeSync, constants, openSync, readlinkSync, statfsSync, statSync } from "node:fs";
import { type Mount, readMounts } from "../enrich/mounts.ts";
import { number, UsageError } from "./values.ts";

/** CGROUP2_SUPER_MAGIC of linux/magic.h. */
const CGROUP2 = 0x63677270;
/** PID_MAX_LIMIT of linux/threads.h, of 64-bit kernels. Inode numbers of namespaces are larger. */
const MAX_PID = 1 << 22;

/**
 * The ID of a cgroup of v2, as bpf_get_current_cgroup_id() gives it.
 *
 * @param path Of the directory, or from the root of the hierarchy: `/sys/fs/cgroup/system.slice` or
 * `/system.slice`.
 */
export function cgroup(path: string, mounts: readonly Mount[] = readMounts()): number {
  if (!path.startsWith("/")) throw new UsageError(`invalid cgroup '${path}': not an absolute path`);
  const root = mounts.find(({ type }) => type === "cgroup2")?.point;
  if (root === undefined) {
    throw new UsageError(`no cgroup '${path}': cgroup v2 is not mounted`);
  }
  const id = cgroupId(path) ?? cgroupId(root + path);
  if (id !== undefined) return id;
  throw new UsageError(`no cgroup '${path}': neither it nor ${root}${path} is a cgroup of v2`);
}

function cgroupId(path: string): number | undefined {
  try {
    const stat = statSync(path);
    return stat.isDirectory() && statfsSync(path).type === CGROUP2 ? stat.ino : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The inode number of a network namespace, as `net:[NUMBER]` has it.
 *
 * @param text The number itself, the PID of a process that is in it, or a path: of a file below
 * /proc/PID/ns or, as ip-netns(8) makes them, below /run/netns.
 */
export function netns(text: string, mounts: readonly Mount[] = readMounts()): number {
  if (text.startsWith("/")) return netnsOf(text, `network namespace '${text}'`, mounts);
  const value = number(text, "network namespace", 1, 0xffffffff);
  if (value > MAX_PID) return value;
  return netnsOf(`/proc/${value}/ns/net`, `network namespace of PID ${value}`, mounts);
}

function netnsOf(path: string, what: string, mounts: readonly Mount[]): number {
  const inode = readNetns(path, what, mounts);
  if (inode === undefined) throw new UsageError(`no ${what}: it is something else`);
  return inode;
}

function readNetns(path: string, what: string, mounts: readonly Mount[]): number | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      // A link of /proc leads to the namespace itself; a file of ip-netns is a mount of it.
      const name = readlinkSync(`/proc/self/fd/${fd}`);
      const root = mounts.findLast(({ point, type }) => point === name && type === "nsfs")?.root;
      const inode = /^net:\[(\d+)\]$/.exec(root ?? name)?.[1];
      return inode === undefined ? undefined : Number(inode);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new UsageError(`no ${what}: ${(error as NodeJS.ErrnoException).code}`);
  }
}
