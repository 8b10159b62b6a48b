/**
 * The ways to connect that every back end, runtime and kernel is tried with, and the comparison of
 * what the client saw with what the tool printed. It does not depend on where either runs.
 */

import assert from "node:assert/strict";

/** One attempt, as the client saw it. */
export interface Attempt {
  pid: number;
  comm: string;
  ip: number;
  saddr: string;
  sport: number;
  daddr: string;
  dport: number;
  result: string;
  /** In milliseconds. */
  latency: number;
  /** What a client of ours knows beside that. */
  more?: {
    tid: number;
    uid: number;
    /** When it began, by the wall clock, in microseconds since 1970. */
    wall: number;
    /** As TCP_INFO has them, where it tells: how often the SYN was sent again; microseconds. */
    retrans: number | undefined;
    rtt: number | undefined;
  };
}

/** A row of the tool: its cells by the titles of their columns. */
export type Row = Readonly<Record<string, string>>;

/** Where the cases connect to. */
export interface Place {
  v4: string;
  v6: string;
  /** Served on both addresses. */
  port: number;
  /** Served by an MPTCP listener. */
  mptcpPort: number;
  /** Nobody listens. */
  closedPort: number;
  /** Free for the client to bind. */
  sourcePort: number;
  /** Addresses that never answer. */
  silent4: string;
  silent6: string;
}

export interface Case {
  /** What the client does. */
  name: string;
  /** How many lines the client prints. */
  attempts: number;
  /** The client's arguments. */
  argv: (place: Place) => (string | number)[];
}

type Argv = Case["argv"];

const one = (name: string, argv: Argv): Case => ({ name, attempts: 1, argv });
const two = (name: string, argv: Argv): Case => ({ name, attempts: 2, argv });
const none = (name: string, argv: Argv): Case => ({ name, attempts: 0, argv });

/** For both IP versions; `ways` without arguments of their own, to the served port. */
function both(make: typeof one, name: string, ...ways: string[]): Case[] {
  return [
    make(`${name} over IPv4`, (p) => [...ways, p.v4, p.port]),
    make(`${name} over IPv6`, (p) => [...ways, p.v6, p.port]),
  ];
}

export const cases: readonly Case[] = [
  ...both(one, "a blocking connect", "tcp"),
  ...both(one, "a non-blocking connect", "nonblock"),
  ...both(one, "a connect of a second thread", "thread"),
  ...both(one, "an io_uring connect", "io_uring"),
  ...both(two, "a fast open by sendto", "-n", "2", "tfo-send"),
  ...both(two, "a fast open by TCP_FASTOPEN_CONNECT", "-n", "2", "tfo-connect"),
  ...both(one, "a connect repeated on its socket", "again"),
  ...both(two, "a second connect after AF_UNSPEC", "reconnect"),
  ...both(one, "a connect whose parent closed the socket", "fork"),
  ...both(one, "a connect to the unspecified address", "any"),
  ...both(one, "a connect of another user", "-u", "1234", "tcp"),
  one("a connect from a bound port over IPv4", (p) => ["bound", p.v4, p.port, p.sourcePort]),
  one("a connect from a bound port over IPv6", (p) => ["bound", p.v6, p.port, p.sourcePort + 1]),
  one(
    "a connect of a socket to itself over IPv4",
    (p) => ["bound", p.v4, p.closedPort, p.closedPort],
  ),
  one(
    "a connect of a socket to itself over IPv6",
    (p) => ["bound", p.v6, p.closedPort, p.closedPort],
  ),
  one("an MPTCP connect over IPv4", (p) => ["mptcp", p.v4, p.mptcpPort]),
  one("an MPTCP connect over IPv6", (p) => ["mptcp", p.v6, p.mptcpPort]),
  one("an MPTCP connect to a TCP server", (p) => ["mptcp", p.v4, p.port]),
  one("an MPTCP connect that is refused", (p) => ["mptcp", p.v4, p.closedPort]),
  one("a connect to a mapped address", (p) => ["mapped", p.v4, p.port]),
  one("a refused connect over IPv4", (p) => ["tcp", p.v4, p.closedPort]),
  one("a refused connect over IPv6", (p) => ["tcp", p.v6, p.closedPort]),
  one("a refused connect to a mapped address", (p) => ["mapped", p.v4, p.closedPort]),
  one("a refused non-blocking connect", (p) => ["nonblock", p.v4, p.closedPort]),
  one("a refused io_uring connect", (p) => ["io_uring", p.v6, p.closedPort]),
  one("a refused fast open", (p) => ["tfo-send", p.v4, p.closedPort]),
  two("a socket that is refused twice over IPv4", (p) => ["two-refused", p.v4, p.closedPort]),
  two("a socket that is refused twice over IPv6", (p) => ["two-refused", p.v6, p.closedPort]),
  two("a socket of the other family", (p) => ["family-mix", p.v4, p.port]),
  one("a connect with half an address over IPv4", (p) => ["short", p.v4, p.port, 6]),
  one("a connect with half an address over IPv6", (p) => ["short", p.v6, p.port, 20]),
  one("a connect given up over IPv4", (p) => ["giveup", p.silent4, p.port, 100]),
  one("a connect given up over IPv6", (p) => ["giveup", p.silent6, p.port, 100]),
  one("a connect given up with SO_LINGER", (p) => ["linger", p.silent4, p.port, 100]),
  one("a connect given up by SO_SNDTIMEO", (p) => ["sndtimeo", p.silent6, p.port, 100]),
  one("a connect whose process dies", (p) => ["die", p.silent4, p.port, 100]),
  one("a repeated connect given up", (p) => ["again", p.silent6, p.port, 100]),
  none("a UDP connect over IPv4", (p) => ["udp", p.v4, p.port]),
  none("a UDP connect over IPv6", (p) => ["udp", p.v6, p.port]),
  none("a Unix socket's connect", (p) => ["unix", p.v4, p.port]),
];

