/** --output: each column against what the client saw of it, on a wire that drops some first SYNs. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Attempt, compare, parseAttempts, type Row } from "../cases.ts";
import { Child, endAll, eventually } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  client,
  commands,
  executable,
  mountTracefs,
  needsKernel,
  oneLine,
  ready,
  type Runtime,
  runtimes,
  startEach,
  type Stopped,
  takePort,
} from "../tool.ts";

const port = `${takePort()}`;
const closed = `${takePort()}`;
const silent = "192.0.2.9";

const keys = "wtime,time,uid,user,pid,tid,comm,ip,saddr,daddr,sport,dport,result,lat,retrans,rtt";

interface Seen {
  attempts: Map<string, Attempt>;
  traces: Map<Runtime, Promise<Stopped[]>>;
}

async function everything(): Promise<Seen> {
  await mountTracefs();
  const [a, b] = await Netns.pair("net.ipv4.tcp_syn_retries=2");
  await a.silence(silent);
  const far = { v4: "192.0.2.2", v6: "2001:db8::2" };
  for (const address of Object.values(far)) await ready(b.start([client, "serve", address, port]));
  const [mac] = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(await b.run("ip", "link", "show", "wire"))!;
  const neighbor = (lladdr: string) =>
    a.run(
      ...[
        "ip",
        "neighbour",
        "replace",
        far.v4,
        "lladdr",
        lladdr,
        "nud",
        "permanent",
        "dev",
        "wire",
      ],
    );
  await neighbor(mac);
  // Not in the time zone of the machine, and not by a name that it may not know.
  process.env["TZ"] = "<+0545>-5:45";
  const ports = ["-P", `${port},${closed}`];
  const stop = await startEach(["-o", keys, ...ports], ["-t", "-o", "tid,comm", ...ports]);
  delete process.env["TZ"];

  const attempts = new Map<string, Attempt>();
  const finish = async (name: string, child: Child) => {
    const { stdout } = await child.endsItself();
    attempts.set(name, parseAttempts(stdout)[0]!);
  };
  const start = (...argv: string[]) => a.start([client, ...argv]);
  await finish("IPv4", start("tcp", far.v4, port));
  await finish("IPv6", start("nonblock", far.v6, port));
  await finish("thread", start("thread", far.v4, port));
  await finish("refused", start("nonblock", far.v4, closed));
  await finish("no route", start("tcp", "203.0.113.1", port));
  await finish("nobody", start("-u", "65534", "tcp", far.v4, port));
  await finish("nameless", start("-u", "1234", "tcp", far.v4, port));
  const given = start("giveup", silent, port, "1500");
  const late = start("nonblock", silent, closed);
  await neighbor("02:00:00:00:00:99");
  const dropped = ["tcp", "nonblock"].map((way) => start(way, far.v4, port));
  await eventually("two SYNs are lost", () => a.waiting(Number(port)) >= 3);
  await neighbor(mac);
  await finish("given up", given);
  await finish("dropped, blocking", dropped[0]!);
  await finish("dropped, non-blocking", dropped[1]!);
  await finish("timed out", late);
  return { attempts, traces: stop() };
}

let running: Promise<Seen> | undefined;

async function result(runtime: Runtime) {
  const { attempts, traces } = await (running ??= everything());
  const [all, few] = await traces.get(runtime)! as [Stopped, Stopped];
  const row = (name: string) => {
    const { pid } = attempts.get(name)!;
    const found = all.rows.filter((row) => row["PID"] === `${pid}`);
    assert.equal(found.length, 1, name);
    return found[0]!;
  };
  return { attempts, all, few, row };
}

const limit = { timeout: 60_000 };
const cells = (row: Row, ...titles: string[]) => titles.map((title) => row[title]);

describe("columns", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    // compare() looks at every column that the client knows something of.
    it(`-o shows every column as the client saw it (${runtime})`, limit, async () => {
      const { attempts, all } = await result(runtime);
      compare([...attempts.values()], all.rows, { result: true });
      assert.equal(all.stdout.split("\n")[0]!.split(/ +/).length, keys.split(",").length);
      assert.doesNotMatch(all.stdout, / $/m);
    });

    it(`rtt is what TCP_INFO tells (${runtime})`, limit, async () => {
      const { row, attempts } = await result(runtime);
      for (const name of ["IPv4", "IPv6", "thread"]) {
        const { rtt } = attempts.get(name)!.more!;
        assert(rtt! > 0);
        assert.deepEqual(cells(row(name), "RETRANS", "RTT(ms)"), ["0", (rtt! / 1000).toFixed(3)]);
      }
    });

    it(
      `retrans counts a SYN that was lost, and then there is no rtt (${runtime})`,
      limit,
      async () => {
        const { row } = await result(runtime);
        for (const name of ["dropped, blocking", "dropped, non-blocking", "given up"]) {
          assert.deepEqual(cells(row(name), "RETRANS", "RTT(ms)"), ["1", "-"], name);
        }
        assert(Number(row("timed out")["RETRANS"]) >= 2);
        assert.deepEqual(cells(row("refused"), "RETRANS", "RTT(ms)"), ["0", "-"]);
        assert.deepEqual(cells(row("no route"), "RESULT", "RETRANS", "RTT(ms)"), [
          "ENETUNREACH",
          "0",
          "-",
        ]);
      },
    );

    it(`tid is the thread's, pid the process's (${runtime})`, limit, async () => {
      const { row, attempts, few } = await result(runtime);
      const { pid, more } = attempts.get("thread")!;
      assert.notEqual(pid, more!.tid);
      assert.deepEqual(cells(row("thread"), "PID", "TID"), [`${pid}`, `${more!.tid}`]);
      // Without -r too. -t has no say beside a list.
      assert.equal(few.stdout.split("\n")[0], "TID    COMM");
      assert(few.rows.some((row) => row["TID"] === `${more!.tid}` && row["COMM"] === "thread"));
    });

    it(`user is the name, or else the UID (${runtime})`, limit, async () => {
      const { row } = await result(runtime);
      const passwd = readFileSync("/etc/passwd", "utf8");
      const [, name] = /^([^:]+):[^:]*:65534:/m.exec(passwd)!;
      assert.equal(row("nobody")["USER"], name);
      assert.equal(row("IPv4")["USER"], "root");
      assert.equal(row("nameless")["USER"], "1234");
    });

    it(`wtime is in the zone of TZ (${runtime})`, limit, async () => {
      const { all } = await result(runtime);
      for (const row of all.rows) assert.match(row["WTIME"]!, /\+05:45$/);
    });

    it(
      `--output help lists the columns, an unknown one is refused (${runtime})`,
      limit,
      async () => {
        const help = await new Child([...commands[runtime], "--output", "help"]).endsItself();
        assert.deepEqual([help.status, help.stderr], [0, ""]);
        assert.equal(help.stdout.split("\n").map((line) => line.split(" ")[0]).join(), `${keys},`);
        const unknown = await new Child([...commands[runtime], "-o", "pid,x\ny"]).endsItself();
        assert.deepEqual([unknown.status, unknown.stdout], [64, ""]);
        oneLine(unknown.stderr);
        assert.match(unknown.stderr, /unknown column 'x\?y': see --output help/);
      },
    );
  }

  it("-T is the first column", limit, async () => {
    const tool = new Child([executable, "-T", "-P", closed]);
    await tool.until(({ stdout }) => stdout.includes("\n"));
    const { stdout } = await tool.stop("SIGINT");
    assert.match(stdout, /^WTIME {28}PID {4}COMM .* DPORT\n$/);
  });
});
