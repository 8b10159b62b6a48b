/** Color on a real terminal, and only there. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import { Child, endAll, eventually } from "../child.ts";
import { Netns } from "../netns.ts";
import { client, commands, mountTracefs, needsKernel, runtimes, takePort, Tool } from "../tool.ts";

const limit = { timeout: 30_000 };

/** What a terminal gets of one refused connect, traced with -r. */
async function onTerminal(
  command: readonly string[],
  args: string[],
  env: Record<string, string>,
): Promise<string> {
  const [netns, port] = [await Netns.open(), `${takePort()}`];
  const words = [...command, "-r", "-P", port, ...args].map((word) => `'${word}'`).join(" ");
  // script(1) is the terminal.
  const terminal = new Child(["script", "-qec", `exec ${words}`, "/dev/null"], { env });
  await terminal.until(({ stdout }) => stdout.includes("LAT(ms)"));
  await netns.end([client, "tcp", "127.0.0.1", port]);
  await terminal.until(({ stdout }) => /ECONNREFUSED[^\n]*\n/.test(stdout));
  const [tool] = readFileSync(`/proc/${terminal.pid}/task/${terminal.pid}/children`, "utf8")
    .split(" ");
  process.kill(Number(tool), "SIGINT");
  const { status, stdout } = await terminal.ended;
  assert.equal(status, 0, stdout);
  return stdout;
}

const red = "\x1b[31mECONNREFUSED\x1b[0m ";

describe("color", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    it(`a result that is not ok is red on a terminal (${runtime})`, limit, async () => {
      await mountTracefs();
      const text = await onTerminal(commands[runtime], [], { NO_COLOR: "", TERM: "xterm" });
      assert.equal(text.split(red).length, 2, text);
      assert.equal(text.split("\x1b").length, 3, text);
    });
  }

  for (
    const [why, args, env] of [
      ["with NO_COLOR", [], { NO_COLOR: "1", TERM: "xterm" }],
      ["that is dumb", [], { NO_COLOR: "", TERM: "dumb" }],
      ["with --color never", ["--color", "never"], { NO_COLOR: "", TERM: "xterm" }],
    ] as const
  ) {
    it(`a terminal ${why} gets no escapes`, limit, async () => {
      await mountTracefs();
      const text = await onTerminal(commands.executable, [...args], env);
      assert(!text.includes("\x1b"), text);
    });
  }

  for (const [args, escapes] of [[[], 0], [["--color", "always"], 2]] as const) {
    it(`a pipe gets ${escapes} escapes with ${args.join(" ") || "no option"}`, limit, async () => {
      await mountTracefs();
      const [netns, port] = [await Netns.open(), `${takePort()}`];
      const env = { NO_COLOR: "", TERM: "xterm" };
      const tool = await Tool.start(["-r", "-P", port, ...args], { env });
      await netns.end([client, "tcp", "127.0.0.1", port]);
      await eventually("a row", () => tool.child.stdout.includes("ECONNREFUSED"));
      const { stdout } = await tool.stop();
      assert.equal(stdout.split("\x1b").length - 1, escapes, stdout);
    });
  }
});
