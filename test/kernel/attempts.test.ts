/** What is an attempt: calls that are too late, and addresses that are not whole. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, globSync } from "node:fs";
import process from "node:process";
import { event as layout } from "../../src/event/layout.gen.ts";
import { compare, parseAttempts } from "../cases.ts";
import { endAll, eventually, run } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  accounting,
  cannot,
  client,
  executable,
  mountTracefs,
  needsKernel,
  ready,
  takePort,
  Tool,
} from "../tool.ts";

const limit = { timeout: 60_000 };
const open = `${takePort()}`;
const closed = `${takePort()}`;
const SOCKETS = 500;
const silent = "192.0.2.9";
const unreachable = "198.51.100.1";

/** How many SYNs of a first kind the kernel itself counts: one for each attempt that it took. */
async function activeOpens(netns: Netns): Promise<number> {
  const lines = (await netns.run("cat", "/proc/net/snmp")).split("\n")
    .filter((line) => line.startsWith("Tcp: ")).map((line) => line.split(" "));
  return Number(lines[1]![lines[0]!.indexOf("ActiveOpens")]);
}

async function prepare(): Promise<Netns> {
  await mountTracefs();
  const [netns] = await Netns.pair();
  await netns.silence(silent);
  await netns.run("ip", "route", "add", "unreachable", unreachable);
  await ready(netns.start([client, "serve", "127.0.0.1", open]));
  return netns;
}

/** Traces what two threads for each socket do, and what the client and the kernel say of it. */
async function race(address: string, port: string, ...how: string[]) {
  const netns = await prepare();
  const tool = await Tool.start(["-v", "-r", "-s", "-P", port]);
  const before = await activeOpens(netns);
  const attempts = parseAttempts(
    await netns.run(client, "race", address, port, `${SOCKETS}`, ...how),
  );
  const opens = await activeOpens(netns) - before;
  const { rows, stderr } = await tool.stop();
  const { length } = rows;
  assert.deepEqual(accounting(stderr), { attempts: length, printed: length, filtered: 0, lost: 0 });
  return { attempts, rows, opens };
}

/** Runs a command where no cgroup v2 hierarchy is mounted, so that no program tells source ports early. */
const withoutCgroup = [
  ...["unshare", "--mount", "sh", "-ec"],
  `for path in $(sed -n 's/^[^ ]* \\([^ ]*\\) cgroup2 .*/\\1/p' /proc/mounts); do umount "$path"; done
exec "$@"`,
  "sh",
];

/** Ubuntu keeps it beside each kernel. */
const bpftool = [...globSync("/usr/lib/linux-tools/*/bpftool"), "/usr/sbin/bpftool"]
  .find((file) => existsSync(file));

interface Entry {
  key: string[];
  value: string[];
}

/** Gives the attempts to a port that wait in some tracer another source port; returns how many. */
async function changeSources(dport: number): Promise<number> {
  const { fields } = layout;
  const maps = JSON.parse(await run([bpftool!, "-j", "map", "show", "name", "attempts"]));
  let changed = 0;
  for (const { id } of [maps].flat()) {
    const entries: Entry[] = JSON.parse(await run([bpftool!, "-j", "map", "dump", "id", `${id}`]));
    for (const { key, value } of entries) {
      const event = new DataView(Uint8Array.from(value, Number).buffer);
      if (event.getUint16(fields.dport.offset, true) !== dport) continue;
      event.setUint16(fields.sport.offset, 1, true);
      const bytes = [...new Uint8Array(event.buffer)].map(String);
      await run([bpftool!, "map", "update", "id", `${id}`, "key", ...key, "value", ...bytes]);
      changed++;
    }
  }
  return changed;
}

