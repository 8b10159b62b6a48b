/** Attempts that still wait for a change of state when tracing ends. */

import { read } from "../../lib/mod.ts";
import { event, result } from "../event/layout.gen.ts";
import type { FilterCause, Filters } from "./filters.ts";
import { leftOutBy } from "./left_out.ts";
import type { Tracer } from "./tracer.ts";

/** The attempts that have no result when tracing ends. */
export interface Pending {
  /** Events side by side, as `batchOf()` takes them; the oldest first. */
  readonly samples: ArrayBuffer;
  /** Why others were left out, once for each. */
  readonly filtered: readonly FilterCause[];
  /** Of how many the end was missed. */
  readonly missed: number;
}

/**
 * Reads the kernel's map of attempts, as events that end now.
 *
 * @param now In nanoseconds of CLOCK_MONOTONIC.
 * @param filters Those that are applied at the end of an attempt.
 */
export function readPending(
  { skeleton, plan }: Pick<Tracer, "skeleton" | "plan">,
  now: number,
  filters: Filters,
): Pending {
  const start = (value: DataView) => read(value, event.fields.time);
  const all = [...skeleton.map("attempts").entries()].map(({ values }) => values[0]!);
  const open = all.filter((value) => plan.openPhases.includes(read(value, event.fields.result)));
  const filtered: FilterCause[] = [];
  const leftOut = leftOutBy(filters);
  const events = open.sort((a, b) => start(a) - start(b)).filter((value) => {
    const latency = BigInt(Math.max(0, now - start(value)));
    value.setBigUint64(event.fields.latency.offset, latency, true);
    value.setBigUint64(event.fields.time.offset, BigInt(now), true);
    // Without -r, an attempt in the map is an ordinary row that has only waited.
    if (read(value, event.fields.result) !== result.RESULT_OK) {
      value.setInt16(event.fields.result.offset, result.RESULT_PENDING, true);
    }
    const cause = leftOut(value);
    if (cause !== undefined) filtered.push(cause);
    return cause === undefined;
  });

  const samples = new Uint8Array(events.length * event.size);
  events.forEach((value, i) => {
    samples.set(new Uint8Array(value.buffer, value.byteOffset, event.size), i * event.size);
  });
  return {
    samples: samples.buffer,
    filtered,
    missed: all.length - open.length,
  };
}
