/** Every way to connect, seen by every runtime, with and without -r; curl too. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  accepted,
  type Attempt,
  type Case,
  cases,
  compare,
  parseAttempts,
  type Place,
  type Row,
} from "../cases.ts";
import { endAll } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  cannot,
  client,
  mountTracefs,
  needsKernel,
  ready,
  type Runtime,
  runtimes,
  startEach,
  type Stopped,
  takePort,
} from "../tool.ts";

const place: Place = {
  v4: "127.0.0.1",
  v6: "::1",
  port: takePort(),
  mptcpPort: takePort(),
  closedPort: takePort(),
  sourcePort: (takePort(), takePort() - 1),
  silent4: "192.0.2.9",
  silent6: "2001:db8::9",
};

/** What a case's process made of it. */
interface Outcome {
  pid: number;
  status: number;
  stderr: string;
  attempts: Attempt[];
}

interface Everything {
  outcomes: Map<Case, Outcome>;
  curls: Outcome[];
  /** Without and with -r; the same as JSON. */
  traces: Map<Runtime, Promise<Stopped[]>>;
}

async function serve(netns: Netns) {
  for (const address of [place.v4, place.v6]) {
    await ready(netns.start([client, "serve", address, `${place.port}`]));
    await ready(netns.start([client, "serve-mptcp", address, `${place.mptcpPort}`]));
  }
}

async function connect(netns: Netns, { argv }: Case): Promise<Outcome> {
  const child = netns.start([client, ...argv(place).map(String)]);
  const { status, stdout, stderr } = await child.ended;
  return { pid: child.pid, status, stderr, attempts: parseAttempts(stdout) };
}

/** The server never answers; curl tells its addresses all the same. */
async function curl(netns: Netns, host: string): Promise<Outcome> {
  const facts = "%{local_ip} %{local_port} %{remote_ip} %{remote_port}";
  const url = `http://${host}:${place.port}/`;
  const child = netns.start(["curl", "-s", "-m", "1", "-w", facts, url]);
  const { status, stdout, stderr } = await child.ended;
  assert.equal(status, 28, stderr); // CURLE_OPERATION_TIMEDOUT
  const ip = host === place.v4 ? 4 : 6;
  const [saddr, sport, daddr, dport] = stdout.split(" ");
  const line = `${child.pid} curl ${ip} ${saddr} ${sport} ${daddr} ${dport} ok 0`;
  return { pid: child.pid, status, stderr, attempts: parseAttempts(line) };
}

/** All cases at once, watched by all runtimes at once. */
async function everything(): Promise<Everything> {
  await mountTracefs();
  const [netns] = await Netns.pair("net.ipv4.tcp_fastopen=3");
  await netns.silence(place.silent4, place.silent6);
  await serve(netns);
  const ports = `${place.port},${place.mptcpPort},${place.closedPort}`;
  const stop = await startEach(
    ...[
      ["-s"],
      ["-r", "-s", "-o", "+wtime,uid,tid,retrans,rtt"],
      ["-j"],
      ["-j", "-r", "-o", "+tid,retrans,rtt"],
    ].map((args) => [...args, "-P", ports]),
  );
  const curls = [curl(netns, place.v4), curl(netns, `[${place.v6}]`)];
  const outcomes = await Promise.all(
    cases.map(async (c) => [c, await connect(netns, c)] as const),
  );
  return { outcomes: new Map(outcomes), curls: await Promise.all(curls), traces: stop() };
}

let running: Promise<Everything> | undefined;
async function result(runtime: Runtime) {
  const { traces, ...seen } = await (running ??= everything());
  const [plain, verdicts, json, jsonVerdicts] = (await traces.get(runtime)!).map((stopped) =>
    stopped.rows
  );
  return {
    ...seen,
    /** Of rows without a verdict, and with one. */
    plain: [plain!, json!],
    verdicts: [verdicts!, jsonVerdicts!],
  };
}

const of = (rows: Row[], { pid, attempts }: Outcome) =>
  rows.filter((row) => [pid, ...attempts.map((a) => a.pid)].includes(Number(row["PID"])));

const limit = { timeout: 60_000 };

describe("rows", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    for (const c of cases) {
      it(`tcpconnect shows ${c.name} (${runtime})`, limit, async (t) => {
        const { outcomes, plain, verdicts } = await result(runtime);
        const outcome = outcomes.get(c)!;
        if (outcome.status === 77) return cannot(t, outcome.stderr.trim()); // EXIT_UNSUPPORTED
        assert.equal(outcome.status, 0, outcome.stderr);
        assert.equal(outcome.attempts.length, c.attempts);
        for (const rows of plain) compare(outcome.attempts, of(rows, outcome), { result: false });
        for (const rows of verdicts) compare(outcome.attempts, of(rows, outcome), { result: true });
      });
    }

    for (const [i, version] of ["IPv4", "IPv6"].entries()) {
      it(`tcpconnect shows curl's connect over ${version} (${runtime})`, limit, async () => {
        const { curls, plain, verdicts } = await result(runtime);
        for (const rows of plain) {
          compare(curls[i]!.attempts, of(rows, curls[i]!), { result: false });
        }
        for (const rows of verdicts) {
          compare(curls[i]!.attempts, of(rows, curls[i]!), { result: true });
        }
      });
    }

    it(`tcpconnect shows nothing else (${runtime})`, limit, async () => {
      const { outcomes, curls, plain, verdicts } = await result(runtime);
      const attempts = [...outcomes.values(), ...curls].flatMap((outcome) => outcome.attempts);
      assert(attempts.filter(accepted).length > 40);
      for (const rows of plain) compare(attempts, rows, { result: false });
      for (const rows of verdicts) compare(attempts, rows, { result: true });
    });
  }
});
