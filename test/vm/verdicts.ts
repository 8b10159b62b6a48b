/** Attempts with every result that a network can cause: network.sh makes the network. */

import type { Attempt, Case, Place } from "../cases.ts";

/** Where the shared cases connect to. */
export const place: Place = {
  v4: "127.0.0.1",
  v6: "::1",
  port: 8080,
  mptcpPort: 8083,
  closedPort: 9,
  sourcePort: 2000,
  silent4: "192.0.2.9",
  silent6: "2001:db8::9",
};

/** A case whose result is known. */
export interface Verdict extends Case {
  /** What the client must see. */
  result: string;
  /** The network namespace of the client, if that is not the guest's first. */
  netns?: string;
  /** Milliseconds that it must have taken. */
  least: number;
  /** Whether it takes a second and more. */
  slow: boolean;
}

/** A result, and how to connect to get it. */
interface Ending {
  name: string;
  v4: string;
  v6: string;
  port: number;
  /** For IPv4, and for IPv6 if that is another. */
  result: string;
  result6?: string;
  netns?: string;
  least?: number;
  slow?: boolean;
  ways?: string[];
}

const peer = { v4: "192.0.2.2", v6: "2001:db8::2" };
const slowPeer = { v4: "198.51.100.2", v6: "2001:db8:1::2" };
const near = { v4: "127.0.0.1", v6: "::1" };
const routed = (last: number) => ({ v4: `203.0.113.${last}`, v6: `2001:db8:3::${last}`, port: 80 });
const both = ["tcp", "nonblock"];

// An ICMP error that arrives while connect() holds the socket takes effect at the second SYN only.
const endings: Ending[] = [
  {
    name: "a slow answer",
    ...slowPeer,
    port: 80,
    result: "ok",
    least: 60,
  },
  { name: "a port nobody listens on", ...peer, port: 9, result: "ECONNREFUSED", ways: both },
  { name: "a reset by the peer's rule", ...peer, port: 101, result: "ECONNREFUSED", ways: both },
  {
    name: "port unreachable from the peer's rule",
    ...peer,
    port: 102,
    result: "ECONNREFUSED",
    slow: true,
    ways: both,
  },
  {
    name: "host unreachable from the peer's rule",
    ...peer,
    port: 103,
    result: "EHOSTUNREACH",
    slow: true,
    ways: both,
  },
  {
    name: "prohibited by the peer's rule",
    ...peer,
    port: 104,
    result: "EHOSTUNREACH",
    result6: "EACCES",
    slow: true,
    ways: both,
  },
  // Over the slow wire an error comes once connect() waits or has returned, and counts at once.
  ...[
    { port: 102, result: "ECONNREFUSED" },
    { port: 103, result: "EHOSTUNREACH" },
    { port: 104, result: "EHOSTUNREACH", result6: "EACCES" },
    { port: 106, result: "ENETUNREACH" },
  ].map((ending): Ending => ({
    name: `a late ${ending.result} from the peer's rule`,
    ...slowPeer,
    ...ending,
    least: 60,
    ways: both,
  })),
  {
    name: "dropped by the peer's rule",
    ...peer,
    port: 105,
    result: "ETIMEDOUT",
    slow: true,
    ways: both,
  },
  {
    name: "no route from the peer's rule",
    ...peer,
    port: 106,
    result: "ENETUNREACH",
    slow: true,
    ways: both,
  },
  { name: "a full backlog", ...peer, port: 107, result: "ETIMEDOUT", slow: true },
  { name: "dropped by a rule of its own", ...peer, port: 111, result: "ETIMEDOUT", slow: true },
  { name: "a reset by a rule of its own", ...peer, port: 112, result: "ECONNREFUSED" },
  {
    name: "port unreachable by a rule of its own",
    ...peer,
    port: 113,
    result: "ECONNREFUSED",
    slow: true,
    ways: both,
  },
  {
    name: "host unreachable by a rule of its own",
    ...peer,
    port: 114,
    result: "EHOSTUNREACH",
    slow: true,
    ways: both,
  },
  {
    name: "prohibited by a rule of its own",
    ...peer,
    port: 115,
    result: "EHOSTUNREACH",
    result6: "EACCES",
    slow: true,
    ways: both,
  },
  {
    name: "no route by a rule of its own",
    ...peer,
    port: 116,
    result: "ENETUNREACH",
    slow: true,
    ways: both,
  },
  {
    name: "a neighbour who is away",
    v4: "192.0.2.77",
    v6: "2001:db8::77",
    port: 80,
    result: "EHOSTUNREACH",
    slow: true,
  },
  { name: "a prohibited route", ...routed(1), result: "EACCES", ways: both },
  { name: "an unreachable route", ...routed(2), result: "EHOSTUNREACH" },
  { name: "a black hole", ...routed(3), result: "EINVAL" },
  { name: "no route", ...routed(4), result: "ENETUNREACH", ways: both },
  { name: "no free port", ...near, port: 80, result: "EADDRNOTAVAIL", netns: "narrow" },
];

/** Each ending over IPv4, IPv6 and to an IPv4-mapped address. */
export const verdicts: readonly Verdict[] = endings.flatMap((ending) => {
  const {
    name,
    v4,
    v6,
    port,
    result,
    result6 = result,
    netns,
    least = 0,
    slow = false,
    ways = ["tcp"],
  } = ending;
  const make = (version: string, way: string, address: string, result: string): Verdict => ({
    name: `${name} over ${version} (${way})`,
    attempts: 1,
    argv: () => [way, address, port],
    result,
    // The second SYN is sent after a second, and the kernel waits at least as long for its answer.
    least: result === "ETIMEDOUT" ? 2000 : least,
    slow,
    ...(netns === undefined ? {} : { netns }),
  });
  return [
    ...ways.flatMap((way) => [make("IPv4", way, v4, result), make("IPv6", way, v6, result6)]),
    make("a mapped address", "mapped", v4, result),
    ...(ways === both ? [make("a mapped address", "nonblock-mapped", v4, result)] : []),
  ];
});

/**
 * Adds to an attempt what the client cannot know. After a failure its socket has no address any more,
 * though it had one when the ICMP error came.
 *
 * @param result Whether the rows to compare with show the result.
 */
export function completed(attempt: Attempt, { result }: { result: boolean }): Attempt {
  if (attempt.sport === 0) return attempt;
  // This side of each wire has the address that ends in 1.
  const saddr = attempt.daddr.replace(/\d+$/, "1");
  return { ...attempt, saddr, result: result ? attempt.result : "ok" };
}
