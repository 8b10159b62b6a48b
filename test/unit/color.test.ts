import assert from "node:assert/strict";
import test from "node:test";
import { wantsColor } from "../../src/cli/color.ts";
import { parse } from "../../src/cli/parse.ts";
import { batchOf, eventsOf } from "../../src/event/batch.ts";
import { TextBuffer } from "../../src/event/text.ts";
import { Table } from "../../src/views/table.ts";
import { lines } from "./c.ts";
import { encode } from "./events.ts";
import { sources } from "./sources.ts";

test("wantsColor() takes --color always and never at their word", () => {
  const env = { NO_COLOR: "1", TERM: "dumb" };
  assert.equal(wantsColor("always", env, () => false), true);
  assert.equal(wantsColor("never", { TERM: "xterm" }, () => true), false);
});

test("wantsColor() takes auto for a terminal that is not dumb, without NO_COLOR", () => {
  const terminal = (env: Record<string, string>) => wantsColor("auto", env, () => true);
  assert.equal(terminal({ TERM: "xterm" }), true);
  assert.equal(terminal({ TERM: "xterm", NO_COLOR: "" }), true);
  assert.equal(terminal({ TERM: "xterm", NO_COLOR: "0" }), false);
  assert.equal(terminal({ TERM: "dumb" }), false);
  assert.equal(terminal({ TERM: "" }), false);
  assert.equal(terminal({}), false);
  assert.equal(wantsColor("auto", { TERM: "xterm" }, () => false), false);
});

test("parse() takes --color auto unless told", () => {
  const color = (...args: string[]) => {
    const request = parse(args);
    assert.ok(request.run === "trace");
    return request.color;
  };
  assert.deepEqual([color(), color("--color", "always"), color("--color=never")], [
    "auto",
    "always",
    "never",
  ]);
});

const results = [0, 111, -1, -2, 94];
const events = encode(results.map((result) => ({ result, latency: 10_000 })));

function rows(args: string[], color: boolean): string[] {
  const request = parse(args);
  assert.ok(request.run === "trace");
  const text = new TextBuffer();
  const table = new Table(text, { ...request.table, color }, sources);
  table.header();
  for (const event of eventsOf(batchOf(events.buffer))) table.row(event);
  return lines(text.bytes);
}

// deno-lint-ignore no-control-regex
const escapes = /\x1b\[[0-9;]*m/g;

for (const args of [["-r"], ["-o", "lat,result"], ["-o", "result,result,pid"]]) {
  test(`row() in color is the row without, once a terminal has taken the escapes: ${args}`, () => {
    const [plain, colored] = [rows(args, false), rows(args, true)];
    assert.deepEqual(colored.map((row) => row.replaceAll(escapes, "")), plain);
    // The header, and what is ok.
    assert.deepEqual(colored.slice(0, 2), plain.slice(0, 2));
    for (const row of colored.slice(2)) assert.ok(row.includes("\x1b[31m"));
  });
}

test("row() has only the result in color, not the spaces behind it", () => {
  const [, , refused] = rows(["-o", "result,pid"], true);
  assert.equal(refused, "\x1b[31mECONNREFUSED\x1b[0m 4711");
  const [, , , closed] = rows(["-o", "result,pid"], true);
  assert.equal(closed, "\x1b[31mclosed\x1b[0m       4711");
});