/** Reads the client's lines. */
export function parseAttempts(text: string): Attempt[] {
  return text.trimEnd().split("\n").filter(Boolean).map((line) => {
    const [pid, comm, ip, saddr, sport, daddr, dport, result, micros, ...more] = line.split(" ");
    assert(comm && saddr && daddr && result && micros, `not an attempt: ${line}`);
    return {
      pid: Number(pid),
      comm,
      ip: Number(ip),
      saddr,
      sport: Number(sport),
      daddr,
      dport: Number(dport),
      result,
      latency: Number(micros) / 1000,
      ...(more.length > 0 && { more: parseMore(more) }),
    };
  });
}

function parseMore([tid, uid, wall, retrans, rtt]: string[]): NonNullable<Attempt["more"]> {
  const known = (text: string | undefined) => text === "-" ? undefined : Number(text);
  return {
    tid: Number(tid),
    uid: Number(uid),
    wall: Number(wall),
    retrans: known(retrans),
    rtt: known(rtt),
  };
}

/** Output so far without the line that is not yet complete. */
export const wholeLines = (text: string) => text.slice(0, text.lastIndexOf("\n") + 1);

/** Reads the tool's table, header first; no cell may hold a space. */
export function parseRows(text: string): Row[] {
  const [header = "", ...lines] = text.split("\n");
  assert.equal(lines.pop(), "", "the last line is cut short");
  const titles = header.trim().split(/ +/);
  return lines.map((line) => {
    const cells = line.trim().split(/ +/);
    assert.equal(cells.length, titles.length, `not a row of "${header}": "${line}"`);
    return Object.fromEntries(titles.map((title, i) => [title, cells[i]!]));
  });
}

const SYNCHRONOUS = ["EACCES", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL", "ENETUNREACH", "EPERM"];

/** Whether the kernel took the attempt, so that it has a row without -r too. */
export function accepted({ sport, result }: Attempt): boolean {
  return sport !== 0 && !SYNCHRONOUS.includes(result);
}

const isAny = (address: string) => address === "0.0.0.0" || address === "::";

/**
 * After a refused connect the client no longer knows its address, but there was one. Of a failure
 * for want of a port back ends may know the address or not.
 */
function sourceMatches(attempt: Attempt, saddr: string): boolean {
  if (!isAny(attempt.saddr)) return attempt.saddr === saddr;
  return attempt.result === "EADDRNOTAVAIL" || isAny(saddr) !== accepted(attempt);
}

function matches(attempt: Attempt, row: Row): boolean {
  const { pid, comm, ip, sport, daddr, dport, result } = attempt;
  const source = sourceMatches(attempt, row["SADDR"]!);
  return source && row["PID"] === `${pid}` && row["COMM"] === comm && row["IP"] === `${ip}` &&
    row["DADDR"] === daddr && row["DPORT"] === `${dport}` &&
    (row["SPORT"] ?? `${sport}`) === `${sport}` && (row["RESULT"] ?? result) === result;
}

/** How far two clocks may be apart that were read by different processes, in microseconds. */
const CLOCKS = 2000;

/** A time of WTIME in microseconds since 1970. */
export function microsOf(time: string): number {
  const [, seconds, fraction, zone] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})([+-]\d\d:\d\d)$/.exec(time) ?? [];
  assert(seconds && fraction && zone, `not a time: ${time}`);
  return Date.parse(seconds + zone) * 1000 + Number(fraction);
}

/** Checks the columns that not all rows have. */
function checkMore({ more, comm, result, latency }: Attempt, row: Row): void {
  if (!more) return;
  const { wall, tid, uid, retrans, rtt } = more;
  const what = `${comm} ${result}`;
  assert.equal(row["TID"] ?? `${tid}`, `${tid}`, what);
  assert.equal(row["UID"] ?? `${uid}`, `${uid}`, what);
  if (row["WTIME"]) {
    const at = microsOf(row["WTIME"]) - wall;
    assert(at >= -CLOCKS && at <= latency * 1000 + CLOCKS, `${what}: WTIME off by ${at} us`);
  }
  if (row["RETRANS"] && retrans !== undefined && result !== "pending") {
    assert.equal(row["RETRANS"], `${retrans}`, what);
  }
  if (!row["RTT(ms)"]) return;
  const known = result === "ok" && retrans === 0 && rtt !== undefined;
  if (!known) assert(result === "ok" || row["RTT(ms)"] === "-", `${what}: ${row["RTT(ms)"]}`);
  // What fast open sends with the SYN may be answered before the client looks: another measurement.
  else if (!comm.startsWith("tfo")) assert.equal(row["RTT(ms)"], (rtt / 1000).toFixed(3), what);
}

/**
 * Demands that each attempt has exactly one row, and that there are no other rows.
 *
 * @param options.result Whether the tool ran with -r; without it only accepted attempts have rows.
 * @returns The attempts with their rows.
 */
export function compare(
  attempts: readonly Attempt[],
  rows: readonly Row[],
  options: { result: boolean },
): [Attempt, Row][] {
  const pairs: [Attempt, Row][] = [];
  const missing: Attempt[] = [];
  const unexpected = [...rows];
  for (const attempt of options.result ? attempts : attempts.filter(accepted)) {
    const at = unexpected.findIndex((row) => matches(attempt, row));
    if (at < 0) missing.push(attempt);
    else pairs.push([attempt, unexpected.splice(at, 1)[0]!]);
  }
  assert.deepEqual({ missing, unexpected }, { missing: [], unexpected: [] });
  for (const [attempt, row] of pairs) checkMore(attempt, row);
  return pairs;
}
