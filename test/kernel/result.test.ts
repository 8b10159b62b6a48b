/** -r: every way for an attempt to end, for real; the latency; what is left out; the accounting. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Attempt, compare, parseAttempts, type Row } from "../cases.ts";
import { type Child, endAll, eventually } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  far4,
  far6,
  full,
  near4,
  near6,
  open,
  ports,
  prepare,
  silent4,
  silent6,
  verdicts,
} from "../verdicts.ts";
import {
  accounting,
  cannot,
  client,
  counted,
  mountTracefs,
  needsKernel,
  runtimes,
  startEach,
  type Stopped,
  takePort,
  Tool,
} from "../tool.ts";

/** Connects that stay until the end, each with its one line. */
async function hold(netns: Netns, ...destinations: string[][]): Promise<Attempt[]> {
  return await Promise.all(destinations.map(async ([address, port]) => {
    const child = netns.start([client, "hold", address!, port!, "100000"]);
    await child.until(({ stdout }) => stdout.endsWith("\n"));
    return parseAttempts(child.stdout)[0]!;
  }));
}

/** After a failure the client no longer knows its address; with a port, it had one. */
function sourced(attempt: Attempt): Attempt {
  if (attempt.sport === 0) return attempt;
  return { ...attempt, saddr: attempt.ip === 4 ? near4! : near6! };
}

async function everything() {
  await mountTracefs();
  const { a, c, refusal } = await prepare();
  const start = (...args: string[]) => Tool.start(["-v", "-s", ...args, "-P", ports]);
  const [all, failed, slow, both, sums, some, others] = await Promise.all([
    start("-r"),
    start("--failed"),
    start("--min-latency", "1500"),
    start("--failed", "--min-latency", "1500.5"),
    start("-c", "-r"),
    start("--errno", "ECONNREFUSED,closed,pending"),
    start("--errno", "!ok,pending", "--errno", "!ETIMEDOUT"),
  ]);
  const stopEach = await startEach(["-r", "-s", "-P", ports]);
  // What the others need: the only port in use, the backlog full.
  const held = [
    ...await hold(c, ["127.0.0.1", open], ["::1", open]),
    ...await hold(a, [far4, full], [far6, full]),
  ];
  const lines = new Map(
    await Promise.all(verdicts.map(async (v) => {
      const { argv, place } = v;
      const netns = place === "one port" ? c : a;
      const { stdout, stderr } = await netns.end([client, ...argv]);
      const attempts = parseAttempts(stdout);
      return [v, place === "firewall" ? attempts.map(sourced) : attempts, stderr] as const;
    })).then((done) => done.map(([v, attempts, stderr]) => [v, { attempts, stderr }] as const)),
  );
  const attempts = [...held, ...[...lines.values()].flatMap((line) => line.attempts)];
  const tools = [all, failed, slow, both, sums, some, others] as const;
  const [r, f, s, fs, sum, e, not] = await Promise.all(tools.map((tool) => tool.stop()));
  return {
    ...{ attempts, lines, refusal, each: stopEach() },
    ...{ r: r!, f: f!, s: s!, fs: fs!, sum: sum!, e: e!, not: not! },
  };
}

let running: ReturnType<typeof everything> | undefined;
const result = () => running ??= everything();

const pending = `${takePort()}`;
const limit = { timeout: 60_000 };

/** The tool's time is within the client's, except for a socket that is closed by the process's exit. */
function checkLatency([attempt, row]: [Attempt, Row]): void {
  const latency = Number(row["LAT(ms)"]);
  assert.match(row["LAT(ms)"]!, /^\d+\.\d\d$/);
  if (attempt.comm !== "die") assert(latency <= attempt.latency + 1, `${latency}: too long`);
  const least = attempt.result === "ETIMEDOUT" ? 1000 : attempt.result === "closed" ? 195 : 0;
  assert(latency >= least, `${latency}: too short`);
}

const slowerThan = (ms: number) => ({ latency }: Attempt) => latency > ms;
const isFailed = ({ result }: Attempt) => result !== "ok";

