/** Addresses and networks: from text to bytes, or a usage error. */

import type { Network } from "../kernel/filters.ts";
import { UsageError } from "./values.ts";

/** An address: 4 or 16 bytes, in network byte order. */
type Bytes = readonly number[];

/** Names for networks. */
export const networkNames: Readonly<Record<string, readonly string[]>> = {
  // RFC 1918, RFC 4193
  private: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"],
  // RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3
  loopback: ["127.0.0.0/8", "::1"],
  // RFC 3927, RFC 4291, section 2.5.6
  "link-local": ["169.254.0.0/16", "fe80::/10"],
};

/**
 * A network in CIDR notation, an address, or a name of networks. What lies within ::ffff:0:0/96 is
 * IPv4, as in an event. Host bits must be 0: `10.0.0.1/8` may be meant as one address or as all.
 */
export function networks(text: string): Network[] {
  if (Object.hasOwn(networkNames, text)) return networkNames[text]!.flatMap(networks);
  const [, host, prefix] = /^([^/]*)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  const bytes = host === undefined ? undefined : ipv4(host) ?? ipv6(host);
  if (!bytes) {
    const names = Object.keys(networkNames).join(", ");
    throw new UsageError(`invalid address '${text}': not as 10.0.0.0/8, 2001:db8::1 or ${names}`);
  }
  const size = 8 * bytes.length;
  const bits = prefix === undefined ? size : Number(prefix);
  if (bits > size) throw new UsageError(`invalid address '${text}': a prefix of at most ${size}`);
  if (bytes.some((byte, i) => byte & hostBits(bits - 8 * i))) {
    const all = `as a network it begins with ${bits} bits and ends with zeros`;
    throw new UsageError(`invalid address '${text}': it has host bits; ${all}`);
  }
  const mapped = bits >= 96 && size === 128 && MAPPED.every((byte, i) => bytes[i] === byte);
  if (mapped) return [{ family: 4, address: bytes.slice(12), bits: bits - 96 }];
  return [{ family: size === 32 ? 4 : 6, address: bytes, bits }];
}

const MAPPED: Bytes = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The bits of a byte beyond the first few. */
const hostBits = (bits: number) => 0xff >> Math.max(0, Math.min(bits, 8));

/** Four numbers in decimal, as inet_pton(3) takes them: none with a zero before it. */
export function ipv4(text: string): Bytes | undefined {
  const parts = text.split(".");
  const good = parts.length === 4 &&
    parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256);
  return good ? parts.map(Number) : undefined;
}

/** Eight groups in hexadecimal, as inet_pton(3) takes them; `::` stands for at least one. */
export function ipv6(text: string): Bytes | undefined {
  const [head = "", tail, more] = text.split("::");
  if (more !== undefined) return undefined;
  const [before, after] = [head, tail ?? ""].map((part, i) =>
    groups(part, i === 1 || !text.includes("::"))
  );
  if (!before || !after) return undefined;
  const missing = 16 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...before, ...Array<number>(missing).fill(0), ...after];
}

/** The bytes of groups between colons; the last may be an IPv4 address if the text ends there. */
function groups(text: string, last: boolean): Bytes | undefined {
  if (text === "") return [];
  const bytes: number[] = [];
  for (const [i, part] of text.split(":").entries()) {
    const dotted = last && i === text.split(":").length - 1 ? ipv4(part) : undefined;
    if (dotted) bytes.push(...dotted);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) bytes.push(...split(parseInt(part, 16)));
    else return undefined;
  }
  return bytes;
}

const split = (group: number) => [group >> 8, group & 0xff];
