import assert from "node:assert/strict";
import test from "node:test";
import { batchOf, eventsOf } from "../../src/event/batch.ts";
import { parse } from "../../src/cli/parse.ts";
import type { ColumnKey } from "../../src/event/columns.ts";
import type { Flow } from "../../src/event/flow.ts";
import { TextBuffer } from "../../src/event/text.ts";
import { RETRANS_UNKNOWN } from "../../src/event/view.ts";
import { Json } from "../../src/views/json.ts";
import { type Line, parseLines } from "../json.ts";
import { ascii, encode, randomSamples, type Sample } from "./events.ts";
import { Random } from "./random.ts";
import { sources } from "./sources.ts";

const columnsOf = (...args: string[]) => {
  const request = parse(["-j", ...args]);
  assert.ok(request.run === "trace");
  return request.table.columns;
};
const plain = columnsOf();
const all = columnsOf("-r");

interface Options {
  verdict?: boolean;
  offset?: number;
  columns?: readonly ColumnKey[];
}

function json(
  { verdict = true, offset = 0, columns }: Options = {},
): { text: TextBuffer; view: Json } {
  const text = new TextBuffer();
  const options = { columns: columns ?? (verdict ? all : plain), backend: "fentry" };
  const from = { ...sources, clock: { offset } };
  return { text, view: new Json(text, { ...options, sourcePort: true, verdict }, from) };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function rows(samples: readonly Sample[], options?: Options): Line[] {
  const { text, view } = json(options);
  const batch = batchOf(encode(samples).buffer);
  for (let i = 0; i < batch.count; i++) view.row(batch.view.at(batch.order[i]!));
  return parseLines(decoder.decode(text.bytes));
}

const row = (sample: Sample, options?: Options) => rows([sample], options)[0]!;

test("row() writes an object with all that is known", () => {
  const { text, view } = json({ offset: 1_000_000 });
  const sample = { time: 5_000_123_000, latency: 2_000_000, result: 111, sport: 40001 };
  const batch = batchOf(encode([sample]).buffer);
  view.row(batch.view.at(0));
  assert.equal(
    decoder.decode(text.bytes),
    '{"@timestamp":"1970-01-01T00:00:05.998123Z",' +
      '"event":{"kind":"event","category":["network"],"action":"connect","outcome":"failure",' +
      '"duration":2000000},"user":{"id":"1000"},"process":{"pid":4711,"name":"curl"},' +
      '"network":{"type":"ipv4","transport":"tcp"},' +
      '"destination":{"port":80,"ip":"127.0.0.1"},' +
      '"tcpconnect":{"result":"ECONNREFUSED","latency_ms":2.000000,"backend":"fentry"},' +
      '"source":{"ip":"127.0.0.1","port":40001},"error":{"code":"ECONNREFUSED"}}\n',
  );
});

test("row() tells neither outcome nor duration of a connect whose verdict nobody asked for", () => {
  const { event, tcpconnect, error } = row({ result: 0 }, { verdict: false });
  assert.deepEqual(event, { kind: "event", category: ["network"], action: "connect" });
  assert.deepEqual([tcpconnect, error], [{ backend: "fentry" }, undefined]);
});

test("row() tells the outcome of each verdict, and the errno of a failure", () => {
  const results = {
    0: "success",
    [-1]: "failure",
    [-2]: "unknown",
    110: "failure",
    524: "failure",
  };
  const lines = rows(Object.keys(results).map((result) => ({ result: Number(result) })));
  assert.deepEqual(lines.map((l) => l.event.outcome).sort(), Object.values(results).sort());
  assert.deepEqual(
    Object.fromEntries(lines.map(({ tcpconnect, error }) => [tcpconnect.result, error?.code])),
    {
      ok: undefined,
      ETIMEDOUT: "ETIMEDOUT",
      ENOTSUPP: "ENOTSUPP",
      closed: undefined,
      pending: undefined,
    },
  );
});

test("row() has what -o adds, where it is known", () => {
  const extra = { columns: columnsOf("-r", "-o", "+tid,user,retrans,rtt,wtime,time") };
  const known = row({ tid: 4712, uid: 66, retrans: 2, rtt: 23_000 }, extra);
  assert.deepEqual([known.process.thread, known.user.name], [{ id: 4712 }, "\x1b[31mred"]);
  assert.deepEqual([known.tcpconnect.retransmits, known.tcpconnect.rtt_ms], [2, 0.023]);
  const unknown = row({ uid: 31337, retrans: RETRANS_UNKNOWN, rtt: 0 }, extra);
  assert.deepEqual([unknown.user, unknown.tcpconnect.retransmits, unknown.tcpconnect.rtt_ms], [
    { id: "31337" },
    undefined,
    undefined,
  ]);
});

test("row() has only what -o lists, beside what is the same in every object", () => {
  const line = row({}, { columns: columnsOf("-o", "comm,dport,comm") });
  delete (line as Partial<Line>)["@timestamp"];
  assert.deepEqual(line as unknown, {
    event: { kind: "event", category: ["network"], action: "connect" },
    process: { name: "curl" },
    network: { transport: "tcp" },
    destination: { port: 80 },
    tcpconnect: { backend: "fentry" },
  });
});

test("row() lacks a source that the attempt never had", () => {
  const none = Array(16).fill(0);
  assert.equal(row({ saddr: none, sport: 0 }).source, undefined);
  assert.deepEqual(
    row({ saddr: none, sport: 0, family: 6, daddr: [0xfe, 0x80] }).source,
    undefined,
  );
  assert.deepEqual(row({ saddr: none, sport: 9 }).source, { port: 9 });
  assert.deepEqual(row({ sport: 0 }).source, { ip: "127.0.0.1" });
});

test("row() writes events of every shape as the schema says", () => {
  const samples = randomSamples(2000, 7).map((sample, i) => ({
    ...sample,
    pid: sample.pid! || 1,
    latency: i * 977,
    result: [0, -1, -2, -3, -4, 1, 111, 133][i % 8]!,
  }));
  assert.equal(rows(samples).length, 2000);
});

test("row() writes any bytes of a name as valid JSON in ASCII", () => {
  const random = new Random(3);
  const names: number[][] = Array.from({ length: 255 }, (_, i) => [0x61, i + 1, 0x7a]);
  for (let i = 0; i < 2000; i++) names.push([...random.bytes(16)].map((b) => b || 1));
  const { text, view } = json();
  const batch = batchOf(encode(names.map((comm) => ({ comm }))).buffer);
  for (const event of eventsOf(batch)) view.row(event);
  const output = decoder.decode(text.bytes);
  assert.doesNotMatch(output, /[^\n\x20-\x7e]/);
  const lenient = new TextDecoder();
  assert.deepEqual(
    parseLines(output).map((line) => line.process.name),
    names.map((name) => lenient.decode(new Uint8Array(name.slice(0, 16)))),
  );
});

test("row() lacks an empty name", () => {
  assert.equal(row({ comm: [] }).process.name, undefined);
  assert.equal(row({ comm: ascii("a\0b") }).process.name, "a");
});

test("row() follows the clock of its batch", () => {
  const { text, view } = json();
  const batch = batchOf(encode([{ time: 1e9 }, { time: 1e9 }]).buffer);
  const clock = { offset: 0 };
  const options = { columns: plain, backend: "fentry", sourcePort: false, verdict: false };
  const moving = new Json(text, options, { ...sources, clock });
  assert.ok(view);
  moving.row(batch.view.at(0));
  clock.offset = 1.7e15;
  moving.row(batch.view.at(batch.order[1]!));
  assert.deepEqual(parseLines(decoder.decode(text.bytes)).map((line) => line["@timestamp"]), [
    "1970-01-01T00:00:01.000000Z",
    new Date(1.7e12 + 1000).toISOString().replace("Z", "000Z"),
  ]);
});

test("flows() writes an object a flow, the busiest first; lost() one a loss", () => {
  const { text, view } = json({ offset: 500_000 });
  const flow: Flow = {
    ...{ saddr: "10.0.0.1", daddr: "2001:db8::1", sport: 9, dport: 443, result: 110 },
    ...{ count: 2, latencySum: 3_000_001, latencyMax: 2_000_000 },
  };
  view.flows([flow, { ...flow, saddr: "::", sport: 0, result: 0, count: 3 }], 1e9);
  view.lost("map full", 7, 2e9);
  const lines = parseLines(decoder.decode(text.bytes));
  assert.deepEqual(lines.map((line) => [line["@timestamp"], line.source, line.tcpconnect]), [
    ["1970-01-01T00:00:01.500000Z", undefined, {
      ...{ connects: 3, result: "ok", latency_mean_ms: 1, latency_max_ms: 2, backend: "fentry" },
    }],
    ["1970-01-01T00:00:01.500000Z", { ip: "10.0.0.1", port: 9 }, {
      connects: 2,
      result: "ETIMEDOUT",
      latency_mean_ms: 1.500001,
      latency_max_ms: 2,
      backend: "fentry",
    }],
    ["1970-01-01T00:00:02.500000Z", undefined, {
      lost: { cause: "map full", count: 7 },
      backend: "fentry",
    }],
  ]);
});
