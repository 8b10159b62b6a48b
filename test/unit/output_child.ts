/** What output.test.ts runs: writes bytes through Output, and tells on stderr how that went. */

import { readFileSync, writeSync } from "node:fs";
import process from "node:process";
import { Output } from "../../src/output.ts";
import { Random } from "./random.ts";

const [size, patience] = process.argv.slice(2).map(Number);
const length = size!;
// What stands behind is not to be written.
const bytes = new Random(1).bytes(length + 100);
const pause = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
let refusals = 0;
let left: number | undefined;
let again: number | undefined;
let error: string | undefined;
using output = new Output(pause);
try {
  left = output.write(bytes, length, () => ++refusals > patience!);
  again = output.closed ? output.write(bytes, length, () => true) : undefined;
} catch (thrown) {
  error = (thrown as NodeJS.ErrnoException).code;
}
// Octal, as proc_pid_fdinfo(5) says; 04000 is O_NONBLOCK.
const [, flags] = /^flags:\s*(\d+)/m.exec(readFileSync("/proc/self/fdinfo/1", "utf8"))!;
const nonblocking = (parseInt(flags!, 8) & 0o4000) !== 0;
writeSync(2, JSON.stringify({ left, again, error, closed: output.closed, refusals, nonblocking }));
