/** What main() prints where there is nothing to trace, whatever standard output is. */

import assert from "node:assert/strict";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { completions } from "../../src/cli/completions.ts";
import { Child, endAll } from "../child.ts";
import { Fifo } from "../fifo.ts";
import { scriptCommand } from "./runtime.ts";

after(endAll);

/** Runs a command with a standard output that does not block; spawn() itself would make it block. */
const nonBlocking = ["perl", "-MFcntl", "-e", "fcntl(STDOUT, F_SETFL, O_NONBLOCK); exec @ARGV"];

test("main() prints a text to its end into a pipe that does not block", async () => {
  using fifo = new Fifo();
  fifo.fill();
  // Room for one page, and the text is longer: the first write is short, the next one fails.
  const { O_RDONLY, O_NONBLOCK } = constants;
  const from = openSync(`/proc/self/fd/${fifo.writer}`, O_RDONLY | O_NONBLOCK);
  readSync(from, new Uint8Array(4096));
  closeSync(from);
  const args = scriptCommand("test/unit/main_child.ts", "throws", "--completions", "zsh");
  const child = new Child([...nonBlocking, ...args], { stdout: fifo.writer });
  fifo.handOver();
  await setTimeout(500);
  const text = await fifo.readUntil(child.ended);
  const { status, stderr } = await child.ended;
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.equal(text.replace(/^\.+/, ""), completions("zsh"));
});
