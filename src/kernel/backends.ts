/** The back ends table: all that is known about each back end. */

import type { Libbpf } from "../../lib/mod.ts";
import { result } from "../event/layout.gen.ts";
import type { BackendName, TraceSpec } from "./spec.ts";
import { hasIpv6, hasKprobes } from "./system.ts";

/** One way to attach. */
export interface Backend {
  /** What it needs, for `--help`. */
  readonly needs: string;
  /** Whether its programs never fire while kernel.ftrace_enabled is 0. */
  readonly ftrace: boolean;
  /** What it lacks without tracefs; without the root of a cgroup v2 hierarchy. For the doctor. */
  readonly limits?: { readonly tracefs: string; readonly cgroup: string };
  /** Why it cannot work here, if that is known before anything is loaded. */
  readonly unavailable?: () => Error | undefined;
  /** Asks the kernel whether it takes such programs; throws a BpfError if not. */
  readonly check?: (libbpf: Libbpf) => void;
  /** Its plans, the best first. */
  readonly plans: (libbpf: Libbpf, spec: TraceSpec) => Plan[];
}

/** One set of programs, and what goes with it. */
export interface Plan {
  /**
   * In the order in which they attach; they detach in reverse. Programs that see ends attach before
   * those that see beginnings, so that no attempt is recorded whose end is missed.
   */
  readonly programs: readonly string[];
  /** Which of them attaches to the root of the cgroup v2 hierarchy. */
  readonly cgroupProgram?: string;
  /** Whether the code that runs in them needs no relocation, so that no BTF is read. */
  readonly withoutBtf?: true;
  /** The maps that keep something for each connect. */
  readonly maps: { readonly attempts: boolean; readonly calls: boolean };
  /** Whether attempts begin at a change of state. */
  readonly fromState: boolean;
  /** Programs of which each run that the kernel skipped is one lost attempt. */
  readonly skippedAreLost: readonly string[];
  /** Programs of which some of the skipped runs may be lost attempts. */
  readonly skippedMayBeLost: readonly string[];
  /** Whether what is left in the map of calls is lost: its return was never seen. */
  readonly leftCallsAreLost: boolean;
  /** In which phases an attempt in the map is still open; in others its end was missed. */
  readonly openPhases: readonly number[];
  /** Whether a row waits for the connection's next change of state. */
  readonly rowsWait: boolean;
}

const { RESULT_OK, RESULT_PENDING } = result;

/** For each IP version that can occur. The v6 programs see IPv4-mapped addresses too. */
function each(program: string, { family }: TraceSpec): string[] {
  const versions = [family === 6 ? "" : "v4", hasIpv6() ? "v6" : ""].filter(Boolean);
  return versions.map((version) => `${program}_${version}`);
}

/** The programs at a change of state. tp_btf needs the kernel's own BTF. */
function stateChanges({ btf }: TraceSpec): [string, string] {
  return btf ? ["state_raw", "state_raw_ends"] : ["state_btf", "state_btf_ends"];
}

/** Before the programs that take an attempt out of the map, so that it still finds it there. */
const measure = ({ tcpInfo }: TraceSpec): string[] => tcpInfo ? ["measure"] : [];

/** The plan of a back end that watches the connect functions of TCP. */
function functionPlan(spec: TraceSpec, entry: string, exit: string): Plan {
  const [entries, exits] = [each(entry, spec), each(exit, spec)];
  const kprobes = entry === "kprobe";
  return {
    programs: [
      ...measure(spec),
      ...(spec.verdict ? stateChanges(spec) : []),
      ...exits,
      // fexit sees the arguments too.
      ...(spec.verdict || kprobes ? entries : []),
    ],
    maps: { attempts: spec.verdict, calls: kprobes },
    fromState: false,
    skippedAreLost: kprobes ? [] : spec.verdict ? entries : exits,
    skippedMayBeLost: [],
    // With verdicts no row depends on the return.
    leftCallsAreLost: kprobes && !spec.verdict,
    openPhases: [RESULT_PENDING],
    rowsWait: false,
  };
}

function tracepointPlans(libbpf: Libbpf, spec: TraceSpec): Plan[] {
  const states = stateChanges(spec);
  const sockops = "connect_cb";
  const calls = ["sys_exit_connect", "sys_enter_connect"];
  const byState: Plan = {
    programs: spec.verdict ? [...measure(spec), ...calls, ...states] : states,
    maps: { attempts: true, calls: spec.verdict },
    fromState: true,
    skippedAreLost: [],
    // Most changes of state begin no attempt, and the second program sees the ends.
    skippedMayBeLost: [states[0]],
    leftCallsAreLost: false,
    openPhases: [RESULT_OK, RESULT_PENDING],
    rowsWait: !spec.verdict,
  };
  if (spec.verdict) {
    const programs = [sockops, ...byState.programs];
    return [{ ...byState, programs, cgroupProgram: sockops }, byState];
  }
  const bySockops: Plan = {
    ...byState,
    programs: [sockops],
    cgroupProgram: sockops,
    // Only where sockops may ask helpers for PID, UID and COMM.
    ...(!spec.btf && libbpf.taskHelpers ? { withoutBtf: true } : {}),
    maps: { attempts: false, calls: false },
    skippedMayBeLost: [],
    rowsWait: false,
  };
  return [bySockops, byState];
}

/** All back ends, in the order in which `auto` tries them. */
export const backends: Readonly<Record<BackendName, Backend>> = {
  fentry: {
    needs: "needs Linux 5.5 and BTF",
    ftrace: true,
    check: (libbpf) => libbpf.checkFentry(),
    plans: (_, spec) => [functionPlan(spec, "fentry", "fexit")],
  },
  kprobe: {
    needs: "needs CONFIG_KPROBES",
    ftrace: true,
    unavailable: () =>
      hasKprobes() ? undefined : new Error("the kernel has no kprobes (CONFIG_KPROBES)"),
    plans: (_, spec) => [functionPlan(spec, "kprobe", "kretprobe")],
  },
  tracepoint: {
    needs: "runs on most kernels",
    ftrace: false,
    limits: { tracefs: "tracepoint -r needs it", cgroup: "tracepoint rows wait for an answer" },
    plans: tracepointPlans,
  },
};

export const backendNames = Object.keys(backends) as BackendName[];
