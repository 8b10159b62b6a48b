/** What a loop waits by: clock, poll and signals of the real shim. */

import assert from "node:assert/strict";
import { constants } from "node:os";
import process from "node:process";
import test from "node:test";
import { linesC } from "./c.ts";
import { loadShim } from "./runtime.ts";

const libbpf = await loadShim();

/** poll(2) ignores a negative descriptor: it only sleeps. */
const sleep = (ms: number) => libbpf.c.shim_poll(-1, 0, ms);

// First: the alarms that follow a signal would end it early.
test("shim_poll() waits as long as it is told", () => {
  const before = libbpf.monotonic;
  assert.equal(sleep(30), 0);
  const milliseconds = (libbpf.monotonic - before) / 1e6;
  assert.ok(milliseconds >= 30 && milliseconds < 2000, `${milliseconds} ms`);
});

test("Libbpf.monotonic is CLOCK_MONOTONIC in nanoseconds", () => {
  const source = `
#include <time.h>
int main(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%lld\\n", now.tv_sec * 1000000000ll + now.tv_nsec);
	return 0;
}`;
  const before = libbpf.monotonic;
  const [now] = linesC(source).map(Number);
  assert.ok(before < now! && now! < libbpf.monotonic);
});

test("Libbpf.catchSignal() counts a signal in signalCount", () => {
  const { SIGWINCH } = constants.signals;
  libbpf.catchSignal(SIGWINCH);
  const before = libbpf.signalCount;
  process.kill(process.pid, "SIGWINCH");
  for (let i = 0; i < 100 && libbpf.signalCount === before; i++) sleep(10);
  assert.equal(libbpf.signalCount, before + 1);
});

test("Libbpf.catchSignal() throws for what cannot be caught", () => {
  const { SIGKILL } = constants.signals;
  assert.throws(() => libbpf.catchSignal(SIGKILL), /^BpfError: catch signal 9: EINVAL: /);
});
