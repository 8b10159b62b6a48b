/** Attempts that still wait for a change of state when tracing ends. */

import { read } from "../../lib/mod.ts";
import { event, result } from "../event/layout.gen.ts";
import type { Tracer } from "./tracer.ts";

/**
 * Reads what waits in the kernel's map of attempts, as events that end now; the oldest first.
 *
 * @param now In nanoseconds of CLOCK_MONOTONIC.
 * @param minLatency In nanoseconds; what has not waited as long is filtered.
 * @returns Events side by side, as {@linkcode EventView} takes them; how many were filtered, and of
 * how many the end was missed.
 */
export function readPending(
  { skeleton, backend }: Pick<Tracer, "skeleton" | "backend">,
  now: number,
  minLatency: bigint,
) {
  const start = (value: DataView) => read(value, event.fields.time);
  const all = [...skeleton.map("attempts").entries()].map(({ values }) => values[0]!);
  // A call of the tracepoint back end may last; tcp_v4_connect() and tcp_v6_connect() do not.
  const open = all.filter((value) => {
    const phase = read(value, event.fields.result);
    return phase === result.RESULT_OK || phase === result.RESULT_PENDING ||
      (phase === result.RESULT_CALLING && backend === "tracepoint");
  });
  const events = open.filter((value) => now - start(value) >= minLatency)
    .sort((a, b) => start(a) - start(b));

  const samples = new Uint8Array(events.length * event.size);
  events.forEach((value, i) => {
    const latency = BigInt(Math.max(0, now - start(value)));
    value.setBigUint64(event.fields.latency.offset, latency, true);
    value.setBigUint64(event.fields.time.offset, BigInt(now), true);
    // Without -r an attempt is a row as it is, only later.
    if (read(value, event.fields.result) !== result.RESULT_OK) {
      value.setInt16(event.fields.result.offset, result.RESULT_PENDING, true);
    }
    samples.set(new Uint8Array(value.buffer, value.byteOffset, event.size), i * event.size);
  });
  return {
    samples: samples.buffer,
    count: events.length,
    filtered: open.length - events.length,
    missed: all.length - open.length,
  };
}
