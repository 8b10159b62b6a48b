/** Rejections by ICMP: every type that iptables knows, by a rule of the client's own and the peer's. */

import type { Netns } from "./netns.ts";

/** The errno of each type of rejection: icmp_err_convert[] and icmpv6_err_convert() in the kernel. */
const types4: Readonly<Record<string, string>> = {
  "icmp-port-unreachable": "ECONNREFUSED",
  "icmp-net-unreachable": "ENETUNREACH",
  "icmp-host-unreachable": "EHOSTUNREACH",
  "icmp-proto-unreachable": "ENOPROTOOPT",
  "icmp-net-prohibited": "ENETUNREACH",
  "icmp-host-prohibited": "EHOSTUNREACH",
  "icmp-admin-prohibited": "EHOSTUNREACH",
};
const types6: Readonly<Record<string, string>> = {
  "icmp6-port-unreachable": "ECONNREFUSED",
  "icmp6-no-route": "ENETUNREACH",
  "icmp6-addr-unreachable": "EHOSTUNREACH",
  "icmp6-adm-prohibited": "EACCES",
  "icmp6-policy-fail": "EACCES",
  "icmp6-reject-route": "EACCES",
};

/** A destination that one rule rejects. */
export interface Rejection {
  type: string;
  errno: string;
  /** Whose rule it is. */
  by: "own" | "peer";
  family: 4 | 6;
  address: string;
}

const rejectionsOf = (by: "own" | "peer", subnet: number): Rejection[] => [
  ...Object.entries(types4).map(([type, errno], i): Rejection => (
    { type, errno, by, family: 4, address: `198.18.${subnet}.${i + 1}` }
  )),
  ...Object.entries(types6).map(([type, errno], i): Rejection => (
    { type, errno, by, family: 6, address: `2001:db8:18:${subnet}::${i + 1}` }
  )),
];

export const rejections: readonly Rejection[] = [
  ...rejectionsOf("own", 1),
  ...rejectionsOf("peer", 2),
];

/**
 * Makes the rules, and routes to the destinations.
 *
 * @param own Where the clients are.
 * @param peer What they reach at `far4` and `far6`.
 * @returns Why it cannot be done here, if so.
 */
export async function makeRejections(own: Netns, peer: Netns, far4: string, far6: string) {
  // Otherwise the errors of one client use up what another needs.
  const limits = ["net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0"];
  await Promise.all([own, peer].map((netns) => netns.set(...limits)));
  await own.run("ip", "route", "add", "198.18.0.0/16", "via", far4);
  await own.run("ip", "-6", "route", "add", "2001:db8:18::/48", "via", far6);
  await peer.run("ip", "route", "add", "local", "198.18.0.0/16", "dev", "lo");
  await peer.run("ip", "-6", "route", "add", "local", "2001:db8:18::/48", "dev", "lo");
  const rules = await Promise.all(rejections.map(({ type, by, family, address }) => {
    const command = family === 4 ? "iptables" : "ip6tables";
    const [netns, chain] = by === "own" ? [own, "OUTPUT"] : [peer, "INPUT"];
    const rule = ["-A", chain, "-p", "tcp", "-d", address, "-j", "REJECT", "--reject-with", type];
    return netns.end([command, "-w", ...rule]);
  }));
  return rules.find(({ status }) => status !== 0)?.stderr;
}
