/** The cgroup, the container, the pod and the systemd unit of a process. */

import { hostname } from "node:os";
import { printable } from "../event/printable.ts";
import { Bounded } from "./bounded.ts";
import { Budget } from "./budget.ts";
import { type CgroupOptions, Cgroups, type Membership } from "./cgroup.ts";
import { containerOf, type ContainerPath, isContainerId, type Runtime } from "./container.ts";
import { readMounts } from "./mounts.ts";
import { type NameOptions, Names } from "./names.ts";
import { unitOf } from "./unit.ts";

/** So many cgroups, and so many processes, are remembered. */
const MAX_KNOWN = 8192;
/** A name is looked up again after so long, as a container may be renamed, */
const SURE_MS = 30_000;
/** and after so long if it was not found, or if another process may have the PID by now. */
const UNSURE_MS = 1000;

/** A container. All is text of others: bounded, but to be made printable where it is shown. */
export interface Container {
  /** 64 hexadecimal digits; of `lxc` and `systemd-nspawn`, the name. */
  readonly id: string;
  /** Absent if it is neither in the path of the cgroup nor in a record. */
  readonly runtime?: Runtime;
  /** Its name in the engine, or in its pod. Absent if no record has it. */
  readonly name?: string;
  /** Who made its cgroup, 0 is root; absent if the cgroup had gone. Others may make up anything. */
  readonly uid?: number;
}

/** A pod of Kubernetes. */
export interface Pod {
  /** Absent if it is not in the path of the cgroup. */
  readonly uid?: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** What is known of a process; what is not known, or does not exist, is absent. */
export interface Origin {
  /** The path of its cgroup, from the root of the hierarchy. */
  readonly cgroup?: string;
  readonly container?: Container;
  readonly pod?: Pod;
  /** The systemd unit, unless it is there for the container alone. */
  readonly unit?: string;
}

const UNKNOWN: Origin = {};

/** What {@linkcode Containers} may be given; all but `warn` is as the machine has it. */
export type ContainerOptions = NameOptions & Partial<Omit<CgroupOptions, "budget">>;

/** Something that is known for a while. */
interface Entry {
  readonly origin: Origin;
  readonly until: number;
  /** Of a process: when it began. */
  readonly start: number;
}

/**
 * Finds the containers of processes. A look-up is synchronous and waits for no other process. Slow
 * work has a {@linkcode Budget}: when that is used up, the answer is "not known", or lacks a name.
 */
export class Containers {
  readonly #now: () => number;
  readonly #budget: Budget;
  readonly #cgroups: Cgroups;
  readonly #names: Names;
  readonly #byCgroup = new Bounded<number, Entry>(MAX_KNOWN);
  readonly #byProcess = new Bounded<number, Entry>(MAX_KNOWN);

  constructor(
    { now = () => performance.now(), mounts = readMounts(), ...options }: ContainerOptions,
  ) {
    this.#now = now;
    this.#budget = new Budget(now);
    this.#cgroups = new Cgroups({ ...options, mounts, now, budget: this.#budget });
    this.#names = new Names(options);
  }

