/** The tool as a process: how it ends, how it treats its streams, what it refuses. */

import { after, describe, it, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { parseRows, wholeLines } from "../cases.ts";
import { Child, endAll, eventually, type Signal } from "../child.ts";
import { Fifo } from "../fifo.ts";
import { Netns } from "../netns.ts";
import {
  accounting,
  client,
  commands,
  counted,
  lost,
  needsKernel,
  oneLine,
  ready,
  runtimes,
  takePort,
  Tool,
} from "../tool.ts";

const limit = { timeout: 60_000 };
const signals: Signal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

async function served(): Promise<{ netns: Netns; port: string }> {
  const [netns, port] = [await Netns.open(), `${takePort()}`];
  await ready(netns.start([client, "serve", "127.0.0.1", port]));
  return { netns, port };
}

const connect = (netns: Netns, port: string, count = 1) =>
  count === 1
    ? netns.run(client, "tcp", "127.0.0.1", port)
    : netns.run(client, "burst", "127.0.0.1", port, `${count}`);

/** The loop waits for an event, at least 5 s: what ends it in half of that is the signal. */
const AT_ONCE_MS = 2500;

/** Not on a pipe but on a socket, as systemd's journal has it; the shell asserts that. */
const onSocket = 'test -S /proc/$$/fd/1 && exec "$@"';

/** How often each of the tools has slept until now; to be called in pairs, a second apart. */
async function switches(...tools: Tool[]): Promise<number[]> {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return tools.map(({ child: { pid } }) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^voluntary_ctxt_switches:\s*(\d+)/m.exec(status)![1]);
  });
}

function endedAtOnce(t: TestContext, ms: number): void {
  t.diagnostic(`${ms.toFixed(1)} ms`);
  assert(ms < AT_ONCE_MS, `${ms} ms`);
}

describe("signals", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    for (const signal of signals) {
      it(`${signal} ends it with status 0 (${runtime})`, limit, async (t) => {
        const port = `${takePort()}`;
        const [rows, result] = await Promise.all(
          ["-s", "-r"].map((option) => Tool.start([option, "-P", port], { runtime })),
        );
        for (const tool of [rows!, result!]) {
          const { ms, stderr } = await tool.stop(signal);
          endedAtOnce(t, ms);
          assert.equal(stderr, "");
        }
      });

      it(`-c prints its report on ${signal} (${runtime})`, limit, async (t) => {
        const { netns, port } = await served();
        const tool = await Tool.start(["-c", "-P", port], { runtime });
        for (let i = 0; i < 3; i++) await connect(netns, port);
        const { stdout, rows, ms } = await tool.stop(signal);
        endedAtOnce(t, ms);
        assert.match(stdout, /^\nLADDR +RADDR +RPORT +CONNECTS *\n/);
        const ends = { LADDR: "127.0.0.1", RADDR: "127.0.0.1", RPORT: port, CONNECTS: "3" };
        assert.deepEqual(rows, [ends]);
      });
    }

    it(`SIGINT and SIGHUP that were ignored stay so (${runtime})`, limit, async () => {
      const { netns, port } = await served();
      const ignored = ["sh", "-c", "trap '' INT HUP; exec \"$@\"", "sh", ...commands[runtime]];
      const tool = await Tool.start(["-P", port], { command: ignored });
      // It counts signals once the header is out; what it ignores changes nothing.
      for (const signal of ["SIGINT", "SIGHUP"] as const) {
        tool.child.send(signal);
        const before = tool.rows.length;
        await connect(netns, port);
        await eventually(`a row after ${signal}`, () => tool.rows.length > before);
      }
      await tool.stop("SIGTERM");
    });

    it(`an alarm of the process before it ends it (${runtime})`, limit, async () => {
      const alarm = ["perl", "-e", "alarm 5; exec @ARGV", ...commands[runtime]];
      const { child } = await Tool.start(["-P", `${takePort()}`], { command: alarm });
      const { status } = await child.endsItself(10_000);
      assert.equal(status, 128 + 14);
    });
  }
});

describe("scheduling", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    it(`SCHED_BATCH: a connect that wakes it is not preempted (${runtime})`, limit, async () => {
      const SCHED_BATCH = "3";
      const { child: { pid } } = await Tool.start(["-P", `${takePort()}`], { runtime });
      // Of proc_pid_stat(5), counted from behind the name.
      const policy = () =>
        readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[38];
      await eventually("SCHED_BATCH", () => policy() === SCHED_BATCH);
    });
  }
});

