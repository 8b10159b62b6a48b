/** Real standard outputs: files and pipes with all kinds of readers, in a process of their own. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { withTemporary } from "./c.ts";
import { Random } from "./random.ts";
import { scriptCommand } from "./runtime.ts";

interface Outcome {
  /** What write() returned. */
  left?: number;
  /** What it returned when called again, once closed. */
  again?: number;
  error?: string;
  closed: boolean;
  /** How often it asked whether to give up. */
  refusals: number;
  /** Whether the inherited standard output ended up so. */
  nonblocking: boolean;
}

const MEGABYTE = 1 << 20;

/**
 * Writes through Output into `sink`, the end of a shell pipeline or a redirection.
 *
 * @param options.patienceMs For how many ms write() is told not to give up.
 * @param options.delay Seconds that the sink has for itself before the writer starts.
 */
function write(
  size: number,
  sink: string,
  { patienceMs = Infinity, delay = 0 } = {},
): { how: Outcome; stdout: string } {
  const command = scriptCommand("test/unit/output_child.ts", `${size}`, `${patienceMs}`);
  const args = ["-c", `{ sleep ${delay}; timeout 10 "$@"; } ${sink}`, "sh", ...command];
  const { stdout, stderr } = spawnSync("sh", args, { encoding: "utf8" });
  assert.match(stderr, /^\{.*\}$/, stderr);
  return { how: JSON.parse(stderr) as Outcome, stdout };
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

/** Told to give up after 1.5 s, it was asked each second and each time that it had had room. */
function gaveUp({ refusals, closed, left }: Outcome): void {
  assert.equal(closed, false);
  assert.ok(refusals >= 2 && refusals < 100, `${refusals} refusals`);
  assert.ok(left! > 0 && left! < MEGABYTE, `${left} left`);
}

const hash = (size: number) => createHash("sha256").update(new Random(1).bytes(size)).digest("hex");

test("write() brings everything through a pipe", () => {
  const { how, stdout } = write(MEGABYTE, "| sha256sum");
  assert.equal(stdout.slice(0, 64), hash(MEGABYTE));
  assert.equal(how.left, 0);
  assert.equal(how.closed, false);
});

test("write() waits for a reader that is slow, through short writes", () => {
  const { how, stdout } = write(MEGABYTE, "| { sleep 1; sha256sum; }");
  assert.equal(stdout.slice(0, 64), hash(MEGABYTE));
  assert.equal(how.left, 0);
  assert.ok(how.refusals > 0, "the pipe was never full");
});

test("write() leaves the pipe that other processes share blocking", () => {
  const { how } = write(MEGABYTE, "| { sleep 1; cat >/dev/null; }");
  assert.ok(how.refusals > 0, "the pipe was never full");
  assert.equal(how.nonblocking, false);
});

test("write() ends when the reader has gone, and says that it is closed", () => {
  const { how } = write(MEGABYTE, "| head -c 1000 >/dev/null");
  assert.equal(how.closed, true);
  assert.equal(how.error, undefined);
  assert.ok(how.left! > 0 && how.left! < MEGABYTE, `${how.left} left`);
  assert.equal(how.again, MEGABYTE);
});

test("write() ends when there was never a reader", () => {
  const { how } = write(10, "| true", { delay: 0.3 });
  assert.deepEqual([how.closed, how.left], [true, 10]);
});

test("write() gives up when it is told to, and sleeps until then", () => {
  withTemporary((directory) => {
    const fifo = join(directory, "fifo");
    assert.equal(spawnSync("mkfifo", [fifo]).status, 0);
    // Opened for reading too, but not read.
    const { how } = write(MEGABYTE, `1<>'${fifo}'`, { patienceMs: 1500 });
    gaveUp(how);
  });
});

test("write() gives up on a terminal too", () => {
  withTemporary((directory) => {
    const report = join(directory, "report");
    const words = scriptCommand("test/unit/output_child.ts", `${MEGABYTE}`, "1500");
    const command = `timeout 10 ${words.map(quote).join(" ")} 2>${quote(report)}`;
    // script(1) makes the terminal, and reads it no further once nobody reads script.
    spawnSync("sh", ["-c", 'script -qec "$1" /dev/null </dev/null | sleep 4', "sh", command]);
    gaveUp(JSON.parse(readFileSync(report, "utf8")));
  });
});

test("write() writes to a file", () => {
  withTemporary((directory) => {
    const path = join(directory, "out");
    const { how } = write(MEGABYTE, `> '${path}'`);
    assert.equal(how.left, 0);
    assert.equal(createHash("sha256").update(readFileSync(path)).digest("hex"), hash(MEGABYTE));
  });
});

test("write() appends where the file stands", () => {
  withTemporary((directory) => {
    const path = join(directory, "out");
    for (let i = 0; i < 2; i++) write(1000, `>> '${path}'`);
    assert.equal(readFileSync(path).length, 2000);
  });
});

test("write() throws when the disk is full", () => {
  const { how } = write(10, "> /dev/full");
  assert.equal(how.error, "ENOSPC");
});

test("write() of nothing writes nothing", () => {
  const { how, stdout } = write(0, "| wc -c");
  assert.deepEqual([how.left, how.closed, stdout.trim()], [0, false, "0"]);
});
