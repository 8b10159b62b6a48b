/** Where the engines of a user keep their records. */

import { readFileSync } from "node:fs";
import { mountOf, readMounts } from "./mounts.ts";

/** Directories, none of which needs to exist. What is in them is not reached by a symbolic link. */
export interface StateRoots {
  /** `data-root` of Docker, dockerd(8). */
  readonly docker: readonly StateRoot[];
  /** `graphroot` and `runroot`, containers-storage.conf(5). */
  readonly storage: readonly StateRoot[];
  /** Bundles of containerd's namespace `k8s.io`, below its `state` directory. */
  readonly containerd: readonly StateRoot[];
  /** The links of kubelet: `legacyContainerLogsDir`. */
  readonly logs: readonly string[];
}

/** A directory, and from it the names down to what an engine calls its root. */
export type StateRoot = readonly [directory: string, ...names: string[]];

/** Of root; k3s has a containerd of its own. */
export const systemRoots: StateRoots = {
  docker: [["/var/lib/docker"]],
  storage: [["/var/lib/containers/storage"], ["/run/containers/storage"]],
  containerd: ["/run/containerd", "/run/k3s/containerd"].map((state) =>
    [state, "io.containerd.runtime.v2.task", "k8s.io"] as const
  ),
  logs: ["/var/log/containers"],
};

/** Where the engines of a user keep them if nobody configured another place. */
export const rootsOf = (uid: number): StateRoots => uid === 0 ? systemRoots : userRoots(uid);

/** File systems that may never answer: over a network, or served by a process. */
const SLOW = /^(nfs|cifs|smb|fuse|autofs|9p|ceph|afs|glusterfs|lustre|virtiofs)/;

/**
 * Of another user: below the home directory. What is there is theirs to change, symbolic links too:
 * only the home itself is opened by its path.
 *
 * @param passwd As passwd(5) has it.
 * @returns No directories if the user has no home on a local file system.
 */
export function userRoots(
  uid: number,
  passwd = readPasswd(),
  mounts = readMounts(),
): StateRoots {
  const home = passwd.split("\n").map((line) => line.split(":"))
    .find((fields) => fields[2] === `${uid}`)?.[5] ?? "";
  const share = [home, ".local", "share"] as const;
  const local = (root: StateRoot) =>
    home.startsWith("/") && !SLOW.test(mountOf(root.join("/"), mounts)?.type ?? "");
  return {
    docker: [[...share, "docker"] as const].filter(local),
    storage: [[...share, "containers", "storage"] as const].filter(local),
    containerd: [],
    logs: [],
  };
}

function readPasswd(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}
