/** Every column, byte for byte; and what the manual says of each. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { batchOf, eventsOf } from "../../src/event/batch.ts";
import { type ColumnKey, columns } from "../../src/event/columns.ts";
import { optionEntries } from "../../src/cli/options.ts";
import { parse } from "../../src/cli/parse.ts";
import { TextBuffer } from "../../src/event/text.ts";
import { EventView, RETRANS_UNKNOWN } from "../../src/event/view.ts";
import { Table } from "../../src/views/table.ts";
import { lines, root } from "./c.ts";
import { encode, type Sample } from "./events.ts";
import { sources } from "./sources.ts";

/** The rows of a command line, without the header. */
function rows(args: string[], ...samples: Sample[]): string[] {
  return table(args, ...samples).slice(1);
}

/** A C compiler makes events: once for each list of them. */
const encoded = new Map<string, ArrayBuffer>();

function memory(samples: readonly Sample[]): ArrayBuffer {
  const key = JSON.stringify(samples);
  const found = encoded.get(key) ?? encode(samples).buffer;
  encoded.set(key, found);
  return found;
}

function table(args: string[], ...samples: Sample[]): string[] {
  const request = parse(args);
  assert.ok(request.run === "trace");
  const text = new TextBuffer();
  const table = new Table(text, { ...request.table, color: false }, sources);
  table.header();
  for (const event of eventsOf(batchOf(memory(samples)))) table.row(event);
  return lines(text.bytes);
}

const sample: Sample = {
  time: 1e12 + 123_456_300 + 1_234_560_000,
  latency: 1_234_560_000,
  pid: 4711,
  tid: 4712,
  uid: 1000,
  sport: 40000,
  dport: 80,
  result: 111,
  retrans: 1,
};

/** Of each column: its title and its cell, both as they are with another column behind them. */
const cells: Record<ColumnKey, [string, string]> = {
  wtime: ["WTIME                            ", "2026-11-27T06:41:15.123456+01:00 "],
  time: ["TIME(s)   ", "0.000     "],
  uid: ["UID    ", "1000   "],
  user: ["USER         ", "mallory      "],
  pid: ["PID    ", "4711   "],
  tid: ["TID    ", "4712   "],
  comm: ["COMM             ", "curl             "],
  ip: ["IP ", "4  "],
  saddr: ["SADDR            ", "127.0.0.1        "],
  daddr: ["DADDR            ", "127.0.0.1        "],
  sport: ["SPORT ", "40000 "],
  dport: ["DPORT ", "80    "],
  result: ["RESULT       ", "ECONNREFUSED "],
  lat: ["LAT(ms)   ", "1234.56   "],
  retrans: ["RETRANS ", "1       "],
  rtt: ["RTT(ms)   ", "-         "],
};
const keys = Object.keys(columns) as ColumnKey[];

for (const [key, [title, cell]] of Object.entries(cells)) {
  test(`column ${key} is padded before another, and not as the last`, () => {
    assert.deepEqual(table(["-o", `${key},ip`], sample), [`${title}IP`, `${cell}4`]);
    assert.deepEqual(table(["-o", key], sample), [title.trimEnd(), cell.trimEnd()]);
  });
}

test("row() writes all columns at once", () => {
  const line = (i: 0 | 1) => Object.values(cells).map((cell) => cell[i]).join("").trimEnd();
  assert.deepEqual(table(["-o", Object.keys(cells).join()], sample), [line(0), line(1)]);
});

test("row() has room for the greatest number of the longest cells", () => {
  const long: Sample = {
    family: 6,
    saddr: Array(16).fill(0xff),
    daddr: Array(16).fill(0xff),
    time: 2 ** 53 - 1,
    comm: Array(16).fill(0x41),
    uid: 2 ** 32 - 1,
    latency: 2 ** 52,
    rtt: 2 ** 52,
  };
  for (const key of keys) {
    const list = Array(64).fill(key).join();
    // More than the buffer has at first, which is 64 KiB.
    const [header, ...all] = table(["-o", list], ...Array(40).fill(long));
    assert.equal(header!.split(/ +/).length, 64);
    for (const row of all) assert.equal(row.split(/ +/).length, 64, key);
  }
});

