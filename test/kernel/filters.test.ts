/** What each filter shows and leaves out, and what the column options add. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Attempt, compare, parseAttempts, type Row } from "../cases.ts";
import { type Child, endAll } from "../child.ts";
import { Netns } from "../netns.ts";
import { client, mountTracefs, needsKernel, ready, takePort, Tool } from "../tool.ts";

const ports = [takePort(), takePort(), takePort()] as const;
const [first, second, third] = ports.map(String) as [string, string, string];

const bound = `${takePort()}`;

/** Each a process of its own; the key says what is special about it. */
const clients = {
  plain: ["tcp", "127.0.0.1", first],
  again: ["tcp", "127.0.0.1", first],
  v6: ["tcp", "::1", first],
  mapped: ["mapped", "127.0.0.1", first],
  mptcp: ["mptcp", "127.0.0.1", first],
  second: ["tcp", "127.0.0.1", second],
  third: ["tcp", "::1", third],
  daemon: ["-u", "1", "tcp", "127.0.0.1", first],
  user: ["-u", "1234", "tcp", "127.0.0.1", first],
  last: ["-u", "4294967294", "tcp", "::1", first],
  other: ["tcp", "127.1.2.3", first],
  site: ["tcp", "10.1.2.3", first],
  any: ["any", "127.0.0.1", first],
  bound: ["bound", "127.0.0.1", first, bound],
  // Fails before it has a source.
  noRoute: ["tcp", "192.0.2.10", first],
} as const;

type Name = keyof typeof clients;
const names = Object.keys(clients) as Name[];
const not = (...absent: Name[]) => names.filter((name) => !absent.includes(name));

/** PIDs by their clients' names, filled in before the tools start. */
const pid = {} as Record<Name, number>;

