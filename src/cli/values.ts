/** The values of options: from text to what is meant, or a usage error. */

import { readFileSync } from "node:fs";
import { printable } from "../event/printable.ts";

/** Arguments that cannot be taken; its message is one line for the user, whatever it quotes. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** Most values that a list takes: MAX_PIDS, MAX_UIDS and MAX_PORTS of tcpconnect.h. */
export const maxValues = 64;

/** A whole number in decimal digits, within bounds. */
export function number(text: string, what: string, min: number, max: number): number {
  if (/^0[0-9]/.test(text)) {
    throw new UsageError(`invalid ${what} '${text}': not decimal, since it begins with 0`);
  }
  const parsed = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (!(parsed >= min && parsed <= max)) {
    throw new UsageError(`invalid ${what} '${text}': not a whole number from ${min} to ${max}`);
  }
  return parsed;
}

/** The elements of comma-separated lists, each once. */
export function list<T>(texts: readonly string[], what: string, parse: (text: string) => T): T[] {
  const elements = texts.flatMap((text) => text.split(",")).map((text) => {
    if (text === "") throw new UsageError(`empty ${what} in '${texts.join(",")}'`);
    return parse(text);
  });
  const unique = [...new Set(elements)];
  if (unique.length > maxValues) {
    throw new UsageError(`too many ${what}s: ${unique.length}, of at most ${maxValues}`);
  }
  return unique;
}

/** One of some names. */
export function choice<T extends string>(text: string, option: string, names: readonly T[]): T {
  const found = names.find((name) => name === text);
  if (!found) throw new UsageError(`invalid ${option} '${text}': not ${names.join(", ")}`);
  return found;
}

export const pid = (text: string): number => number(text, "PID", 1, 0x7fffffff);
export const port = (text: string): number => number(text, "port", 1, 65535);

// 4294967295 is (uid_t)-1, which the kernel gives to nobody.
const MAX_UID = 0xfffffffe;

/** A UID, or the name of a user in /etc/passwd. */
export function uid(text: string): number {
  if (/^[0-9]/.test(text)) return number(text, "UID", 0, MAX_UID);
  return uidOf(text, readPasswd());
}

/**
 * The UID of a user; a line without one is no line for UID 0.
 *
 * @param passwd As passwd(5) has it. The first line of a name counts, as with getpwnam(3).
 */
export function uidOf(name: string, passwd: string): number {
  const fields = passwd.split("\n").map((line) => line.split(":")).find(([user]) => user === name);
  if (!fields) throw new UsageError(`unknown user '${name}': not in /etc/passwd; give the UID`);
  const uid = fields[2] ?? "";
  if (!/^[0-9]+$/.test(uid) || Number(uid) > MAX_UID) {
    throw new UsageError(`user '${name}' has no valid UID in /etc/passwd: '${uid}'; give the UID`);
  }
  return Number(uid);
}

function readPasswd(): string {
  try {
    return readFileSync("/etc/passwd", "utf8");
  } catch {
    return "";
  }
}

/** Milliseconds, down to a nanosecond; returns nanoseconds. */
export function milliseconds(text: string): bigint {
  if (!/^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(text)) {
    throw new UsageError(`invalid latency '${text}': not milliseconds as 250 or 0.25`);
  }
  return BigInt(Math.round(Number(text) * 1e6));
}

/** The kernel wants a power of two; the upper bound keeps a buffer below 256 MiB per CPU. */
export function pages(text: string): number {
  const count = number(text, "number of pages", 1, 65536);
  if (count & (count - 1)) {
    throw new UsageError(`invalid number of pages '${text}': not a power of two`);
  }
  return count;
}
