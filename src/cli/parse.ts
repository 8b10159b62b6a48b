/** Parses the command line into the inputs of kernel/, views/ and run/. */

import { parseArgs, type ParseArgsConfig } from "node:util";
import { type ColumnKey, needsOf } from "../event/columns.ts";
import { result as codes } from "../event/layout.gen.ts";
import type { Selection } from "../kernel/filters.ts";
import type { TraceSpec } from "../kernel/spec.ts";
import type { TableOptions } from "../views/table.ts";
import type { ColorMode } from "./color.ts";
import { HELP, shownColumns } from "./columns.ts";
import { optionEntries, type Shell, type Values } from "./options.ts";
import { maxValues, UsageError } from "./values.ts";

/** What the command line asks for. */
export type Request =
  | { readonly run: "help" | "usage" | "version" | "columns" }
  | { readonly run: "completions"; readonly shell: Shell }
  | { readonly run: "doctor"; readonly spec: TraceSpec; readonly verbose: boolean }
  | {
    readonly run: "trace";
    readonly spec: TraceSpec;
    /** Whether to print JSON objects instead of a table. */
    readonly json: boolean;
    readonly table: Omit<TableOptions, "color">;
    readonly color: ColorMode;
    readonly verbose: boolean;
    /** When to end without a signal: after so many rows, after so many milliseconds. */
    readonly limits: { readonly rows: number; readonly duration: number };
  };

type Config = NonNullable<ParseArgsConfig["options"]>;

/** The table as parseArgs() takes it. A letter beyond the first is a name of its own there. */
const config: Config = Object.fromEntries(
  optionEntries.flatMap(([name, { short = "", value, multiple }]) => {
    const type = value === undefined ? "boolean" as const : "string" as const;
    const [letter, ...more] = [...short].reverse();
    return [
      [name, { type, multiple, ...(letter === undefined ? {} : { short: letter }) }],
      ...more.map((other) => [other, { type, multiple, short: other }]),
    ];
  }),
);

/** Expands `--time` to `--timestamp`, as getopt_long(3) does with every unambiguous beginning. */
function expand(arg: string): string {
  const [, name, rest] = /^--([^=]+)(.*)$/s.exec(arg) ?? [];
  if (name === undefined || Object.hasOwn(config, name)) return arg;
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

type Given = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

function parseTokens(args: readonly string[]): Given {
  try {
    return parseArgs({ args: expandAll(args), options: config, strict: true }).values;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Only the first sentence: Node's messages continue with advice about '--'.
    const { message } = error as Error;
    const [, first] = /^([^]*?)(?:\.\s(?:To specify|This command|Did you)[^]*)?$/.exec(message)!;
    throw new UsageError(
      first!.replace(/^./, (letter) => letter.toLowerCase())
        .replace(/^unknown option '(?!-)/, "$&-")
        .replace(/argument is ambiguous$/, "needs a value that does not begin with '-'"),
    );
  }
}

/** The options that are on, by long name; each with the given option that turned it on. */
function inForce(given: Given): Map<string, string> {
  const all = optionEntries.filter(([name]) => given[name] !== undefined);
  return new Map([
    ...all.flatMap(([name, { implies = [] }]) => implies.map((other) => [other, name] as const)),
    ...all.map(([name]) => [name, name] as const),
  ]);
}

/** The shortest spelling of an option. */
function spelled(name: string): string {
  const [, { short = "" }] = optionEntries.find(([other]) => other === name)!;
  return short ? `-${short[0]}` : `--${name}`;
}

function checkExclusions(force: ReadonlyMap<string, string>): void {
  for (const [name, { excludes = [] }] of optionEntries) {
    const other = force.has(name) && excludes.find((other) => force.has(other));
    if (!other) continue;
    const [one, two] = [name, other].map((of) => spelled(force.get(of)!));
    throw new UsageError(`${one} and ${two} exclude each other`);
  }
}

/** The values of all options, also of those that others imply. */
function evaluate(given: Given): Values {
  const force = inForce(given);
  checkExclusions(force);
  const texts = (name: string) => [given[name] ?? (force.has(name) ? true : [])].flat().map(String);
  return Object.fromEntries(
    optionEntries.map(([name, { parse }]) => [name, parse(texts(name))]),
  ) as Values;
}

/**
 * Which columns there are without --output. The C tool fixes the order of the table's; JSON has all
 * that costs nothing more.
 */
const ownColumns = (v: Values): ColumnKey[] =>
  shownColumns({
    wtime: v["wall-time"],
    time: v.timestamp,
    uid: v.json || v["print-uid"],
    user: false,
    pid: true,
    tid: false,
    comm: true,
    ip: true,
    saddr: true,
    daddr: true,
    sport: v.json || v["source-port"],
    dport: true,
    result: v.result,
    lat: v.result,
    retrans: false,
    rtt: false,
  });

/** As in lsblk(8): a list replaces the columns that other options show, unless it begins with +. */
const chosenColumns = (v: Values): readonly ColumnKey[] =>
  v.output?.add === false ? v.output.keys : [...ownColumns(v), ...v.output?.keys ?? []];

/** The results of `--errno`, and of these the failures with `--failed`. */
function results({ failed, errno: { values, except } }: Values): Selection<number> {
  const { RESULT_OK } = codes;
  if (!failed) return { values, except };
  if (except || values.length === 0) {
    const others = [...new Set([...values, RESULT_OK])];
    if (others.length > maxValues) {
      throw new UsageError(
        `too many results: ${others.length} with --failed, of at most ${maxValues}`,
      );
    }
    return { values: others, except: true };
  }
  const failures = values.filter((value) => value !== RESULT_OK);
  if (failures.length === 0) throw new UsageError("--failed and --errno ok exclude each other");
  return { values: failures, except };
}

/**
 * Parses the command line.
 *
 * @param args Without the program's name.
 * @throws {UsageError} On anything that is not understood completely.
 */
export function parse(args: readonly string[]): Request {
  const given = parseTokens(args);
  if (given["help"] || given["?"]) return { run: "help" };
  if (given["usage"]) return { run: "usage" };
  if (given["version"]) return { run: "version" };
  if (given["output"] === HELP) return { run: "columns" };
  const v = evaluate(given);
  if (v.completions) return { run: "completions", shell: v.completions };
  const keys = chosenColumns(v);
  const needs = needsOf(keys);
  const spec: TraceSpec = {
    attach: v.attach,
    btf: v.btf,
    bufferPages: v["buffer-pages"],
    pids: v.pid,
    uids: v.uid,
    comms: v.comm,
    ports: v.port,
    sourcePorts: v.sport,
    destinations: v.dst,
    sources: v.src,
    family: v.ipv4 ? 4 : v.ipv6 ? 6 : 0,
    uid: needs.has("uid"),
    tid: needs.has("tid"),
    tcpInfo: needs.has("tcp-info"),
    verdict: v.result || needs.has("verdict"),
    results: results(v),
    minLatency: v["min-latency"],
    count: v.count,
    flowSport: v["source-port"],
  };
  const { verbose } = v;
  if (v.doctor) return { run: "doctor", spec, verbose };
  const table = {
    columns: keys,
    chosen: v.output !== undefined,
    sourcePort: v["source-port"],
    verdict: v.result,
    wide: v.wide,
  };
  const limits = { rows: v["max-events"], duration: v.duration };
  return { run: "trace", spec, json: v.json, table, color: v.color, verbose, limits };
}
