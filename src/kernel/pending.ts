/** Attempts that still wait for a change of state when tracing ends. */

import { read } from "../../lib/mod.ts";
import { event, result } from "../event/layout.gen.ts";
import type { Tracer } from "./tracer.ts";

/** What waits at the end. */
export interface Pending {
  /** Events side by side, as `batchOf()` takes them; the oldest first. */
  readonly samples: ArrayBuffer;
  /** How many were left out: they have not waited for `minLatency`. */
  readonly filtered: number;
  /** Of how many the end was missed. */
  readonly missed: number;
}

/**
 * Reads what waits in the kernel's map of attempts, as events that end now.
 *
 * @param now In nanoseconds of CLOCK_MONOTONIC.
 * @param minLatency In nanoseconds.
 */
export function readPending(
  { skeleton, plan }: Pick<Tracer, "skeleton" | "plan">,
  now: number,
  minLatency: bigint,
): Pending {
  const start = (value: DataView) => read(value, event.fields.time);
  const all = [...skeleton.map("attempts").entries()].map(({ values }) => values[0]!);
  const open = all.filter((value) => plan.openPhases.includes(read(value, event.fields.result)));
  const events = open.filter((value) => now - start(value) >= minLatency)
    .sort((a, b) => start(a) - start(b));

  const samples = new Uint8Array(events.length * event.size);
  events.forEach((value, i) => {
    const latency = BigInt(Math.max(0, now - start(value)));
    value.setBigUint64(event.fields.latency.offset, latency, true);
    value.setBigUint64(event.fields.time.offset, BigInt(now), true);
    // Without verdicts an attempt is a row as it is, only later.
    if (read(value, event.fields.result) !== result.RESULT_OK) {
      value.setInt16(event.fields.result.offset, result.RESULT_PENDING, true);
    }
    samples.set(new Uint8Array(value.buffer, value.byteOffset, event.size), i * event.size);
  });
  return {
    samples: samples.buffer,
    filtered: open.length - events.length,
    missed: all.length - open.length,
  };
}
