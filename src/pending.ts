/** Attempts whose fate is not known when tracing ends. */

import { read, type Skeleton } from "../lib/mod.ts";
import { event, result } from "./layout.gen.ts";

/**
 * Reads what waits in the kernel's map of attempts, as events that end now; the oldest first.
 *
 * @param now In nanoseconds of CLOCK_MONOTONIC.
 * @param minLatency In nanoseconds; what has not waited as long is left out.
 * @returns Events side by side, as {@linkcode EventView} takes them, and how many were left out.
 */
export function readPending(skeleton: Skeleton, now: number, minLatency: bigint) {
  const start = (value: DataView) => read(value, event.fields.time);
  const all = [...skeleton.map("attempts").entries()].map(({ values }) => values[0]!);
  const events = all.filter((value) => now - start(value) >= minLatency)
    .sort((a, b) => start(a) - start(b));

  const samples = new Uint8Array(events.length * event.size);
  events.forEach((value, i) => {
    const latency = BigInt(Math.max(0, now - start(value)));
    value.setBigUint64(event.fields.latency.offset, latency, true);
    value.setBigUint64(event.fields.time.offset, BigInt(now), true);
    value.setInt16(event.fields.result.offset, result.RESULT_PENDING, true);
    samples.set(new Uint8Array(value.buffer, value.byteOffset, event.size), i * event.size);
  });
  return { samples: samples.buffer, count: events.length, filtered: all.length - events.length };
}
