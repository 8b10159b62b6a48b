import assert from "node:assert/strict";
import test from "node:test";
import type { Skeleton } from "../../lib/mod.ts";
import { EventView } from "../../src/event/view.ts";
import { result } from "../../src/event/layout.gen.ts";
import { readPending } from "../../src/kernel/pending.ts";
import type { Tracer } from "../../src/kernel/tracer.ts";
import { encode, type Sample } from "./events.ts";

/** A tracer whose map of attempts has these, in this order; pending, unless they say otherwise. */
function waiting(given: readonly Sample[], backend: Tracer["backend"] = "fentry") {
  const samples = given.map((sample) => ({ result: result.RESULT_PENDING, ...sample }));
  const memory = encode(samples);
  const size = memory.length / (samples.length || 1);
  const entries = samples.map((_, i) => ({
    values: [new DataView(memory.slice(i * size, i * size + size).buffer)],
  }));
  const skeleton = {
    map(name: string) {
      assert.equal(name, "attempts");
      return { entries: () => entries };
    },
  } as unknown as Skeleton;
  return { skeleton, backend };
}

test("readPending() makes events that end now, the oldest first", () => {
  const tracer = waiting([{ time: 3000, pid: 3 }, { time: 1000, pid: 1 }, {
    time: 2000,
    pid: 2,
  }]);
  const { samples, count, filtered } = readPending(tracer, 10_000, 0n);
  assert.deepEqual([count, filtered], [3, 0]);
  const view = new EventView(samples);
  const rows = [0, 1, 2].map((i) => {
    const { pid, time, latency, result } = view.at(i);
    return { pid, time, latency, result };
  });
  const pending = { time: 10_000, result: result.RESULT_PENDING };
  assert.deepEqual(rows, [
    { pid: 1, latency: 9000, ...pending },
    { pid: 2, latency: 8000, ...pending },
    { pid: 3, latency: 7000, ...pending },
  ]);
});

test("readPending() leaves out what has not waited long enough, and counts it", () => {
  const tracer = waiting([{ time: 1000 }, { time: 1001 }, { time: 9999 }]);
  const { count, filtered, samples } = readPending(tracer, 2000, 1000n);
  assert.deepEqual([count, filtered], [1, 2]);
  assert.equal(new EventView(samples).latency, 1000);
});

test("readPending() makes nothing of an empty map", () => {
  const { samples, count, filtered } = readPending(waiting([]), 1000, 0n);
  assert.deepEqual([samples.byteLength, count, filtered], [0, 0, 0]);
});

test("readPending() tells an attempt whose end was missed from one that waits", () => {
  const samples = [
    { time: 1, result: result.RESULT_CALLING },
    { time: 1, result: result.RESULT_REFUSED },
    { time: 1, result: result.RESULT_PENDING },
  ];
  const kprobe = readPending(waiting(samples, "kprobe"), 1000, 0n);
  assert.deepEqual([kprobe.count, kprobe.missed], [1, 2]);
  const tracepoint = readPending(waiting(samples, "tracepoint"), 1000, 0n);
  assert.deepEqual([tracepoint.count, tracepoint.missed], [2, 1]);
});

test("readPending() leaves the result of what is no attempt of -r", () => {
  const { samples, count } = readPending(waiting([{ time: 1, result: result.RESULT_OK }]), 9, 0n);
  assert.deepEqual([count, new EventView(samples).result], [1, result.RESULT_OK]);
});
