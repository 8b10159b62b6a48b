/** From the specification and a plan to the constants of the kernel program. */

import type { FieldValue } from "../../lib/mod.ts";
import type { rodata } from "../event/layout.gen.ts";
import type { Plan } from "./backends.ts";
import { type TraceSpec, wantsTail } from "./spec.ts";
import { pidNamespace } from "./system.ts";

/** The values of `.rodata`; what is left out stays 0. */
export function constants(
  spec: TraceSpec,
  plan: Plan,
): { readonly [N in keyof typeof rodata.fields]?: FieldValue } {
  const namespace = spec.pids.length > 0 ? pidNamespace() : undefined;
  return {
    filter_pids: spec.pids,
    filter_pid_count: spec.pids.length,
    filter_pid_ns: namespace?.ino ?? 0n,
    filter_pid_dev: namespace?.dev ?? 0n,
    filter_uids: spec.uids,
    filter_uid_count: spec.uids.length,
    filter_ports: spec.ports,
    filter_port_count: spec.ports.length,
    filter_family: spec.family,
    want_uid: spec.uid,
    want_tail: wantsTail(spec),
    count_flows: spec.count,
    flow_sport: spec.flowSport,
    want_result: spec.verdict,
    only_failed: spec.onlyFailed,
    min_latency: spec.minLatency,
    from_state: plan.fromState,
    task_helpers: plan.withoutBtf ?? false,
  };
}
