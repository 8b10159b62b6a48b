/** The values of options: from text to what is meant, or a usage error. */

import { readFileSync } from "node:fs";
import { printable } from "../event/printable.ts";
import { resultOf } from "../event/verdict.ts";
import type { CommPattern, PortRange, Selection } from "../kernel/filters.ts";

/** Arguments that cannot be taken; its message is one line for the user, whatever it quotes. */
export class UsageError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** Most values that a list takes, unless it says otherwise: MAX_PIDS, MAX_UIDS, MAX_COMMS, MAX_RESULTS of tcpconnect.h. */
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

/**
 * A selection from comma-separated lists: a `!` before a list means all but its elements. All lists
 * of an option count, so they must agree on that.
 *
 * @param max The most values that the kernel program takes; each counts once.
 */
export function selection<T extends string | number | object>(
  texts: readonly string[],
  what: string,
  parse: (text: string) => T | readonly T[],
  max = maxValues,
): Selection<T> {
  const except = texts.length > 0 && texts.every((text) => text.startsWith("!"));
  const elements = texts.flatMap((text) => (except ? text.slice(1) : text).split(","));
  if (elements.includes("")) throw new UsageError(`empty ${what} in '${texts.join(",")}'`);
  if (elements.some((element) => element.startsWith("!"))) {
    throw new UsageError(
      `invalid ${what} in '${texts.join(",")}': one '!' stands before a whole list, and negates it`,
    );
  }
  const parsed = elements.flatMap(parse);
  const values = [...new Map(parsed.map((value) => [JSON.stringify(value), value])).values()];
  if (values.length > max) {
    throw new UsageError(`too many ${what}s: ${values.length}, of at most ${max}`);
  }
  return { values, except };
}

/** One of some names. */
export function choice<T extends string>(text: string, option: string, names: readonly T[]): T {
  const found = names.find((name) => name === text);
  if (!found) throw new UsageError(`invalid ${option} '${text}': not ${names.join(", ")}`);
  return found;
}

export const pid = (text: string): number => number(text, "PID", 1, 0x7fffffff);

/** A port, or a range of ports as in `8000-8999`. */
export function ports(text: string): PortRange {
  const port = (text: string) => number(text, "port", 1, 65535);
  if (!/^[0-9]+-[0-9]+$/.test(text)) return { from: port(text), to: port(text) };
  const [from, to] = text.split("-").map(port) as [number, number];
  if (from > to) throw new UsageError(`invalid ports '${text}': the first is above the last`);
  return { from, to };
}

/** A name as COMM has it, or with `*` behind or before it what COMM begins or ends with. */
export function comm(text: string): CommPattern {
  const [, before, name, after] = /^(\*?)([^*]*)(\*?)$/s.exec(text) ?? [];
  if (!name || (before && after)) {
    throw new UsageError(`invalid name '${text}': a name has one '*', at its begin or its end`);
  }
  const { length } = new TextEncoder().encode(name);
  // TASK_COMM_LEN of include/linux/sched.h, with the NUL
  if (length > 15) {
    throw new UsageError(`invalid name '${text}': ${length} bytes, but COMM has at most 15`);
  }
  return { name, part: before ? "end" : after ? "begin" : "whole" };
}

// 4294967295 is (uid_t)-1, which is not a user: setuid(2) rejects it.
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

/** A result by its name: `ok`, `closed`, `pending` or that of an errno. */
export function result(text: string): number {
  const found = resultOf(text);
  if (found !== undefined) return found;
  throw new UsageError(
    `invalid result '${text}': not ok, closed, pending or the name of an errno such as ECONNREFUSED`,
  );
}

/** Milliseconds, down to a nanosecond; returns nanoseconds. */
export function milliseconds(text: string): bigint {
  if (!/^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(text)) {
    throw new UsageError(`invalid latency '${text}': not milliseconds as 250 or 0.25`);
  }
  return BigInt(Math.round(Number(text) * 1e6));
}

/** A number of rows. */
export const rows = (text: string): number =>
  number(text, "number of rows", 1, Number.MAX_SAFE_INTEGER);

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time with its unit, or in seconds, as timeout(1) takes it; returns milliseconds. */
export function duration(text: string): number {
  const [, amount, unit = "s"] = /^([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|[smhd])?$/.exec(text) ?? [];
  const ms = Number(amount) * UNITS[unit as keyof typeof UNITS];
  if (!(ms > 0)) throw new UsageError(`invalid time '${text}': not as 500ms, 30s, 1.5m, 12h or 2d`);
  return ms;
}

/** The kernel wants a power of two; the upper bound keeps a buffer below 256 MiB per CPU. */
export function pages(text: string): number {
  const count = number(text, "number of pages", 1, 65536);
  if (count & (count - 1)) {
    throw new UsageError(`invalid number of pages '${text}': not a power of two`);
  }
  return count;
}
