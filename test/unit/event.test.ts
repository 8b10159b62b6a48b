import assert from "node:assert/strict";
import test from "node:test";
import { event } from "../../src/event/layout.gen.ts";
import { EventView, HEAD_SIZE, RETRANS_UNKNOWN } from "../../src/event/view.ts";
import { linesC } from "./c.ts";
import { encode, randomSamples, type Sample } from "./events.ts";

/** The event that a view stands at, as a sample. */
function decode(view: EventView): Required<Sample> {
  const { time, latency, pid, uid, sport, dport, family, result } = view;
  const bytes = (from: number) => [...view.bytes.subarray(from, from + 16)];
  const [saddr, daddr, comm] = [bytes(view.saddr), bytes(view.daddr), bytes(view.comm)];
  const { tid, retrans, rtt } = view;
  const tail = { tid, retrans, rtt };
  return { time, latency, saddr, daddr, comm, pid, uid, sport, dport, family, result, ...tail };
}

const full = (bytes: readonly number[]) => Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);

test("EventView reads every field of events that C wrote", () => {
  const samples = randomSamples(100, 1).map((sample, i) => ({
    ...sample,
    comm: full(sample.comm!),
    latency: i * 1_000_003,
    result: [0, -1, -2, 111, 32767, -32768][i % 6]!,
    tid: 2 ** 32 - 1 - i,
    retrans: i,
    rtt: i * 4_294_967_297,
  }));
  const view = new EventView(encode(samples).buffer);
  samples.forEach((sample, i) => assert.deepEqual(decode(view.at(i * event.size)), sample));
});

test("EventView reads the greatest value of each unsigned field", () => {
  const uid = 2 ** 32 - 1;
  const sample = { pid: uid, uid, sport: 65535, dport: 65534, family: 6 };
  const view = new EventView(encode([sample]).buffer).at(0);
  const { pid, sport, dport, family } = view;
  assert.deepEqual({ pid, uid: view.uid, sport, dport, family }, sample);
});

test("EventView reads times exactly up to 2^53", () => {
  for (const time of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]) {
    const view = new EventView(encode([{ time, latency: time }]).buffer).at(0);
    assert.equal(view.time, time);
    assert.equal(view.latency, time);
  }
});

test("EventView moves with at(), which returns the view itself", () => {
  const view = new EventView(encode([{ pid: 1 }, { pid: 2 }, { pid: 3 }]).buffer);
  assert.equal(view.pid, 1);
  assert.equal(view.at(2 * event.size), view);
  assert.equal(view.pid, 3);
  assert.equal(view.at(event.size).pid, 2);
});

test("EventView sees what is written into its memory later", () => {
  const events = encode([{ dport: 80 }]);
  const view = new EventView(events.buffer).at(0);
  events.set(encode([{ dport: 443 }]));
  assert.equal(view.dport, 443);
});

test("HEAD_SIZE and RETRANS_UNKNOWN are those of C", () => {
  const sizes = linesC(`int main(void)
{ printf("%zu\\n%zu\\n%u\\n", EVENT_SIZE(0), EVENT_SIZE(1), RETRANS_UNKNOWN); return 0; }`);
  assert.deepEqual([HEAD_SIZE, event.size, RETRANS_UNKNOWN], sizes.map(Number));
  // What a sample costs that nobody asks for more.
  assert.equal(HEAD_SIZE, 80);
});
