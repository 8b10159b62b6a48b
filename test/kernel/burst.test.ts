/** More connects than the tool may be able to read: each is shown, counted or reported as lost. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseRows, wholeLines } from "../cases.ts";
import { endAll } from "../child.ts";
import { Fifo } from "../fifo.ts";
import { Netns } from "../netns.ts";
import {
  accounting,
  client,
  counted,
  lost,
  mountTracefs,
  needsKernel,
  ready,
  type Runtime,
  runtimes,
  startEach,
  type Stopped,
  takePort,
  Tool,
} from "../tool.ts";

const BURST = 20_000;
const limit = { timeout: 60_000 };

/** Connects as fast as possible from two threads; returns the number of connects. */
async function burst(netns: Netns, port: string, count = BURST): Promise<number> {
  const out = await netns.run(client, "burst", "127.0.0.1", port, `${count}`, "2");
  const [, made, failed] = /^made (\d+) ok \d+ failed (\d+) /.exec(out) ?? [];
  assert.equal(failed, "0");
  return Number(made);
}

async function served(...ports: string[]): Promise<Netns> {
  const netns = await Netns.open("net.ipv4.ip_local_port_range=1024 65535");
  await ready(netns.start([client, "serve", "127.0.0.1", ...ports]));
  return netns;
}

interface Counts {
  printed: number;
  lost: number;
  made: number;
  stderr: string;
}

/** The accounting that is expected; only -r knows how many attempts there were. */
const balance = ({ printed, lost, made }: Counts, args: string[]) =>
  args.includes("-r") ? { attempts: made, printed, filtered: 0, lost } : { printed, lost };

/** One burst, watched by all runtimes. */
async function watched(...args: string[]) {
  await mountTracefs();
  const port = `${takePort()}`;
  await using netns = await served(port);
  const stop = await startEach(["-v", ...args, "-P", port]);
  const made = await burst(netns, port);
  const stopped = stop();
  await Promise.allSettled(stopped.values());
  return { made, stopped };
}

/** A burst into a small buffer that is not read until the burst is over. */
async function unread(runtime: Runtime, ...args: string[]): Promise<Counts> {
  await mountTracefs();
  const port = `${takePort()}`;
  await using netns = await served(port);
  using fifo = new Fifo();
  const options = { runtime, stdout: fifo.writer };
  const tool = await Tool.start(["-v", ...args, "--buffer-pages", "1", "-P", port], options);
  fifo.handOver();
  const made = await burst(netns, port);
  const stopped = tool.stop("SIGINT");
  const printed = parseRows(wholeLines(await fifo.readUntil(stopped))).length;
  const { stderr } = await stopped;
  return { printed, lost: lost(stderr), made, stderr };
}

/** How often the tool's main thread has waited for something. */
function wakeUps(tool: Tool): number {
  const { pid } = tool.child;
  const status = readFileSync(`/proc/${pid}/task/${pid}/status`, "utf8");
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)![1]);
}

