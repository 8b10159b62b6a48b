/** What output.test.ts runs: writes bytes through Output, and tells on stderr how that went. */

import { readFileSync, writeSync } from "node:fs";
import process from "node:process";
import type { BpfError } from "../../lib/mod.ts";
import { Output } from "../../src/run/output.ts";
import { Random } from "./random.ts";
import { loadShim } from "./runtime.ts";

const [size, patienceMs] = process.argv.slice(2).map(Number);
const start = performance.now();
const length = size!;
const bytes = new Random(1).bytes(length + 100).subarray(0, length);
let refusals = 0;
let left: number | undefined;
let again: number | undefined;
let error: string | undefined;
using output = new Output(await loadShim());
try {
  left = output.write(bytes, bytes.length, () => {
    refusals++;
    return performance.now() - start > patienceMs!;
  });
  again = output.closed ? output.write(bytes, bytes.length, () => true) : undefined;
} catch (thrown) {
  error = (thrown as BpfError).code;
}
// Octal, as proc_pid_fdinfo(5) says; 04000 is O_NONBLOCK.
const [, flags] = /^flags:\s*(\d+)/m.exec(readFileSync("/proc/self/fdinfo/1", "utf8"))!;
const nonblocking = (parseInt(flags!, 8) & 0o4000) !== 0;
writeSync(2, JSON.stringify({ left, again, error, closed: output.closed, refusals, nonblocking }));
