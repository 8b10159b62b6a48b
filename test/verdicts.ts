/** Every way for an attempt to end, and the network in which it ends so. */

import { Netns } from "./netns.ts";
import { makeRejections, type Rejection, rejections } from "./rejections.ts";
import { client, ready, takePort } from "./tool.ts";

export const open = `${takePort()}`;
const closed = `${takePort()}`;
const reset = `${takePort()}`;
const forbidden = `${takePort()}`;
const dropped = `${takePort()}`;
export const full = `${takePort()}`;
export const ports = [open, closed, reset, forbidden, dropped, full].join();

/** A client's arguments, and what every attempt of it must come to. */
export interface Verdict {
  name: string;
  argv: string[];
  results: string[];
  /** It has to be made in another namespace than the others, or at another time. */
  place?: "one port" | "firewall" | "backlog";
}

const verdict = (result: string, why: string, ...argv: string[]): Verdict => ({
  name: `-r says ${result}: ${why}, ${argv.join(" ")}`,
  argv,
  results: [result],
});

/** Over IPv4, IPv6 and an IPv4-mapped address. */
const thrice = (result: string, why: string, v4: string, v6: string, port: string) => [
  verdict(result, why, "tcp", v4, port),
  verdict(result, why, "tcp", v6, port),
  verdict(result, why, "mapped", v4, port),
];

/** What ICMP says, whether the client waits in connect() or is woken for it. */
function rejected({ type, errno, by, family, address }: Rejection): Verdict[] {
  const ways = ["tcp", "nonblock", ...(family === 4 ? ["mapped", "nonblock-mapped"] : [])];
  return ways.map((way) => verdict(errno, `${by} rule, ${type}`, way, address, closed));
}

const at = (by: Rejection["by"], family: Rejection["family"]) =>
  rejections.find((rejection) => rejection.by === by && rejection.family === family)!.address;

const mixed = (argv: string[]): Verdict => ({
  name: `-r says EAFNOSUPPORT and EINVAL: the socket is of the other family, ${argv.join(" ")}`,
  argv,
  results: ["EAFNOSUPPORT", "EINVAL"],
});

/** Where the clients are. */
export const [near4, near6] = ["192.0.2.1", "2001:db8::1"];
export const [far4, far6, silent4, silent6] = [
  "192.0.2.2",
  "2001:db8::2",
  "192.0.2.9",
  "2001:db8::9",
];

export const verdicts: Verdict[] = [
  ...thrice("ok", "the server answers", far4, far6, open),
  ...thrice("ECONNREFUSED", "nobody listens", far4, far6, closed),
  ...thrice("ETIMEDOUT", "nobody answers", silent4, silent6, closed),
  ...thrice("EHOSTUNREACH", "no such neighbour", "192.0.2.77", "2001:db8::77", closed),
  ...thrice("EHOSTUNREACH", "unreachable route", "198.51.100.1", "2001:db8:1::1", closed),
  ...thrice("ENETUNREACH", "no route", "100.64.0.1", "2001:db8:f::1", closed),
  ...thrice("EACCES", "prohibit route", "203.0.113.1", "2001:db8:2::1", closed),
  ...thrice("EINVAL", "blackhole route", "192.0.0.1", "2001:db8:3::1", closed),
  verdict("EHOSTUNREACH", "no such neighbour", "io_uring", "192.0.2.77", closed),
  verdict("EHOSTUNREACH", "no such neighbour", "nonblock", "2001:db8::77", closed),
  mixed(["family-mix", "127.0.0.1", closed]),
  mixed(["family-mix", "::1", closed]),
  ...["giveup", "linger", "sndtimeo", "die"].flatMap((way) => [
    verdict("closed", "the program gave up", way, silent4, closed, "200"),
    verdict("closed", "the program gave up", way, silent6, closed, "200"),
  ]),
  ...thrice("EADDRNOTAVAIL", "no port is free", "127.0.0.1", "::1", open)
    .map((v): Verdict => ({ ...v, place: "one port" })),
  ...thrice("ETIMEDOUT", "the backlog is full", far4, far6, full)
    .map((v): Verdict => ({ ...v, place: "backlog" })),
  ...[
    verdict("ECONNREFUSED", "a firewall resets", "tcp", far4, reset),
    verdict("EHOSTUNREACH", "a firewall forbids", "tcp", far4, forbidden),
    verdict("ETIMEDOUT", "a firewall drops", "tcp", far4, dropped),
    ...rejections.flatMap(rejected),
    ...(["own", "peer"] as const).flatMap((by): Verdict[] => [
      {
        name: `-r says what ICMP said: the program was woken, but did not ask why, ${by} rule`,
        argv: ["pollerr", at(by, 4), closed],
        results: ["ECONNREFUSED", "ECONNREFUSED"],
      },
      // It waits in connect(), which goes on: its first SYN was rejected, its second is to come.
      verdict("closed", "the program gave up, untold", "sndtimeo", at(by, 4), closed, "200"),
      // Over IPv6 nothing wakes it at the first.
      verdict("closed", "the program gave up, untold", "giveup", at(by, 6), closed, "200"),
    ]),
  ].map((v): Verdict => ({ ...v, place: "firewall" })),
];

/** All namespaces, ready: the clients' own, by the places of verdicts. */
export async function prepare() {
  const wire = ["mcast_solicit=1", "retrans_time_ms=100"];
  const neighbours = ["ipv4", "ipv6"].flatMap((ip) => wire.map((s) => `net.${ip}.neigh.wire.${s}`));
  const [a, b] = await Netns.pair("net.ipv4.tcp_syn_retries=1");
  await a.set(...neighbours);
  await a.silence(silent4, silent6);
  // On a busy machine the peer would not be found in time for that.
  const [mac] = /(?:[0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(await b.run("ip", "link", "show", "wire"))!;
  for (const address of [far4, far6]) {
    const neighbour = [address!, "lladdr", mac, "nud", "permanent", "dev", "wire"];
    await a.run("ip", "neighbour", "add", ...neighbour);
  }
  for (
    const [type, v4, v6] of [
      ["unreachable", "198.51.100.0/24", "2001:db8:1::/64"],
      ["prohibit", "203.0.113.0/24", "2001:db8:2::/64"],
      ["blackhole", "192.0.0.0/24", "2001:db8:3::/64"],
    ] as const
  ) {
    await a.run("ip", "route", "add", type, v4);
    await a.run("ip", "-6", "route", "add", type, v6);
  }
  const reject = ["REJECT", "--reject-with"];
  const firewall = await Promise.all([
    [reset, ...reject, "tcp-reset"],
    [forbidden, ...reject, "icmp-host-prohibited"],
    [dropped, "DROP"],
  ].map(([port, ...target]) =>
    b.end(["iptables", "-w", "-A", "INPUT", "-p", "tcp", "--dport", port!, "-j", ...target])
  ));
  const refusal = firewall.find(({ status }) => status !== 0)?.stderr ??
    await makeRejections(a, b, far4!, far6!);
  for (const address of [far4, far6]) {
    await ready(b.start([client, "serve", address, open]));
    await ready(b.start([client, "serve-backlog", address, full]));
  }
  const c = await Netns.open("net.ipv4.ip_local_port_range=40000 40000");
  for (const address of ["127.0.0.1", "::1"]) {
    await ready(c.start([client, "serve", address, open]));
  }
  return { a, c, refusal };
}