describe("burst", needsKernel(), () => {
  after(endAll);

  for (const args of [["-s"], ["-r"], ["-c"], ["-c", "-r"]]) {
    let running: ReturnType<typeof watched> | undefined;

    for (const runtime of runtimes) {
      const name = `${args.join(" ")} shows or reports lost each of ${BURST} connects (${runtime})`;
      it(name, limit, async (t) => {
        const { made, stopped } = await (running ??= watched(...args));
        const [{ rows, stderr }] = await stopped.get(runtime)! as [Stopped];
        const printed = args.includes("-c") ? counted(rows) : rows.length;
        const counts = { printed, lost: lost(stderr), made, stderr };
        t.diagnostic(`${counts.lost} lost`);
        assert.equal(counts.made, BURST);
        assert.equal(counts.printed + counts.lost, counts.made, counts.stderr);
        assert.deepEqual(accounting(counts.stderr), balance(counts, args));
      });
    }
  }

  for (const runtime of runtimes) {
    for (const args of [["-s"], ["-r"]]) {
      const name = `--buffer-pages 1 ${args} reports what a slow reader loses (${runtime})`;
      it(name, limit, async (t) => {
        const counts = await unread(runtime, ...args);
        const { printed, lost } = counts;
        t.diagnostic(`${lost} lost`);
        assert(printed > 0 && lost > 0, `${printed} shown, ${lost} lost`);
        assert.equal(printed + lost, counts.made, counts.stderr);
        assert.deepEqual(accounting(counts.stderr), balance(counts, args));
        assert.match(counts.stderr, /^Lost \d+ events on CPU #\d+!$/m);
      });
    }
  }

  for (const runtime of runtimes) {
    const name = `losses are told within 5 s, though no event follows, and once (${runtime})`;
    it(name, limit, async (t) => {
      const port = `${takePort()}`;
      await using netns = await served(port);
      const tool = await Tool.start(["-P", port, "--buffer-pages", "1"], { runtime });
      const told = () =>
        [...tool.child.stderr.matchAll(/^Lost (\d+) events on CPU #\d+!$/gm)]
          .reduce((sum, [, count]) => sum + Number(count), 0);
      tool.child.send("SIGSTOP");
      const made = await burst(netns, port);
      const start = performance.now();
      tool.child.send("SIGCONT");
      await tool.child.until(() => told() > 0 && told() + tool.rows.length === made);
      const ms = performance.now() - start;
      t.diagnostic(`${told()} lost, told after ${ms.toFixed()} ms`);
      assert(ms < 5500, `${ms} ms`);
      // Now the perf buffer tells of them too, each CPU's with its next sample.
      const lost = told();
      await burst(netns, port, 20);
      await tool.child.until(() => tool.rows.length + lost === made + 20);
      const { stderr } = await tool.stop();
      assert.equal(told(), lost);
      assert.match(
        stderr,
        new RegExp(`^Lost ${lost} events in all: ${lost} perf buffer full$`, "m"),
      );
    });
  }

  for (const runtime of runtimes) {
    // The loop waits for a sample to wake it; at high rates it wakes by a timer.
    it(
      `after a burst it sleeps, and a connect has its row at once (${runtime})`,
      limit,
      async () => {
        const port = `${takePort()}`;
        await using netns = await served(port);
        const tool = await Tool.start(["-P", port], { runtime });
        const rows = async (count: number) => {
          await tool.child.until(() => tool.rows.length >= count);
          assert.equal(tool.rows.length, count);
        };
        for (let round = 1; round <= 3; round++) {
          await burst(netns, port, 200);
          await rows(round * 201 - 1);
          await sleep(100 * round);
          const switches = wakeUps(tool);
          await sleep(500);
          const idle = wakeUps(tool) - switches;
          assert(idle < 10, `woke ${idle} times for nothing`);
          const before = performance.now();
          await netns.run(client, "tcp", "127.0.0.1", port);
          await rows(round * 201);
          const ms = performance.now() - before;
          assert(ms < 5000, `${ms} ms`);
        }
        assert.equal((await tool.stop()).stderr, "");
      },
    );
  }

  it("-c keeps one value for a flow, not one for each CPU; -c -r needs those", limit, async () => {
    const [BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_PERCPU_HASH] = ["1", "5"];
    const port = `${takePort()}`;
    /** What bpf_map_show_fdinfo() tells of the maps with room for so many. */
    const types = ({ child: { pid } }: Tool, entries: string) =>
      readdirSync(`/proc/${pid}/fdinfo`)
        .map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))
        .filter((info) => /^key_size:\t40$/m.test(info))
        .filter((info) => info.includes(`\nmax_entries:\t${entries}\n`))
        .map((info) => /^map_type:\t(\d+)$/m.exec(info)?.[1]);
    const tools = await Promise.all(
      [["-c"], ["-c", "-r"], []].map((args) => Tool.start([...args, "-P", port])),
    );
    assert.deepEqual(
      tools.map((tool) => types(tool, "65536")),
      [[BPF_MAP_TYPE_HASH], [BPF_MAP_TYPE_PERCPU_HASH], []],
    );
    await Promise.all(tools.map((tool) => tool.stop()));
  });

  it("-c -s counts more than 8192 flows", limit, async () => {
    const port = `${takePort()}`;
    await using netns = await served(port);
    const tool = await Tool.start(["-c", "-s", "-P", port]);
    const made = await burst(netns, port);
    const { rows, stderr } = await tool.stop();
    assert(rows.length > 8192);
    assert.equal(lost(stderr), 0);
    assert.equal(counted(rows), made);
  });

  it("-c -s reports what passes the 65536 flows that it can hold", limit, async () => {
    const ports = Array.from({ length: 6 }, () => `${takePort()}`);
    await using netns = await served(...ports);
    const tool = await Tool.start(["-c", "-s", "-P", ports.join()]);
    let made = 0;
    for (const port of ports) made += await burst(netns, port, 16_000);
    await tool.child.until(({ stderr }) => /^Lost \d+ events: map full$/m.test(stderr));
    const { rows, stderr } = await tool.stop();
    assert.equal(rows.length, 65536);
    assert(lost(stderr) > 0);
    assert.equal(counted(rows) + lost(stderr), made);
    assert.match(stderr, /^Lost \d+ events in all: \d+ map full$/m);
  });
});