const all = ports.join();
/** More networks than the kernel program has room for as constants; nobody is in one. */
const thousand = Array.from({ length: 1024 }, (_, i) => `203.${i >> 8}.${i & 255}.0/24`).join();
/** All of them, and nobody else's. */
const mine = () => Object.values(pid).join();
const filters: { name: string; args: () => string[]; passes: Name[] }[] = [
  { name: "-P of three ports passes all of them", args: () => ["-P", all], passes: names },
  {
    name: "-P passes one port only",
    args: () => ["-P", first],
    passes: not("second", "third"),
  },
  {
    name: "-P given twice passes both ports",
    args: () => ["-P", second, "-P", third],
    passes: ["second", "third"],
  },
  {
    name: "-P passes ranges of ports, ends included",
    args: () => ["-P", `${second}-${third}`],
    passes: ["second", "third"],
  },
  {
    name: "-P '!' holds back the ports of its list",
    args: () => ["-P", `!1,${second},${third}`, "-p", mine()],
    passes: not("second", "third"),
  },
  {
    name: "-P '!' holds back ranges",
    args: () => ["-P", `!${first}-${second}`, "-p", mine()],
    passes: ["third"],
  },
  {
    name: "-p '!' holds back the processes of its list",
    args: () => ["-p", `!${pid.plain},${pid.third}`, "-P", all],
    passes: not("plain", "third"),
  },
  {
    name: "-u '!' holds back the users of its list",
    args: () => ["-u", "!root", "-u", "!1234", "-P", all],
    passes: ["daemon", "last"],
  },
  {
    name: "-p passes one process only",
    args: () => ["-p", `${pid.plain}`],
    passes: ["plain"],
  },
  {
    // Without -P: the socket of MPTCP itself has no port yet when its state changes.
    name: "-p passes an MPTCP connect once",
    args: () => ["-p", `${pid.mptcp}`],
    passes: ["mptcp"],
  },
  {
    name: "-p passes several processes",
    args: () => ["-p", `${pid.plain},${pid.third}`, "-p", `${pid.user}`],
    passes: ["plain", "third", "user"],
  },
  {
    name: "-u passes a user by number",
    args: () => ["-u", "1234", "-P", all],
    passes: ["user"],
  },
  {
    name: "-u passes a user by name",
    args: () => ["-u", "daemon", "-P", all],
    passes: ["daemon"],
  },
  {
    name: "-u passes several users, the highest UID too",
    args: () => ["-u", "daemon,4294967294,1234", "-P", all],
    passes: ["daemon", "user", "last"],
  },
  {
    name: "-u 0 holds back everyone but root",
    args: () => ["-u", "root", "-P", all],
    passes: not("daemon", "user", "last"),
  },
  {
    name: "-u, -p and -P pass the same where who calls is read by BTF",
    args: () => [
      "--btf",
      "/sys/kernel/btf/vmlinux",
      "-u",
      "1234",
      "-p",
      `${pid.user},${pid.plain}`,
      "-P",
      all,
    ],
    passes: ["user"],
  },
  {
    name: "-4 passes IPv4 and mapped addresses only",
    args: () => ["-4", "-P", all],
    passes: not("v6", "third", "last"),
  },
  {
    name: "-6 passes IPv6 only",
    args: () => ["-6", "-P", all],
    passes: ["v6", "third", "last"],
  },
  {
    name: "--dst passes an IPv4 network, mapped addresses too, and no IPv6",
    args: () => ["--dst", "127.0.0.0/8", "-P", all],
    passes: not("v6", "third", "last", "site", "noRoute"),
  },
  {
    name: "--dst passes the IPv4 network that a mapped one is",
    args: () => ["--dst", "::ffff:127.0.0.0/120", "-P", all],
    passes: not("v6", "third", "last", "other", "site", "noRoute"),
  },
  {
    name: "--dst passes IPv6 networks and no IPv4",
    args: () => ["--dst", "::/0", "-P", all],
    passes: ["v6", "third", "last"],
  },
  {
    name: "--dst passes names of networks and single addresses",
    args: () => ["--dst", "private,link-local,127.1.2.3", "--dst", "192.0.2.10", "-P", all],
    passes: ["site", "other", "noRoute"],
  },
  {
    name: "--dst '!' holds back what is in its list",
    args: () => ["--dst", "!loopback", "-P", all],
    passes: ["site", "noRoute"],
  },
  {
    name: "--dst passes what is among a thousand networks",
    args: () => ["--dst", `${thousand},10.0.0.0/8,::1`, "-P", all],
    passes: ["v6", "third", "last", "site"],
  },
  {
    name: "--dst '!' and --src '!' hold back what is among a thousand networks",
    args: () => ["--dst", `!${thousand},127.1.0.0/16`, "--src", `!${thousand},::/64`, "-P", all],
    passes: not("v6", "third", "last", "other"),
  },
  {
    name: "--src passes a network",
    args: () => ["--src", "10.0.0.0/8,0.0.0.0", "-P", all],
    passes: ["site", "noRoute"],
  },
  {
    name: "--src '!' holds back what is in its list",
    args: () => ["--src", "!10.0.0.0/8,::1", "-P", all],
    passes: not("v6", "third", "last", "site"),
  },
  {
    name: "--sport passes ports, and no attempt that has none",
    args: () => ["--sport", `${bound},1-1000`, "-P", all],
    passes: ["bound"],
  },
  {
    name: "--sport '!' holds back ports, and no attempt that has none",
    args: () => ["--sport", `!${bound}`, "-P", all],
    passes: not("bound"),
  },
  {
    name: "--comm passes names, beginnings and ends",
    args: () => ["--comm", "mptcp,map*,*nd", "-P", all],
    passes: ["mapped", "mptcp", "bound"],
  },
  {
    name: "--comm '!' holds back what is in its list",
    args: () => ["--comm", "!tcp", "-P", all],
    passes: ["mapped", "mptcp", "any", "bound"],
  },
  {
    name: "--comm passes the same where it is read by BTF",
    args: () => ["--btf", "/sys/kernel/btf/vmlinux", "--comm", "*cp", "-P", `${first}`],
    passes: not("second", "third", "mapped", "any", "bound"),
  },
  {
    name: "-p, -u, -P and -6 together pass what passes each",
    args: () => ["-6", "-u", "0", "-P", first, "-p", `${pid.v6},${pid.plain},${pid.third}`],
    passes: ["v6"],
  },
];

