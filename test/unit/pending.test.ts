import assert from "node:assert/strict";
import test from "node:test";
import type { Skeleton } from "../../lib/mod.ts";
import { EventView } from "../../src/event.ts";
import { result } from "../../src/layout.gen.ts";
import { readPending } from "../../src/pending.ts";
import { encode, type Sample } from "./events.ts";

/** A skeleton whose map of attempts has these, in this order. */
function waiting(samples: readonly Sample[]): Skeleton {
  const memory = encode(samples);
  const size = memory.length / (samples.length || 1);
  const entries = samples.map((_, i) => ({
    values: [new DataView(memory.slice(i * size, i * size + size).buffer)],
  }));
  return {
    map(name: string) {
      assert.equal(name, "attempts");
      return { entries: () => entries };
    },
  } as unknown as Skeleton;
}

test("readPending() makes events that end now, the oldest first", () => {
  const skeleton = waiting([{ time: 3000, pid: 3 }, { time: 1000, pid: 1 }, {
    time: 2000,
    pid: 2,
  }]);
  const { samples, count, filtered } = readPending(skeleton, 10_000, 0n);
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
  const skeleton = waiting([{ time: 1000 }, { time: 1001 }, { time: 9999 }]);
  const { count, filtered, samples } = readPending(skeleton, 2000, 1000n);
  assert.deepEqual([count, filtered], [1, 2]);
  assert.equal(new EventView(samples).latency, 1000);
});

test("readPending() makes nothing of an empty map", () => {
  const { samples, count, filtered } = readPending(waiting([]), 1000, 0n);
  assert.deepEqual([samples.byteLength, count, filtered], [0, 0, 0]);
});
