/** --json on real traces: losses, flows, hostile names, a real consumer. Rows are in rows.test.ts. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wholeLines } from "../cases.ts";
import { Child, endAll } from "../child.ts";
import { Fifo } from "../fifo.ts";
import { type Line, parseLines } from "../json.ts";
import { Netns } from "../netns.ts";
import {
  accounting,
  client,
  executable,
  lost as reportedLost,
  mountTracefs,
  needsKernel,
  ready,
  runtimes,
  takePort,
  Tool,
} from "../tool.ts";

const limit = { timeout: 60_000 };

async function served(): Promise<{ netns: Netns; port: string }> {
  await mountTracefs();
  const port = `${takePort()}`;
  const netns = await Netns.open("net.ipv4.ip_local_port_range=1024 65535");
  await ready(netns.start([client, "serve", "127.0.0.1", port]));
  return { netns, port };
}

const ofAction = (lines: readonly Line[], action: string) =>
  lines.filter(({ event }) => event.action === action);

/** Runs a shell script whose argument is a program with a name of any bytes: octal, as printf takes it. */
const renamed = `
set -e
name=$1/$(printf "$2")
cp "$(command -v curl)" "$name"
shift 2
exec "$name" "$@"
`;

describe("json", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    for (const args of [["-j"], ["-j", "-r"]]) {
      const name = `${args.join(" ")} has losses in the stream (${runtime})`;
      it(name, limit, async (t) => {
        const { netns, port } = await served();
        using fifo = new Fifo();
        const tool = await Tool.start(["-v", ...args, "--buffer-pages", "1", "-P", port], {
          runtime,
          stdout: fifo.writer,
        });
        fifo.handOver();
        const out = await netns.run(client, "burst", "127.0.0.1", port, "20000", "2");
        const made = Number(/^made (\d+)/.exec(out)![1]);
        // Objects follow: those of losses before them too.
        const early = fifo.read();
        const stopped = tool.stop("SIGINT");
        const text = early + await fifo.readUntil(stopped);
        const { stderr } = await stopped;
        const lines = parseLines(wholeLines(text));
        const printed = ofAction(lines, "connect").length;
        const lost = ofAction(lines, "lost")
          .reduce((sum, { tcpconnect }) => sum + tcpconnect.lost!.count, 0);
        t.diagnostic(`${lost} lost`);
        assert(printed > 0 && lost > 0, `${printed} printed, ${lost} lost`);
        const stuck = Number(/(\d+) output stuck/.exec(stderr)?.[1] ?? 0);
        assert.equal(lost, reportedLost(stderr) - stuck, stderr);
        assert.equal(printed + lost + stuck, made);
        assert.equal(accounting(stderr)["printed"], printed);
        await netns[Symbol.asyncDispose]();
      });
    }
  }

  it("-j -c -r has one object a flow", limit, async () => {
    const { netns, port } = await served();
    const tool = await Tool.start(["-j", "-c", "-r", "-P", port]);
    await netns.run(client, "-n", "3", "tcp", "127.0.0.1", port);
    await netns.run(client, "tcp", "::1", port);
    const { stdout } = await tool.stop();
    const flows = ofAction(parseLines(stdout), "flow");
    assert.deepEqual(
      flows.map(({ destination, tcpconnect: { result, connects } }) => [
        ...[destination.ip, result, connects],
      ]),
      [["127.0.0.1", "ok", 3], ["::1", "ECONNREFUSED", 1]],
    );
    await netns[Symbol.asyncDispose]();
  });

  it("-j has the time of day at which the attempt began", limit, async () => {
    const { netns, port } = await served();
    const tool = await Tool.start(["-j", "-r", "-P", port]);
    const before = Date.now();
    await netns.run(client, "tcp", "127.0.0.1", port);
    const between = Date.now();
    await netns.run(client, "tcp", "127.0.0.1", port);
    const after = Date.now();
    const { stdout } = await tool.stop();
    const [first, second] = parseLines(stdout).map((line) => Date.parse(line["@timestamp"]));
    assert(before <= first! && first! <= between, `${before} ${first} ${between}`);
    assert(between <= second! && second! <= after, `${between} ${second} ${after}`);
    await netns[Symbol.asyncDispose]();
  });

  for (const runtime of runtimes) {
    it(`-j is valid whatever is in COMM (${runtime})`, limit, async () => {
      const { netns, port } = await served();
      const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
      const names = [
        '\\033[31m"\\\\',
        "\\2331m\\303\\050",
        "\\342\\200\\256rtl",
        "\\303\\251t\\303\\251",
      ];
      const tool = await Tool.start(["-j", "-P", port], { runtime });
      for (const name of names) {
        const url = `http://127.0.0.1:${port}/`;
        const curl = netns.start(["sh", "-c", renamed, "sh", folder, name, "-s", "-m", "1", url]);
        assert.equal((await curl.ended).status, 28); // CURLE_OPERATION_TIMEDOUT
      }
      const { stdout } = await tool.stop();
      rmSync(folder, { recursive: true });
      assert.deepEqual(
        parseLines(stdout).map((line) => line.process.name),
        ['\x1b[31m"\\', "\ufffd1m\ufffd(", "\u202ertl", "été"],
      );
      assert.doesNotMatch(stdout, /[^\n\x20-\x7e]/);
      await netns[Symbol.asyncDispose]();
    });
  }

  it("jq takes the objects from a pipe as they come", limit, async () => {
    const { netns, port } = await served();
    const closed = `${takePort()}`;
    const script = `"$@" | jq --unbuffered -c 'select(.event.outcome == "failure") |
      [.process.name, .destination.ip, .destination.port, .error.code, .event.duration > 0]'`;
    const command = [executable, "-v", "-j", "-r", "-P", `${port},${closed}`];
    const pipe = new Child([
      "sh",
      "-c",
      script,
      "sh",
      "setpriv",
      "--pdeathsig",
      "KILL",
      ...command,
    ]);
    await pipe.until(({ stderr }) => /^attached: /m.test(stderr));
    const attempts = [port, closed, port].map((to) => netns.run(client, "tcp", "127.0.0.1", to));
    await Promise.all(attempts);
    await pipe.until(({ stdout }) => stdout.endsWith("\n"));
    const expected = ["tcp", "127.0.0.1", Number(closed), "ECONNREFUSED", true];
    assert.deepEqual(JSON.parse(pipe.stdout), expected);
    await pipe.stop("SIGKILL");
    await netns[Symbol.asyncDispose]();
  });
});