interface Everything {
  attempts: Map<Name, Attempt[]>;
  /** By filter, without and with -r. */
  rows: Map<string, { plain: Row[]; result: Row[] }>;
  s: string;
  L: string;
  U: Row[];
}

async function everything(): Promise<Everything> {
  await mountTracefs();
  const netns = await Netns.open();
  await netns.run("ip", "address", "add", "10.1.2.3", "dev", "lo");
  for (const address of ["127.0.0.1", "::1"]) {
    await ready(netns.start([client, "serve", address, first, second, third]));
  }
  const held = names.map((name): [Name, Child] => {
    const child = netns.startHeld([client, ...clients[name]]);
    pid[name] = child.pid;
    return [name, child];
  });
  const start = (...args: string[]) => Tool.start(args);
  const columns = await Promise.all(["-s", "-L", "-U"].map((o) => start(o, "-P", all)));
  const tools = await Promise.all(
    filters.flatMap(({ args }) => [start("-s", ...args()), start("-r", "-s", ...args())]),
  );
  const attempts = new Map<Name, Attempt[]>();
  for (const [name, child] of held) {
    child.input("\n");
    const { status, stdout, stderr } = await child.ended;
    assert.equal(status, 0, stderr);
    attempts.set(name, parseAttempts(stdout));
  }
  const [s, L, U] = await Promise.all(columns.map((tool) => tool.stop()));
  const ended = await Promise.all(tools.map((tool) => tool.stop()));
  const rows = new Map(
    filters.map((f, i) =>
      [f.name, { plain: ended[2 * i]!.rows, result: ended[2 * i + 1]!.rows }] as const
    ),
  );
  return { attempts, rows, s: s!.stdout, L: L!.stdout, U: U!.rows };
}

let running: Promise<Everything> | undefined;
const result = () => running ??= everything();

const limit = { timeout: 60_000 };

describe("filters", needsKernel(), () => {
  after(endAll);

  for (const { name, passes } of filters) {
    it(name, limit, async () => {
      const { attempts, rows } = await result();
      const expected = passes.flatMap((name) => attempts.get(name)!);
      assert.equal(expected.length, passes.length);
      compare(expected, rows.get(name)!.plain, { result: false });
      compare(expected, rows.get(name)!.result, { result: true });
    });
  }

  it("-s adds SPORT before DPORT", limit, async () => {
    const { s } = await result();
    assert.match(s, /^PID +COMM +IP SADDR +DADDR +SPORT DPORT *\n/);
  });

  it("-L is -s", limit, async () => {
    const { s, L } = await result();
    assert.equal(L, s);
  });

  it("-U shows the UID, however high", limit, async () => {
    const { U, attempts } = await result();
    const uid = (name: Name) => U.find((row) => row["PID"] === `${pid[name]}`)?.["UID"];
    const shown = not("noRoute");
    assert.deepEqual(
      shown.map(uid),
      shown.map((name) =>
        ({ daemon: "1", user: "1234", last: "4294967294" })[name as string] ?? "0"
      ),
    );
    compare([...attempts.values()].flat(), U, { result: false });
  });

  for (const options of ["-t", "-tr"]) {
    it(`${options} shows the seconds since the first connect`, limit, async () => {
      const netns = await Netns.open();
      const port = `${takePort()}`;
      await ready(netns.start([client, "serve", "127.0.0.1", port]));
      const tool = await Tool.start([options, "-P", port]);
      const out = await netns.run(client, "-n", "3", "hold", "127.0.0.1", port, "150");
      const { rows } = await tool.stop();
      const attempts = parseAttempts(out);
      compare(attempts, rows, { result: options === "-tr" });
      const times = rows.map((row) => row["TIME(s)"]!);
      assert.equal(times[0], "0.000");
      for (const [i, time] of times.entries()) {
        assert.match(time, /^\d+\.\d{3}$/);
        // The tool's time lies within each connect call, and 150 ms after its beginning comes the next.
        const least = 0.150 * i - attempts[0]!.latency / 1000 - 0.001;
        assert(Number(time) >= least, `${times}: at least ${least}`);
      }
      await netns[Symbol.asyncDispose]();
    });
  }
});