  /**
   * The cgroup, container, pod and unit of a process.
   *
   * Where only cgroup v2 is in use, they follow from the ID of its cgroup. Where cgroup v1 has
   * controllers (hybrid), many processes are in the root of v2, and only /proc/PID/cgroup has the
   * cgroup, until the process ends.
   *
   * @param cgroup The ID of its cgroup of v2, as bpf_get_current_cgroup_id() gives it; 0: not known.
   * @param start When the process (the leader of its threads) began, in nanoseconds since boot:
   * `start_boottime` of `struct task_struct`. Without it (0), a PID that was given to another process
   * within a second is taken for the same one. @default 0
   */
  of(cgroup: number, pid: number, start = 0): Origin {
    const now = this.#now();
    const entry = this.#ofCgroup(cgroup, pid, now);
    const { hybrid } = this.#cgroups;
    if (entry && (entry.origin.container || !hybrid)) return entry.origin;
    // The PID alone proves nothing, where the cgroup could.
    if (!hybrid && start === 0) return UNKNOWN;
    return (this.#ofProcess(pid, start, now) ?? entry)?.origin ?? UNKNOWN;
  }

  /**
   * Remembers the path of a cgroup that may be gone before anybody looks.
   *
   * @param cgroup Its ID.
   * @param path From the root of the hierarchy of v2.
   */
  learn(cgroup: number, path: string): void {
    this.#cgroups.learn(cgroup, path);
  }

  #ofCgroup(cgroup: number, pid: number, now: number): Entry | undefined {
    const known = this.#byCgroup.get(cgroup);
    if (cgroup === 0 || known && now < known.until) return known;
    const path = this.#cgroups.path(cgroup, pid);
    if (path === undefined) return known;
    const origin = this.#describe({ controllers: "", path }, known?.origin);
    const until = !origin.container
      ? Infinity
      : now + (origin.container.name ? SURE_MS : UNSURE_MS);
    const entry = { origin, until, start: 0 };
    this.#byCgroup.set(cgroup, entry);
    return entry;
  }

  #ofProcess(pid: number, start: number, now: number): Entry | undefined {
    const last = this.#byProcess.get(pid);
    const known = last?.start === start && (start > 0 || now < last.until) ? last : undefined;
    if (known && now < known.until) return known;
    const memberships = this.#cgroups.memberships(pid);
    // Read after the memberships: if it is the same process still, it was so before.
    const other = start > 0 && this.#cgroups.started(pid) !== Math.floor(start / NS_PER_TICK);
    if (other || memberships.length === 0) return known;
    const origin = this.#describe(best(memberships), known?.origin);
    const { container } = origin;
    const sure = start > 0 && (!container || container.name !== undefined);
    const entry = { origin, until: now + (sure ? SURE_MS : UNSURE_MS), start };
    this.#byProcess.set(pid, entry);
    return entry;
  }

  /** @param before What was known; a container that has gone keeps its name. */
  #describe(membership: Membership, before?: Origin): Origin {
    const { path: cgroup } = membership;
    const found = containerOf(cgroup);
    const unit = unitOf(cgroup);
    const base = { cgroup, ...unit !== undefined && unit !== found?.directory && { unit } };
    if (!found) return base;
    const old = before?.container?.id === found.id ? before : undefined;
    const uid = this.#cgroups.owner({ ...membership, path: found.parent }) ?? old?.container?.uid;
    const known = uid === undefined
      ? undefined
      : this.#budget.spend(() => this.#names.find(found.id, uid, found.runtime));
    const runtime = found.runtime ?? known?.runtime ?? old?.container?.runtime;
    const name = known?.record.name ?? old?.container?.name ?? machineName(found);
    const pod = known?.record.pod ?? old?.pod;
    return {
      ...base,
      container: {
        id: found.id,
        ...runtime && { runtime },
        ...name && { name },
        ...uid !== undefined && { uid },
      },
      ...(pod || found.podUid) &&
        { pod: { ...pod, ...found.podUid && { uid: found.podUid } } },
    };
  }
}

/** USER_HZ is 100 on x86 and arm64. */
const NS_PER_TICK = 1e7;

/** Such a container is called by its path. */
const machineName = ({ id }: ContainerPath) => isContainerId(id) ? undefined : id;

/** The hierarchy to look in: v2 has no containers of an engine that uses v1. */
function best(memberships: readonly Membership[]): Membership {
  return memberships.find(({ path }) => containerOf(path)) ??
    memberships.find(({ path }) => path !== "/") ?? memberships[0]!;
}

/**
 * What to call a container in one word: as its engine does, else as it calls itself, else by the
 * first 12 digits of its ID.
 *
 * @param nodename The host name of its UTS namespace, which whoever is root in it may choose.
 */
export function labelOf({ id, name }: Container, nodename = ""): string {
  const own = nodename !== "" && nodename !== hostname() ? nodename : undefined;
  return printable(name ?? own ?? (isContainerId(id) ? id.slice(0, 12) : id));
}