describe("standard output", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    it(`tcpconnect prints rows into a pipe at once (${runtime})`, limit, async () => {
      const { netns, port } = await served();
      using fifo = new Fifo();
      const tool = await Tool.start(["-P", port], { runtime, stdout: fifo.writer });
      fifo.handOver();
      let text = "";
      for (let i = 1; i <= 3; i++) {
        await connect(netns, port);
        await eventually(`row ${i}`, () => {
          text += fifo.read();
          return text.endsWith("\n") && parseRows(text).length === i;
        });
      }
      await tool.stop();
    });

    it(`tcpconnect ends when its reader has gone (${runtime})`, limit, async () => {
      const { netns, port } = await served();
      const script = `setpriv --pdeathsig KILL "$@" -P ${port} | head -n 1`;
      const pipe = new Child(["sh", "-c", script, "sh", ...commands[runtime]]);
      await pipe.until(({ stdout }) => stdout.includes("\n"));
      await connect(netns, port);
      const { status, stdout, stderr } = await pipe.ended;
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      assert.match(stdout, /^PID [^\n]*\n$/);
    });

    it(`tcpconnect writes whole rows for a slow reader (${runtime})`, limit, async () => {
      const { netns, port } = await served();
      using fifo = new Fifo();
      const tool = await Tool.start(["-v", "-P", port], { runtime, stdout: fifo.writer });
      fifo.handOver();
      const made = 3000;
      await connect(netns, port, made);
      let text = "";
      // 200 KB: more than a pipe holds, less than the perf buffer.
      await eventually("the last row", () => {
        text += fifo.read();
        return text.split("\n").length - 2 >= made;
      });
      const { stderr } = await tool.stop();
      assert.equal(parseRows(text + fifo.read()).length, made);
      assert.deepEqual(accounting(stderr), { printed: made, lost: 0 });
    });

    it(`SIGTERM ends it though nobody reads (${runtime})`, limit, async (t) => {
      const { netns, port } = await served();
      using fifo = new Fifo();
      const tool = await Tool.start(["-v", "-P", port], { runtime, stdout: fifo.writer });
      fifo.handOver();
      await connect(netns, port, 5000);
      const { ms, stderr } = await tool.stop("SIGTERM");
      endedAtOnce(t, ms);
      // What the pipe holds is delivered; the last row may be cut.
      const delivered = parseRows(wholeLines(fifo.read())).length;
      assert(delivered > 100);
      assert.equal(delivered + lost(stderr), 5000);
      assert.match(stderr, /^Lost \d+ events in all: .*\d+ output stuck$/m);
      assert.deepEqual(accounting(stderr), { printed: delivered, lost: lost(stderr) });
    });

    it(
      `SIGTERM ends it though nobody reads its standard error (${runtime})`,
      limit,
      async (t) => {
        const { netns, port } = await served();
        using fifo = new Fifo();
        const command = [
          "sh",
          "-c",
          'exec "$@" 2>&1',
          "sh",
          ...commands[runtime],
          "-v",
          "-P",
          port,
        ];
        const child = new Child(command, { stdout: fifo.writer });
        fifo.handOver();
        let text = "";
        await eventually("the header", () => (text += fifo.read()).includes("\nPID "));
        fifo.fill();
        await connect(netns, port, 10);
        const { ms, status } = await child.stop("SIGTERM");
        endedAtOnce(t, ms);
        assert.equal(status, 0);
        // Neither a row nor what -v says at the end had room.
        assert.match(fifo.read(), /^\.+$/);
      },
    );

    it(`SIGTERM ends it though nobody reads its socket (${runtime})`, limit, async (t) => {
      const { netns, port } = await served();
      const command = ["sh", "-c", onSocket, "sh", ...commands[runtime]];
      const tool = await Tool.start(["-P", port], { command });
      tool.child.pause();
      await connect(netns, port, 20_000);
      const start = performance.now();
      tool.child.send("SIGTERM");
      await tool.child.gone;
      endedAtOnce(t, performance.now() - start);
      tool.child.resume();
      const { status, stderr, stdout } = await tool.child.ended;
      assert.equal(status, 0, stderr);
      const delivered = parseRows(wholeLines(stdout)).length;
      assert(delivered > 100);
      assert.equal(delivered + lost(stderr), 20_000);
      assert.match(stderr, /^Lost \d+ events in all: .*\d+ output stuck$/m);
    });

    it(`tcpconnect sleeps while nobody reads (${runtime})`, limit, async (t) => {
      const { netns, port } = await served();
      using fifo = new Fifo();
      const pipe = await Tool.start(["-P", port], { runtime, stdout: fifo.writer });
      fifo.handOver();
      const command = ["sh", "-c", onSocket, "sh", ...commands[runtime]];
      const socket = await Tool.start(["-P", port], { command });
      socket.child.pause();
      await connect(netns, port, 20_000);
      const [full, later] = [await switches(pipe, socket), await switches(pipe, socket)];
      const counts = full.map((count, i) => later[i]! - count);
      t.diagnostic(`${counts} in a second`);
      for (const count of counts) assert(count < 100, `${count} in a second`);
    });

    it(`tcpconnect ends by itself when its reader has gone (${runtime})`, limit, async () => {
      const script = `setpriv --pdeathsig KILL "$@" -P ${takePort()} | head -n 1`;
      const pipe = new Child(["sh", "-c", script, "sh", ...commands[runtime]]);
      const command = ["sh", "-c", onSocket, "sh", ...commands[runtime]];
      const socket = await Tool.start(["-P", `${takePort()}`], { command });
      socket.child.hangUp();
      for (const child of [pipe, socket.child]) {
        const { status, stderr } = await child.endsItself(10_000);
        assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      }
    });

    // After a lone row the loop does not look at the socket before there is another one, or for 5 s.
    it(
      `tcpconnect ends when the reader of its socket has gone (${runtime})`,
      limit,
      async () => {
        const { netns, port } = await served();
        const command = ["sh", "-c", onSocket, "sh", ...commands[runtime]];
        const tool = await Tool.start(["-P", port], { command });
        await connect(netns, port);
        await tool.child.until(() => tool.rows.length === 1);
        tool.child.hangUp();
        await connect(netns, port);
        const { status, stderr } = await tool.child.endsItself();
        assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
      },
    );

    // A write to a TCP socket fails with ECONNRESET then, not with EPIPE as one to a local socket.
    it(`tcpconnect ends when its TCP socket was reset (${runtime})`, limit, async () => {
      const { netns, port } = await served();
      const server = createServer();
      const reset = new Promise<void>((resolve) =>
        server.once(
          "connection",
          (socket) => socket.once("data", () => socket.once("close", resolve).resetAndDestroy()),
        )
      );
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port: to } = server.address() as AddressInfo;
      const script = `exec >/dev/tcp/127.0.0.1/${to} && exec "$@"`;
      const child = new Child(["bash", "-c", script, "bash", ...commands[runtime], "-P", port]);
      await reset; // by who has read the header
      await connect(netns, port);
      const { status, stderr } = await child.endsItself();
      server.close();
      assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    });

    it(`tcpconnect fails in one line when its output is full (${runtime})`, limit, async () => {
      const full = openSync("/dev/full", "w");
      const child = new Child([...commands[runtime], "-P", `${takePort()}`], { stdout: full });
      closeSync(full);
      const { status, stderr } = await child.endsItself();
      assert.equal(status, 1);
      oneLine(stderr);
    });

    // Deno opens /dev/null in place of a closed stream, which looks like one that the caller opened.
    if (runtime === "Deno") continue;
    it(`tcpconnect fails in one line without an output (${runtime})`, limit, async () => {
      const shut = ["sh", "-c", 'exec "$@" >&-', "sh"];
      const child = new Child([...shut, ...commands[runtime], "-P", `${takePort()}`]);
      const { status, stderr } = await child.endsItself(3000);
      assert.equal(status, 1);
      oneLine(stderr);
    });
  }

  it("-c keeps its report for a slow reader; a second signal ends it", limit, async () => {
    const { netns, port } = await served();
    const args = ["-c", "-s", "-P", port];
    const [slow, unread] = [new Fifo(), new Fifo()];
    const tools = await Promise.all(
      [slow, unread].map((fifo) => Tool.start(args, { stdout: fifo.writer })),
    );
    for (const fifo of [slow, unread]) fifo.handOver();
    await connect(netns, port, 5000);
    const [first, second] = tools as [Tool, Tool];
    first.child.send("SIGINT");
    second.child.send("SIGINT");
    // A report of 5000 flows is far longer than a pipe.
    let text = "";
    await eventually("the report begins", () => (text += slow.read()).length > 0);
    const { stderr } = await second.stop("SIGINT");
    assert.match(stderr, /^Lost the last \d+ bytes of the report: output stuck$/m);
    assert.equal(
      counted(parseRows((text + await slow.readUntil(first.child.ended)).slice(1))),
      5000,
    );
    assert.equal((await first.child.ended).status, 0);
    for (const fifo of [slow, unread]) fifo[Symbol.dispose]();
  });
});
