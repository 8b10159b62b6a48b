import assert from "node:assert/strict";
import test from "node:test";
import type { Skeleton } from "../../lib/mod.ts";
import { batchOf, eventsOf } from "../../src/event/batch.ts";
import { result } from "../../src/event/layout.gen.ts";
import { readPending } from "../../src/kernel/pending.ts";
import { backends } from "../../src/kernel/backends.ts";
import { type Filters, passAll } from "../../src/kernel/filters.ts";
import { networks } from "../../src/cli/addresses.ts";
import { type BackendName, traceAll } from "../../src/kernel/spec.ts";
import type { Libbpf } from "../../lib/mod.ts";
import { encode, type Sample } from "./events.ts";

/** A tracer whose map of attempts has these, in this order; pending, unless they say otherwise. */
function waiting(given: readonly Sample[], backend: BackendName = "fentry") {
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
  const [plan] = backends[backend].plans({} as Libbpf, { ...traceAll, verdict: true });
  return { skeleton, plan: plan! };
}

/** What is read as pending of a map, its events as a view tells them. */
function read(
  given: readonly Sample[],
  { backend, now = 1000, ...filters }: Partial<Filters> & {
    backend?: BackendName;
    now?: number;
  } = {},
) {
  const { samples, filtered, missed } = readPending(waiting(given, backend), now, {
    ...passAll,
    ...filters,
  });
  const events = [];
  for (const { pid, time, latency, result } of eventsOf(batchOf(samples))) {
    events.push({ pid, time, latency, result });
  }
  return { events, filtered, missed };
}

test("readPending() makes events that end now, the oldest first", () => {
  const given = [{ time: 3000, pid: 3 }, { time: 1000, pid: 1 }, { time: 2000, pid: 2 }];
  const { events, filtered } = read(given, { now: 10_000 });
  assert.deepEqual(filtered, []);
  const pending = { time: 10_000, result: result.RESULT_PENDING };
  assert.deepEqual(events, [
    { pid: 1, latency: 9000, ...pending },
    { pid: 2, latency: 8000, ...pending },
    { pid: 3, latency: 7000, ...pending },
  ]);
});

test("readPending() leaves out what has not waited long enough, and counts it", () => {
  const given = [{ time: 1000 }, { time: 1001 }, { time: 9999 }];
  const { events, filtered } = read(given, { now: 2000, minLatency: 1000n });
  assert.equal(events.length, 1);
  assert.deepEqual(filtered, ["latency", "latency"]);
  assert.equal(events[0]!.latency, 1000);
});

test("readPending() leaves out what its ends do not let pass, and says why", () => {
  const given: Sample[] = [
    { time: 1, pid: 1, saddr: [10, 0, 0, 1], daddr: [192, 0, 2, 1], sport: 40000 },
    { time: 2, pid: 2, saddr: [10, 0, 0, 1], daddr: [192, 0, 3, 1], sport: 40000 },
    { time: 3, pid: 3, saddr: [11, 0, 0, 1], daddr: [192, 0, 2, 1], sport: 40000 },
    { time: 4, pid: 4, saddr: [10, 0, 0, 1], daddr: [192, 0, 2, 1], sport: 0 },
    { time: 5, pid: 5, family: 6, sport: 40000 },
  ];
  const { events, filtered } = read(given, {
    family: 4,
    destinations: { values: networks("192.0.2.0/24"), except: false },
    sources: { values: networks("11.0.0.0/8"), except: true },
    sourcePorts: { values: [{ from: 32768, to: 60999 }], except: false },
  });
  assert.deepEqual(events.map(({ pid }) => pid), [1]);
  assert.deepEqual(filtered, ["destination", "source", "source", "destination"]);
});

test("readPending() ends soon where many attempts wait and the lists are long", () => {
  const sample = { time: 1, saddr: [10, 0, 0, 1], daddr: [192, 0, 2, 1], sport: 40000 };
  const addresses = Array.from({ length: 10_000 }, (_, i) => `198.18.${i >> 8}.${i & 255}`);
  const values = addresses.flatMap(networks);
  const ports = Array.from({ length: 10_000 }, (_, i) => ({ from: 50_000 + i, to: 50_000 + i }));
  const start = performance.now();
  const { events } = read(Array.from({ length: 10_000 }, () => sample), {
    destinations: { values, except: true },
    sources: { values, except: true },
    sourcePorts: { values: ports, except: true },
  });
  const took = performance.now() - start;
  assert.equal(events.length, 10_000);
  // One comparison for each pair would take half a minute.
  assert.ok(took < 3000, `${took} ms`);
});

test("readPending() makes rows of what the results let pass", () => {
  const given = [{ time: 1 }];
  const of = (value: number, except: boolean) =>
    read(given, { results: { values: [value], except } }).filtered;
  assert.deepEqual(of(result.RESULT_PENDING, false), []);
  assert.deepEqual(of(result.RESULT_PENDING, true), ["result"]);
  assert.deepEqual(of(111, false), ["result"]);
  assert.deepEqual(of(result.RESULT_OK, true), []);
});

test("readPending() makes nothing of an empty map", () => {
  assert.deepEqual(read([]), { events: [], filtered: [], missed: 0 });
});

test("readPending() tells an attempt whose end was missed from one that waits", () => {
  const samples = [
    { time: 1, result: result.RESULT_CALLING },
    { time: 1, result: result.RESULT_REFUSED },
    { time: 1, result: result.RESULT_PENDING },
  ];
  for (const backend of ["kprobe", "tracepoint"] as const) {
    const { events, missed } = read(samples, { backend });
    assert.deepEqual([events.length, missed], [1, 2]);
  }
});

test("readPending() leaves the result of an attempt that is a row without a verdict", () => {
  const given = [{ time: 1, result: result.RESULT_OK }];
  const { events } = read(given, { backend: "tracepoint", now: 9 });
  assert.deepEqual(events.map((event) => event.result), [result.RESULT_OK]);
});
