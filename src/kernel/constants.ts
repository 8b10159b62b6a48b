/** From the specification and a plan to the constants of the kernel program. */

import type { Plan } from "./backends.ts";
import { type Constants, filterConstants } from "./filter_constants.ts";
import { type TraceSpec, wantsTail } from "./spec.ts";

/** The values of `.rodata`; what is left out stays 0. */
export function constants(
  spec: TraceSpec,
  plan: Plan,
): Constants {
  return {
    ...filterConstants(spec, spec.verdict),
    want_uid: spec.uid || spec.uids.values.length > 0,
    want_tail: wantsTail(spec),
    count_flows: spec.count,
    flow_sport: spec.flowSport,
    want_result: spec.verdict,
    from_state: plan.fromState,
    task_helpers: plan.withoutBtf ?? false,
  };
}
