import assert from "node:assert/strict";
import test from "node:test";
import { type BpfMap, PerfBuffer } from "../../lib/mod.ts";
import { fake, type Parts, pointer } from "./fake.ts";

const map = { name: "events", fd: 9 } as BpfMap;
const options = { pages: 8, sampleSize: 80, timeOffset: 4 };

const working: Parts = {
  libbpf_num_possible_cpus: () => 3,
  shim_batch_new: () => pointer("batch"),
  shim_batch_size: () => 440,
  shim_batch_max: () => 5,
  shim_batch_samples: () => pointer("samples"),
  shim_batch_order: () => pointer("order"),
  shim_on_sample: () => pointer("on_sample"),
  shim_on_lost: () => pointer("on_lost"),
  perf_buffer__new: () => pointer("perf"),
  perf_buffer__free: () => {},
  perf_buffer__poll: () => 0,
  perf_buffer__consume: () => 0,
  shim_batch_free: () => {},
  shim_batch_lost: () => pointer("lost"),
  shim_batch_sort: () => {},
};

/** A perf buffer on such functions; `calls` has what is called after it was made. */
function open(parts: Parts = {}, memory: Record<string, ArrayBuffer> = {}) {
  const { libbpf, calls } = fake({ ...working, ...parts }, memory);
  const buffer = new PerfBuffer(libbpf, map, options);
  const making = calls.splice(0);
  return { buffer, calls, making };
}

test("PerfBuffer hands its options and the batch's callbacks to C", () => {
  const { making } = open();
  assert.ok(making.includes("shim_batch_new(80,4,8)"));
  assert.ok(making.includes("perf_buffer__new(9,8,on_sample,on_lost,batch,null)"));
});

test("PerfBuffer has room for as many samples as the batch", () => {
  const { buffer } = open();
  assert.equal(buffer.samples.byteLength, 440);
  assert.equal(buffer.order.length, 5);
});

test("PerfBuffer.sizeOf() reads the size before a sample", () => {
  const samples = Uint32Array.from({ length: 110 }, (_, i) => i);
  const { buffer } = open({}, { samples: samples.buffer });
  assert.deepEqual([8, 96].map((offset) => buffer.sizeOf(offset)), [1, 23]);
});

test("PerfBuffer throws when there is no memory for a batch", () => {
  const { libbpf, calls } = fake({
    ...working,
    shim_batch_new: () => null,
    libbpf_get_error: () => -12,
  });
  assert.throws(() => new PerfBuffer(libbpf, map, options), /^BpfError: new batch: ENOMEM: /);
  assert.ok(!calls.some((call) => /free|perf_buffer/.test(call)));
});

test("PerfBuffer frees the batch, and nothing else, when it cannot be opened", () => {
  const { libbpf, calls } = fake({
    ...working,
    perf_buffer__new: () => null,
    libbpf_get_error: () => -1,
  });
  const error = /^BpfError: open perf buffer events: EPERM: /;
  assert.throws(() => new PerfBuffer(libbpf, map, options), error);
  assert.deepEqual(calls.filter((call) => call.includes("free")), ["shim_batch_free(batch)"]);
});

test("PerfBuffer has a second map output to the same ring buffers", () => {
  const quiet = { name: "quiet_events", fd: 10 } as BpfMap;
  const { libbpf, calls } = fake({ ...working, shim_add_quiet: () => 0 });
  new PerfBuffer(libbpf, map, { ...options, quiet });
  assert.equal(calls.at(-1), "shim_add_quiet(perf,10)");
  const broken = fake({ ...working, shim_add_quiet: () => -22 });
  const error = /^BpfError: join quiet_events: EINVAL: /;
  assert.throws(() => new PerfBuffer(broken.libbpf, map, { ...options, quiet }), error);
  const frees = broken.calls.filter((call) => call.includes("free"));
  assert.deepEqual(frees, ["perf_buffer__free(perf)", "shim_batch_free(batch)"]);
});

