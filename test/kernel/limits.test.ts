/** -n and --duration: when tracing ends by itself, and what becomes of the rest. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { compare, parseAttempts, parseRows } from "../cases.ts";
import { endAll, eventually } from "../child.ts";
import { Netns } from "../netns.ts";
import { silent4 } from "../verdicts.ts";
import {
  accounting,
  client,
  counted,
  mountTracefs,
  needsKernel,
  ready,
  runtimes,
  takePort,
  Tool,
} from "../tool.ts";

const limit = { timeout: 60_000 };

/** A namespace with a server on a port of its own. */
async function served(): Promise<{ netns: Netns; port: string }> {
  await mountTracefs();
  const [netns] = await Netns.pair();
  const port = `${takePort()}`;
  await ready(netns.start([client, "serve", "127.0.0.1", port]));
  await netns.silence(silent4!);
  return { netns, port };
}

describe("limits", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    it(
      `-n ends the trace after N rows, and accounts for the rest (${runtime})`,
      limit,
      async () => {
        const { netns, port } = await served();
        const tool = await Tool.start(["-v", "-r", "-s", "-n", "3", "-P", port], { runtime });
        // Would be the next row when tracing ends.
        netns.start([client, "hold", silent4!, port, "100000"]);
        await eventually("it waits", () => netns.waiting(Number(port)) === 1);
        const out = await netns.run(client, "-n", "500", "tcp", "127.0.0.1", port);
        const { status, stdout, stderr } = await tool.child.endsItself();
        assert.equal(status, 0, stderr);
        const rows = parseRows(stdout);
        compare(parseAttempts(out).slice(0, 3), rows, { result: true });
        const { attempts, printed, filtered, lost } = accounting(stderr);
        assert.deepEqual([printed, lost], [3, 0]);
        assert.equal(attempts, printed! + filtered!);
        assert.match(stderr, new RegExp(`^filtered ${filtered}: ${filtered} row limit$`, "m"));
        assert(filtered! >= 1 && attempts! <= 501);
      },
    );
  }

  it("-n without -r ends the trace after N rows", limit, async () => {
    const { netns, port } = await served();
    const tool = await Tool.start(["-s", "-n", "2", "-P", port]);
    const out = await netns.run(client, "-n", "100", "tcp", "127.0.0.1", port);
    const { status, stdout, stderr } = await tool.child.endsItself();
    assert.deepEqual([status, stderr], [0, ""]);
    compare(parseAttempts(out).slice(0, 2), parseRows(stdout), { result: false });
  });

  it("-n counts only rows that pass the filters, and a signal ends it before", limit, async () => {
    const { netns, port } = await served();
    const tool = await Tool.start(["-v", "--failed", "-n", "1", "-P", port]);
    await netns.run(client, "-n", "20", "tcp", "127.0.0.1", port);
    const { rows, stderr } = await tool.stop();
    assert.deepEqual(rows, []);
    assert.match(
      stderr,
      /^filtered 20: 20 result\nattempts 20 = printed 0 \+ filtered 20 \+ lost 0$/m,
    );
  });

  it("--duration ends the trace as a signal does", limit, async () => {
    const { netns, port } = await served();
    const started = performance.now();
    const tool = await Tool.start(["-v", "-r", "-s", "--duration", "700ms", "-P", port]);
    const attached = performance.now();
    const out = await netns.run(client, "-n", "5", "tcp", "127.0.0.1", port);
    const { status, stdout, stderr } = await tool.child.endsItself();
    const ended = performance.now();
    assert.equal(status, 0, stderr);
    compare(parseAttempts(out), parseRows(stdout), { result: true });
    assert.deepEqual(accounting(stderr), { attempts: 5, printed: 5, filtered: 0, lost: 0 });
    assert(ended - started >= 700, `${ended - started} ms`);
    assert(ended - attached < 5000, `${ended - attached} ms`);
  });

  it("--duration with -c prints the report", limit, async () => {
    const { netns, port } = await served();
    const tool = await Tool.start(["-c", "--duration", "0.5s", "-P", port]);
    await netns.run(client, "-n", "7", "tcp", "127.0.0.1", port);
    const { status, stdout, stderr } = await tool.child.endsItself();
    assert.equal(status, 0, stderr);
    assert.equal(counted(parseRows(stdout.replace(/^\n/, ""))), 7);
  });

  it(
    "--duration ends a trace whose reader takes nothing, and says what is lost",
    limit,
    async () => {
      const { netns, port } = await served();
      const tool = await Tool.start(["-v", "-r", "--duration", "1500ms", "-P", port]);
      tool.child.pause();
      await netns.run(client, "burst", "127.0.0.1", port, "5000");
      const { status, stderr } = await tool.child.gone.then(() => {
        tool.child.resume();
        return tool.child.ended;
      });
      assert.equal(status, 0, stderr);
      const { attempts, printed, filtered, lost } = accounting(stderr);
      assert.equal(attempts, printed! + filtered! + lost!);
      assert.match(stderr, /^Lost \d+ events in all: \d+ output stuck$/m);
    },
  );
});