describe("result", needsKernel(), () => {
  after(endAll);

  for (const v of verdicts) {
    it(v.name, limit, async (t) => {
      const { lines, refusal, r } = await result();
      if (v.place === "firewall" && refusal) return cannot(t, refusal);
      const { attempts, stderr } = lines.get(v)!;
      assert.deepEqual(attempts.map((attempt) => attempt.result), v.results, stderr);
      const pids = attempts.map(({ pid }) => `${pid}`);
      const rows = r.rows.filter((row) => pids.includes(row["PID"]!));
      compare(attempts, rows, { result: true }).forEach(checkLatency);
    });
  }

  it("-r shows nothing else, and its accounting balances", limit, async () => {
    const { attempts, r } = await result();
    compare(attempts, r.rows, { result: true });
    const { length } = attempts;
    assert.deepEqual(accounting(r.stderr), {
      attempts: length,
      printed: length,
      filtered: 0,
      lost: 0,
    });
  });

  for (const runtime of runtimes) {
    it(`-r shows the same on every runtime (${runtime})`, limit, async () => {
      const { attempts, each } = await result();
      const [{ rows }] = await each.get(runtime)! as [Stopped];
      compare(attempts, rows, { result: true });
    });
  }

  it("--failed shows only what did not end ok", limit, async () => {
    const { attempts, f } = await result();
    compare(attempts.filter(isFailed), f.rows, { result: true });
    checkAccounting(f, attempts);
  });

  it("--min-latency shows only what took as long", limit, async () => {
    const { attempts, s } = await result();
    assert(attempts.some(slowerThan(1500)));
    compare(attempts.filter(slowerThan(1500)), s.rows, { result: true });
    checkAccounting(s, attempts);
  });

  it("--failed and --min-latency together leave out what either leaves out", limit, async () => {
    const { attempts, fs } = await result();
    compare(attempts.filter(slowerThan(1500)).filter(isFailed), fs.rows, { result: true });
    checkAccounting(fs, attempts);
  });

  it("--errno shows only the results of its list", limit, async () => {
    const { attempts, e } = await result();
    const listed = ({ result }: Attempt) => ["ECONNREFUSED", "closed", "pending"].includes(result);
    compare(attempts.filter(listed), e.rows, { result: true });
    checkAccounting(e, attempts);
  });

  it("--errno '!' leaves out the results of its list, and says how many", limit, async () => {
    const { attempts, not } = await result();
    const listed = ({ result }: Attempt) => ["ok", "pending", "ETIMEDOUT"].includes(result);
    const shown = attempts.filter((attempt) => !listed(attempt));
    compare(shown, not.rows, { result: true });
    checkAccounting(not, attempts);
    const left = attempts.length - shown.length;
    assert.match(not.stderr, new RegExp(`^filtered ${left}: ${left} result$`, "m"));
  });

  it("-c -r counts by RESULT, with the average and the longest latency", limit, async () => {
    const { attempts, sum } = await result();
    assert.equal(counted(sum.rows), attempts.length);
    for (const name of new Set(attempts.map((attempt) => attempt.result))) {
      const rows = sum.rows.filter((row) => row["RESULT"] === name);
      assert.equal(counted(rows), attempts.filter((a) => a.result === name).length, name);
      for (const row of rows) {
        const [average, longest] = [Number(row["AVG(ms)"]), Number(row["MAX(ms)"])];
        assert(longest >= average && average >= (name === "ETIMEDOUT" ? 1000 : 0), name);
      }
    }
    const { length } = attempts;
    assert.deepEqual(accounting(sum.stderr), {
      attempts: length,
      printed: length,
      filtered: 0,
      lost: 0,
    });
  });

  it("-r says pending of what still waits at the end", limit, async () => {
    await mountTracefs();
    const [netns] = await Netns.pair("net.ipv4.tcp_syn_retries=1");
    await netns.silence(silent4, silent6);
    const [rows, sums, only, others, from] = await Promise.all([
      Tool.start(["-v", "-r", "-s", "-P", pending]),
      Tool.start(["-c", "--failed", "-P", pending]),
      Tool.start(["--errno", "pending,ETIMEDOUT", "-P", pending]),
      Tool.start(["-v", "--errno", "!pending", "-P", pending]),
      Tool.start(["-v", "-r", "--src", "::/0", "-P", pending]),
    ]);
    const clients: Child[] = [
      ["hold", silent4, pending, "1500"],
      ["hold", silent6, pending, "1500"],
      ["tcp", silent4, pending],
      ["mapped", silent4, pending],
    ].map((argv) => netns.start([client, ...argv]));
    await eventually("four sockets wait", () => netns.waiting(Number(pending)) === 4);
    const [r, sum, one, none, v6] = await Promise.all(
      [rows, sums, only, others, from].map((tool) => tool.stop()),
    ) as [Stopped, Stopped, Stopped, Stopped, Stopped];
    const lines = await Promise.all(clients.map(async ({ ended }) => (await ended).stdout));
    const attempts = parseAttempts(lines.join(""));
    assert.deepEqual(
      attempts.map((a) => a.result),
      ["pending", "pending", "ETIMEDOUT", "ETIMEDOUT"],
    );
    // The tool knew no more than that when it ended.
    const expected = attempts.map((attempt) => ({ ...attempt, result: "pending" }));
    for (const [attempt, row] of compare(expected, r.rows, { result: true })) {
      assert(Number(row["LAT(ms)"]) <= attempt.latency + 1);
    }
    assert.deepEqual(accounting(r.stderr), { attempts: 4, printed: 4, filtered: 0, lost: 0 });
    compare(expected, one.rows, { result: true });
    assert.deepEqual(accounting(none.stderr), { attempts: 4, printed: 0, filtered: 4, lost: 0 });
    assert.match(none.stderr, /^filtered 4: 4 result$/m);
    compare(expected.filter(({ ip }) => ip === 6), v6.rows, { result: true });
    assert.match(
      v6.stderr,
      /^filtered 3: 3 source\nattempts 4 = printed 1 \+ filtered 3 \+ lost 0$/m,
    );
    assert.deepEqual(sum.rows.map((row) => row["RESULT"]), ["pending", "pending"]);
    assert.equal(counted(sum.rows), 4);
  });
});

function checkAccounting({ rows, stderr }: Stopped, { length }: Attempt[]): void {
  const filtered = length - rows.length;
  assert.deepEqual(accounting(stderr), {
    attempts: length,
    printed: rows.length,
    filtered,
    lost: 0,
  });
}
