/**
 * Which container a cgroup belongs to, by the names that engines give to their cgroups. Sources:
 *
 * - runc, `libcontainer/cgroups/systemd`: `<prefix>-<id>.scope`; with the cgroupfs driver the path is
 *   taken as the engine gave it, so that `<slice>:<prefix>:<id>` may stand there as a name.
 * - Docker, `daemon/oci_linux.go`: prefix `docker`; with cgroupfs `/docker/<id>` or
 *   `/<cgroup-parent>/<id>`.
 * - podman, `libpod/container_internal*.go` and `oci_conmon_linux.go`: `libpod-<id>.scope`,
 *   `libpod-<id>`, `libpod-payload-<id>`; `libpod-conmon-<id>.scope` is the monitor outside.
 * - containerd CRI, `getCgroupsPath()`: prefix `cri-containerd`, or `/<parent>/<id>`.
 * - CRI-O, `internal/config/cgmgr`: prefix `crio`; `crio-conmon-<id>.scope` is the monitor.
 * - kubelet, `pkg/kubelet/cm/pod_container_manager_linux.go` and `cgroup_manager_linux.go`:
 *   `pod<uid>`, as a slice `...-pod<uid>.slice` with `_` for `-`.
 * - LXC, `src/lxc/cgroups/cgroup.h`: `lxc.payload.NAME`; before LXC 4, `lxc/NAME`.
 * - systemd-nspawn(1) and `src/machine`: `systemd-nspawn@NAME.service`, `machine-NAME.scope`, with
 *   `payload` and `supervisor` below.
 */

import { unescapeUnit } from "./unit.ts";

/** The software that started a container. */
export type Runtime = "docker" | "podman" | "containerd" | "cri-o" | "lxc" | "systemd-nspawn";

/** What the path of a cgroup says of a container. */
export interface ContainerPath {
  /** 64 hexadecimal digits; of `lxc` and `systemd-nspawn`, the name. */
  readonly id: string;
  /** Absent if only the ID is in the path. */
  readonly runtime?: Runtime;
  /** The UID of its pod, as Kubernetes writes it. */
  readonly podUid?: string;
  /** The name of the container's cgroup, */
  readonly directory: string;
  /** and the path of the one in which it was made, whose owner made it. */
  readonly parent: string;
}

/** Whether a text is the whole ID of a container: only then it may become part of a path. */
export const isContainerId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);

const prefixes: ReadonlyMap<string, Runtime> = new Map([
  ["docker", "docker"],
  ["libpod", "podman"],
  ["libpod-payload", "podman"],
  ["cri-containerd", "containerd"],
  ["crio", "cri-o"],
]);
const PREFIXED = /^(?:[^:]*:)?([a-z-]+)[-:]([0-9a-f]{64})(?:\.scope)?$/;
const POD =
  /^(?:[a-z-]+-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?=\.slice|$)/;

/**
 * The outermost container: only the engine of this machine made that one, and what is below was named
 * by those within.
 *
 * @param path As in the last field of /proc/PID/cgroup.
 */
export function containerOf(path: string): ContainerPath | undefined {
  const names = path.split("/");
  let podUid: string | undefined;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    podUid ??= POD.exec(name)?.[1]?.replaceAll("_", "-");
    const found = prefixed(name) ?? bare(name, names[i - 1]) ??
      machine(name, names[i - 1], names[i + 1]);
    if (!found) continue;
    const parent = names.slice(0, i).join("/") || "/";
    return { ...found, ...podUid && { podUid }, directory: name, parent };
  }
  return undefined;
}

type Found = Pick<ContainerPath, "id" | "runtime">;

function prefixed(name: string): Found | undefined {
  const [, prefix, id] = PREFIXED.exec(name) ?? [];
  const runtime = prefixes.get(prefix ?? "");
  return runtime && { id: id!, runtime };
}

function bare(name: string, parent: string | undefined): Found | undefined {
  if (!isContainerId(name)) return undefined;
  return { id: name, ...parent === "docker" && { runtime: "docker" } };
}

function machine(name: string, parent?: string, child?: string): Found | undefined {
  const lxc = /^lxc\.payload\.(.+)$/.exec(name)?.[1] ?? (parent === "lxc" ? name : "");
  if (lxc) return { id: lxc, runtime: "lxc" };
  // libvirt registers virtual machines and its own containers as machines too.
  const nspawn = /^systemd-nspawn@(.+)\.service$/.exec(name)?.[1] ??
    /^machine-(?!qemu\\x2d|lxc\\x2d)(.+)\.scope$/.exec(name)?.[1];
  if (!nspawn || child === "supervisor") return undefined;
  return { id: unescapeUnit(nspawn), runtime: "systemd-nspawn" };
}
