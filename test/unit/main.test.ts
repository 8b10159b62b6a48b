/** How main() ends where something fails that nobody foresaw. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import test from "node:test";
import { scriptCommand } from "./runtime.ts";

function fails(...args: string[]): string {
  const [command, ...rest] = scriptCommand("test/unit/main_child.ts", ...args);
  const env = { ...process.env, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync(command!, rest, { encoding: "utf8", env });
  assert.deepEqual({ status, stdout }, { status: 1, stdout: "" }, stderr);
  return stderr;
}

const unexpected =
  /^tcpconnect: unexpected error: TypeError: [^\n]*: please report it with what -v prints\n$/;

test("main() tells a bug of its own in one line", () => {
  for (const option of ["-s", "--doctor"]) assert.match(fails("lacks", option), unexpected);
});

test("main() shows with -v where a bug of its own is", () => {
  const stderr = fails("lacks", "-v");
  assert.match(stderr, /^TypeError: .*\n(?: {4}at .*\n)*? {4}at \S.*\/src\/main\.ts:\d+/);
  assert.match(stderr.slice(stderr.indexOf("tcpconnect: ")), unexpected);
});

test("main() tells whatever loading the library throws in one line", () => {
  assert.equal(fails("throws", "-s"), "tcpconnect: load libbpf: two; lines\n");
});