describe("attempts", needsKernel(), () => {
  after(endAll);

  for (const options of [[], ["-r"]]) {
    const name = ["tcpconnect", ...options].join(" ");
    it(`${name} without cgroup v2 shows each attempt's own source port`, limit, async () => {
      const netns = await prepare();
      const command = [...withoutCgroup, executable];
      const tool = await Tool.start(["-v", "-s", ...options, "-P", `${open},${closed}`], {
        command,
      });
      const attempts = [];
      for (const [how, port] of [["two-refused", closed], ["reconnect", open]] as const) {
        attempts.push(...parseAttempts(await netns.run(client, how, "127.0.0.1", port)));
      }
      assert.equal(new Set(attempts.map(({ sport }) => sport)).size, 4);
      const { rows, stderr } = await tool.stop();
      assert.match(stderr, /the root of cgroup v2 is not mounted/);
      compare(attempts, rows, { result: options.length > 0 });
    });
  }

  it("-r: the end of another socket is not taken for one that was missed", limit, async (t) => {
    if (!bpftool) return cannot(t, "no bpftool");
    const netns = await prepare();
    const port = takePort();
    const tool = await Tool.start(["-v", "-r", "-P", `${port}`]);
    const giver = netns.start([client, "giveup", silent, `${port}`, "1500"]);
    await eventually("the attempt waits", () => netns.waiting(port) === 1);
    // As if the kernel had skipped its end, and given the memory to the socket that ends now.
    assert.equal(await changeSources(port), 1);
    await giver.ended;
    const { rows, stderr } = await tool.stop();
    assert.deepEqual(rows, []);
    assert.match(stderr, /^Lost 1 events in all: 1 probe missed$/m);
    assert.deepEqual(accounting(stderr), { attempts: 1, printed: 0, filtered: 0, lost: 1 });
  });

  for (const how of [[], ["1"]]) {
    const which = how.length > 0 ? "non-blocking" : "blocking";
    it(`-r: of two ${which} calls at once, one is the attempt`, limit, async () => {
      const { attempts, rows, opens } = await race("127.0.0.1", open, ...how);
      assert.equal(opens, SOCKETS);
      const known = attempts.map((a) => ({ ...a, result: "ok" }));
      compare(how.length > 0 ? known : attempts, rows, { result: true });
    });
  }

  it("-r: the same, if nobody answers", limit, async () => {
    const { attempts, rows, opens } = await race(silent, closed, "1");
    assert.deepEqual([attempts.length, opens], [SOCKETS, SOCKETS]);
    compare(attempts, rows, { result: true });
  });

  it(
    "-r: a call that waits for another's end is no attempt, one after that is",
    limit,
    async () => {
      const { attempts, rows, opens } = await race("127.0.0.1", closed);
      assert(opens >= SOCKETS && opens <= attempts.length, `${opens}`);
      assert.equal(rows.length, opens);
      assert(rows.every((row) => row["RESULT"] === "ECONNREFUSED"));
    },
  );

  it("-r: two calls at once without a route are two attempts", limit, async () => {
    const { attempts, rows, opens } = await race(unreachable, closed);
    assert.deepEqual([attempts.length, opens], [2 * SOCKETS, 0]);
    compare(attempts, rows, { result: true });
  });

  it("-r: a bound socket without a route shows what it is bound to", limit, async () => {
    const netns = await prepare();
    const [one, two, third] = [takePort(), takePort(), takePort()];
    const tool = await Tool.start(["-v", "-r", "-s", "-P", closed, "--sport", `${one},${two}`]);
    const bound = async (address: string, port: number) =>
      parseAttempts(await netns.run(client, "bound", address, closed, `${port}`));
    const shown = [...await bound("203.0.113.1", one), ...await bound("2001:db8:9::1", two)];
    const [other] = await bound("203.0.113.1", third);
    assert.deepEqual([...shown, other!].map(({ sport }) => sport), [one, two, third]);
    const { rows, stderr } = await tool.stop();
    compare(shown, rows, { result: true });
    assert.deepEqual(accounting(stderr), { attempts: 3, printed: 2, filtered: 1, lost: 0 });
  });

  it("-r: what lies behind a short address is not shown", limit, async () => {
    const netns = await prepare();
    // A part of a port is another: no filter by port.
    const uid = `${60_000 + process.pid % 5000}`;
    const tool = await Tool.start(["-v", "-r", "-s", "-u", uid]);
    const attempts = [];
    for (
      const [address, lengths] of [
        ["127.1.2.3", [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 129, 255]],
        ["2001:db8:1:2:3:4:5:6", [0, 1, 2, 3, 4, 8, 9, 16, 20, 23, 129, 255]],
      ] as const
    ) {
      for (const length of lengths) {
        const run = [client, "-u", uid, "short", address, closed, `${length}`];
        attempts.push(...parseAttempts(await netns.run(...run)));
      }
    }
    assert.equal(attempts.length, 16);
    const { rows, stderr } = await tool.stop();
    compare(attempts, rows, { result: true });
    assert.deepEqual(accounting(stderr), { attempts: 16, printed: 16, filtered: 0, lost: 0 });
  });
});