/** A perf buffer whose C functions deliver the given samples and losses. */
function filled(result: number, count: number, disordered = 0, lost: number[] = []) {
  const state = Uint32Array.of(9, disordered);
  const losses = Float64Array.of(lost.reduce((sum, n) => sum + n, 0), ...lost);
  const take = () => {
    assert.equal(state[0], 0, "the batch before is over");
    state[0] = count;
    return result;
  };
  const parts = { perf_buffer__poll: take, perf_buffer__consume: take };
  return open(parts, { batch: state.buffer, lost: losses.buffer });
}

test("PerfBuffer.poll() waits, and returns how many came", () => {
  const { buffer, calls } = filled(1, 4);
  assert.equal(buffer.poll(100), 4);
  assert.deepEqual(calls, ["perf_buffer__poll(perf,100)"]);
});

test("PerfBuffer.poll() has a batch sorted that is not in order", () => {
  const { buffer, calls } = filled(2, 4, 1);
  assert.equal(buffer.poll(100), 4);
  assert.deepEqual(calls, ["perf_buffer__poll(perf,100)", "shim_batch_sort(batch)"]);
});

test("PerfBuffer.poll() returns what came before a signal", () => {
  assert.equal(filled(-4, 4).buffer.poll(-1), 4);
});

test("PerfBuffer.poll() throws on any other failure", () => {
  const { buffer } = open({ perf_buffer__poll: () => -5 });
  assert.throws(() => buffer.poll(100), /^BpfError: poll perf buffer: EIO: /);
});

test("PerfBuffer.drain() waits, and takes over samples that caused no wake-up too", () => {
  const { buffer, calls } = open();
  buffer.drain(20);
  assert.deepEqual(calls, ["perf_buffer__poll(perf,20)", "perf_buffer__consume(perf)"]);
  const interrupted = open({ perf_buffer__poll: () => -4 });
  interrupted.buffer.drain(20);
  assert.ok(interrupted.calls.includes("perf_buffer__consume(perf)"));
  const broken = open({ perf_buffer__poll: () => -5 });
  assert.throws(() => broken.buffer.drain(20), /^BpfError: poll perf buffer: EIO: /);
});

test("PerfBuffer.drain() takes over without waiting", () => {
  const { buffer, calls } = filled(0, 4, 1);
  assert.equal(buffer.drain(), 4);
  assert.deepEqual(calls, ["perf_buffer__consume(perf)", "shim_batch_sort(batch)"]);
  const broken = open({ perf_buffer__consume: () => -22 });
  assert.throws(() => broken.buffer.drain(), /^BpfError: drain perf buffer: EINVAL: /);
});

test("PerfBuffer tells how many samples were lost, and on which CPUs, once and without a call", () => {
  const { buffer, calls } = filled(1, 0, 0, [7, 0, 2]);
  buffer.poll(1);
  calls.splice(0);
  assert.equal(buffer.lostCount, 9);
  assert.deepEqual(buffer.takeLost(), [{ cpu: 0, count: 7 }, { cpu: 2, count: 2 }]);
  assert.equal(buffer.lostCount, 0);
  assert.deepEqual(buffer.takeLost(), []);
  assert.deepEqual(calls, []);
});

test("PerfBuffer frees the ring buffers before the batch, and both once", () => {
  const { buffer, calls } = open();
  buffer[Symbol.dispose]();
  buffer[Symbol.dispose]();
  assert.deepEqual(calls, ["perf_buffer__free(perf)", "shim_batch_free(batch)"]);
});

test("PerfBuffer throws DisposedError after its disposal, and calls no C", () => {
  const { buffer, calls } = open();
  buffer[Symbol.dispose]();
  calls.splice(0);
  const error = { name: "DisposedError", message: "the perf buffer is disposed" };
  assert.throws(() => buffer.poll(1), error);
  assert.throws(() => buffer.drain(), error);
  assert.throws(() => buffer.takeLost(), error);
  assert.throws(() => buffer.lostCount, error);
  assert.deepEqual(calls, []);
});
