/** Command line -> options. */

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** How to attach, in the order in which `auto` tries. */
export const backends = ["fentry", "kprobe", "tracepoint"] as const;
export type Backend = (typeof backends)[number];

/** What the command line asks for. */
export interface Options {
  verbose: boolean;
  timestamp: boolean;
  count: boolean;
  printUid: boolean;
  sourcePort: boolean;
  result: boolean;
  failed: boolean;
  /** In nanoseconds. */
  minLatency: bigint;
  pids: number[];
  uids: number[];
  ports: number[];
  family: 0 | 4 | 6;
  attach: Backend | "auto";
  btf: string | undefined;
  bufferPages: number;
}

export type Command =
  | { run: "trace" | "doctor"; options: Options }
  | { run: "help" | "usage" | "version" };

/** Arguments that cannot be taken; its message is one line for the user, whatever it quotes. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message.replace(/\p{Cc}/gu, "?"));
  }
}

/** Most values that -p, -u and -P take: MAX_PIDS, MAX_UIDS and MAX_PORTS of tcpconnect.h. */
export const maxValues = 64;

const flag = (short: string) => ({ type: "boolean", short }) as const;
const long = { type: "boolean" } as const;
const values = (short: string) => ({ type: "string", short, multiple: true }) as const;
const value = { type: "string" } as const;

const config = {
  verbose: flag("v"),
  timestamp: flag("t"),
  count: flag("c"),
  "print-uid": flag("U"),
  "source-port": flag("s"),
  lport: flag("L"),
  result: flag("r"),
  failed: long,
  "min-latency": value,
  pid: values("p"),
  uid: values("u"),
  port: values("P"),
  ipv4: flag("4"),
  ipv6: flag("6"),
  cgroupmap: values("C"),
  mntnsmap: values("M"),
  attach: value,
  btf: value,
  "buffer-pages": value,
  doctor: long,
  help: flag("h"),
  "?": flag("?"),
  usage: long,
  version: flag("V"),
} as const;

/** Expands `--time` to `--timestamp`, as getopt_long(3) does with every unambiguous beginning. */
function expand(arg: string): string {
  const [, name, rest] = /^--([^=]+)(.*)$/s.exec(arg) ?? [];
  if (name === undefined || name in config) return arg;
  const matches = Object.keys(config).filter((key) => key.startsWith(name));
  if (matches.length > 1) {
    throw new UsageError(
      `option '--${name}' is ambiguous: ${matches.map((m) => `--${m}`).join(", ")}`,
    );
  }
  return matches.length === 1 ? `--${matches[0]}${rest}` : arg;
}

function expandAll(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, i) => end >= 0 && i >= end ? arg : expand(arg));
}

function parseTokens(args: readonly string[]) {
  try {
    return parseArgs({ args: expandAll(args), options: config, strict: true });
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Node's messages go on with advice about '--' in further sentences.
    const { message } = error as Error;
    const [, first] = /^([^]*?)(?:\.\s(?:To specify|This command|Did you)[^]*)?$/.exec(message)!;
    throw new UsageError(
      first!.replace(/^./, (letter) => letter.toLowerCase())
        .replace(/^unknown option '(?!-)/, "$&-")
        .replace(/argument is ambiguous$/, "needs a value that does not begin with '-'"),
    );
  }
}

/** A whole number in decimal digits, within bounds. */
function number(text: string, what: string, min: number, max: number): number {
  const parsed = /^[0-9]+$/.test(text) ? Number(text) : NaN;
  if (!(parsed >= min && parsed <= max)) {
    throw new UsageError(`invalid ${what} '${text}': not a whole number from ${min} to ${max}`);
  }
  return parsed;
}

/** The elements of comma-separated lists. */
function list<T>(texts: string[] | undefined, what: string, parse: (text: string) => T): T[] {
  const elements = (texts ?? []).flatMap((text) => text.split(",")).map((text) => {
    if (text === "") throw new UsageError(`empty ${what} in '${texts!.join(",")}'`);
    return parse(text);
  });
  const unique = [...new Set(elements)];
  if (unique.length > maxValues) {
    throw new UsageError(`too many ${what}s: ${unique.length}, of at most ${maxValues}`);
  }
  return unique;
}

function passwd(): string[] {
  try {
    return readFileSync("/etc/passwd", "utf8").split("\n");
  } catch {
    return [];
  }
}

function uid(text: string): number {
  // 4294967295 is (uid_t)-1, which the kernel gives to nobody.
  if (/^[0-9]/.test(text)) return number(text, "UID", 0, 0xfffffffe);
  const entry = passwd().find((line) => line.split(":")[0] === text);
  if (!entry) throw new UsageError(`unknown user '${text}': not in /etc/passwd; give the UID`);
  return Number(entry.split(":")[2]);
}

function milliseconds(text: string): bigint {
  if (!/^[0-9]{1,9}(\.[0-9]{1,6})?$/.test(text)) {
    throw new UsageError(`invalid latency '${text}': not milliseconds as 250 or 0.25`);
  }
  return BigInt(Math.round(Number(text) * 1e6));
}

/** The kernel wants a power of two; the upper bound keeps a buffer below 256 MiB per CPU. */
function pages(text: string): number {
  const count = number(text, "number of pages", 1, 65536);
  if (count & (count - 1)) {
    throw new UsageError(`invalid number of pages '${text}': not a power of two`);
  }
  return count;
}

function backend(text: string): Options["attach"] {
  const found = (["auto", ...backends] as const).find((name) => name === text);
  if (!found) {
    throw new UsageError(`invalid --attach '${text}': not auto, ${backends.join(", ")}`);
  }
  return found;
}

/**
 * Parses the command line.
 *
 * @param args Without the program's name.
 * @throws {UsageError} On anything that is not understood completely.
 */
export function parse(args: readonly string[]): Command {
  const { values: v } = parseTokens(args);
  if (v.help || v["?"]) return { run: "help" };
  if (v.usage) return { run: "usage" };
  if (v.version) return { run: "version" };
  if (v.cgroupmap || v.mntnsmap) {
    const option = v.cgroupmap ? "-C/--cgroupmap" : "-M/--mntnsmap";
    throw new UsageError(`${option} is not available: nothing would be filtered`);
  }
  if (v.ipv4 && v.ipv6) throw new UsageError("-4 and -6 exclude each other");
  const options: Options = {
    verbose: v.verbose ?? false,
    timestamp: v.timestamp ?? false,
    count: v.count ?? false,
    printUid: v["print-uid"] ?? false,
    sourcePort: (v["source-port"] || v.lport) ?? false,
    result: (v.result || v.failed || v["min-latency"] !== undefined) ?? false,
    failed: v.failed ?? false,
    minLatency: milliseconds(v["min-latency"] ?? "0"),
    pids: list(v.pid, "PID", (text) => number(text, "PID", 1, 0x7fffffff)),
    uids: list(v.uid, "UID", uid),
    ports: list(v.port, "port", (text) => number(text, "port", 1, 65535)),
    family: v.ipv4 ? 4 : v.ipv6 ? 6 : 0,
    attach: backend(v.attach ?? "auto"),
    btf: v.btf,
    bufferPages: pages(v["buffer-pages"] ?? "128"),
  };
  return { run: v.doctor ? "doctor" : "trace", options };
}