test("column wtime follows the clock of its batch", () => {
  const clock = { offset: 0 };
  const text = new TextBuffer();
  const request = parse(["-o", "wtime"]);
  assert.ok(request.run === "trace");
  const table = new Table(text, { ...request.table, color: false }, {
    ...sources,
    clock,
    utcOffset: () => 0,
  });
  const event = new EventView(memory([{ time: 3e9, latency: 1e9 }])).at(0);
  table.row(event);
  clock.offset = 3.6e9;
  table.row(event);
  assert.deepEqual(lines(text.bytes), [
    "1970-01-01T00:00:02.000000+00:00",
    "1970-01-01T01:00:02.000000+00:00",
  ]);
});

test("-T shows the wall clock first, and leaves the rest as the C tool has it", () => {
  const [header, row] = table(["-T"], sample);
  const [plainHeader, plain] = table([], sample);
  assert.equal(header, cells.wtime[0] + plainHeader);
  assert.equal(row, cells.wtime[1] + plain);
});

test("-o in the order of the default shows the same cells, but pads no last column", () => {
  const [header, row] = table(["-o", "pid,comm,ip,saddr,daddr,dport"], sample);
  const [plainHeader, plain] = table([], sample);
  assert.equal(plainHeader, header);
  assert.equal(plain, `${row}   `);
});

test("-w keeps columns behind any address in their place", () => {
  const long = Array.from({ length: 16 }, (_, i) => 0xa0 + i);
  const samples = [{}, { family: 6, saddr: long, daddr: long }];
  for (const args of [["-w"], ["-w", "-o", "saddr,daddr,dport"]]) {
    const [header, ...all] = table(args, ...samples);
    const at = header!.indexOf("DPORT");
    assert.ok(at >= 80);
    for (const row of all) assert.equal(row.slice(at - 1).trimEnd(), " 80");
  }
  const [title, cell] = ["SADDR", "127.0.0.1"].map((text) => text.padEnd(39));
  assert.deepEqual(table(["-w"], {}), [
    `PID    COMM             IP ${title} ${title!.replace("S", "D")} DPORT`,
    `4711   curl             4  ${cell} ${cell} 80   `,
  ]);
});

test("column user shows the UID of a user without a name, and no control characters", () => {
  assert.deepEqual(rows(["-o", "user"], { uid: 31337 }, { uid: 66 }), ["31337", "?[31mred"]);
});

test("column retrans shows a dash for what is not known, and 0 for what is", () => {
  const retrans = [RETRANS_UNKNOWN, 0, 5, 4_294_967_294];
  const shown = rows(["-o", "retrans"], ...retrans.map((retrans) => ({ retrans })));
  assert.deepEqual(shown, ["-", "0", "5", "4294967294"]);
});

test("column rtt shows microseconds, and a dash for what is not known", () => {
  const rtt = [0, 1000, 23_000, 30_123_000, 536_870_911_000].map((rtt) => ({ rtt }));
  assert.deepEqual(rows(["-o", "rtt"], ...rtt), ["-", "0.001", "0.023", "30.123", "536870.911"]);
});

/** The rows of the manual's table of columns. */
const manual = readFileSync(join(root, "docs/output.md"), "utf8").split("\n")
  .map((line) => /^\| `(\w+)` +\| `([^`]+)` +\| (.*?) +\| (.*?) +\|$/.exec(line)?.slice(1))
  .filter((row) => row !== undefined);

test("docs/output.md has all columns, in the order and the words of the table", () => {
  assert.deepEqual(
    manual.map(([key, title, , meaning]) => [key, title, meaning]),
    Object.entries(columns).map(([key, { title, sentence }]) => [key, title, sentence]),
  );
});

test("docs/output.md names the options that show a column", () => {
  for (const [key, , names] of manual) {
    for (const [, letter] of names!.matchAll(/`-(\w)`/g)) {
      const option = optionEntries.find(([, { short }]) => short === letter);
      assert.ok(option, `-${letter}`);
      const request = parse([`-${letter}`]);
      assert.ok(request.run === "trace" && request.table.columns.includes(key as ColumnKey));
    }
    const plain = parse([]);
    assert.ok(plain.run === "trace");
    assert.equal(names === "always", plain.table.columns.includes(key as ColumnKey));
  }
});
