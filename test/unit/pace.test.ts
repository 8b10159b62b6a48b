/** When the loop looks at the ring buffers, and when samples wake it. */

import assert from "node:assert/strict";
import test from "node:test";
import { Pace } from "../../src/run/pace.ts";

/** A pace, and how it waits after looks that found so many events, the newest at a time in ms. */
function looks() {
  const tracer = { quiet: false };
  const pace = new Pace(tracer);
  const after = (count: number, newest: number) => {
    pace.looked(count, newest * 1e6);
    return [pace.wait, tracer.quiet];
  };
  return after;
}

test("a single event wakes the loop: the first, and each that comes 50 ms after another", () => {
  const after = looks();
  for (const time of [5000, 5200, 5250, 5400]) assert.deepEqual(after(1, time), [0, false]);
});

test("from 20 events a second on they wait to form a batch, and do not wake the loop", () => {
  const after = looks();
  after(1, 5000);
  assert.deepEqual(after(1, 5049), [50, true]);
});

for (const [rate, wait] of [[21, 50], [100, 50], [500, 16], [1000, 8], [2000, 8], [100_000, 8]]) {
  test(`a steady ${rate} a second make a look each ${wait} ms`, () => {
    const after = looks();
    const gap = 1000 / rate!;
    after(1, 5000);
    after(1, 5000 + gap);
    for (let time = 5000 + gap, i = 0; i < 100; i++) {
      // As many as come meanwhile, now and then one more.
      const count = Math.floor(wait! / gap) + (i % 3 === 0 ? 1 : 0) || 1;
      time += count * gap;
      assert.deepEqual(after(count, time), [wait, true]);
    }
  });
}

test("after a high rate it looks twice for samples that do not wake it, then sleeps", () => {
  const after = looks();
  after(1, 5000);
  after(9, 5005);
  assert.deepEqual(after(0, 0), [8, false]);
  assert.deepEqual(after(0, 0), [1000, false]);
  assert.deepEqual(after(0, 0), [0, false]);
  assert.deepEqual(after(0, 0), [0, false]);
});

test("a burst after an idle time counts as a high rate at once, by its own gaps", () => {
  const after = looks();
  after(1, 5000);
  assert.deepEqual(after(100, 6000), [50, true]);
  assert.deepEqual(after(4, 7000), [8, false]);
});

test("events older than the last ones, as they come late from another CPU, are not idle time", () => {
  const after = looks();
  after(1, 5000);
  assert.deepEqual(after(1, 4999), [8, true]);
});
