/** The options table: all that is known about each option. */

import { columns } from "../event/columns.ts";
import { resultNames } from "../event/verdict.ts";
import { backendNames } from "../kernel/backends.ts";
import { maxNetworks, type Selection } from "../kernel/filters.ts";
import type { BackendName } from "../kernel/spec.ts";
import { networkNames, networks } from "./addresses.ts";
import { type ColorMode, colorModes } from "./color.ts";
import { HELP, type Output, output } from "./columns.ts";
import { listed } from "./prose.ts";
import {
  choice,
  comm,
  duration,
  milliseconds,
  pages,
  pid,
  ports,
  result,
  rows,
  selection,
  uid,
  UsageError,
} from "./values.ts";

/** The parts of the help in which options stand; `unavailable` ones are not in it. */
export type Group = "show" | "trace" | "attach" | "other" | "unavailable";

/** The titles of these parts, as `--help` and the manual have them. */
export const groupTitles: Readonly<Record<Exclude<Group, "unavailable">, string>> = {
  show: "What to show",
  trace: "What to trace",
  attach: "How to trace",
  other: "Other",
};

/**
 * What a shell offers for a value: words (none: nothing), or what it looks up itself. A `user` is a
 * name in /etc/passwd, a `process` a PID.
 */
export type Completes = readonly string[] | "user" | "process" | "file";

/** The shells for which `--completions` has a script. */
export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What describes an option. */
interface Description {
  /** Its letters. */
  readonly short?: string;
  /** How `--help` names its value; an option without one is a flag. */
  readonly value?: string;
  /** What a shell offers for its value, or for each element of a list. */
  readonly completes?: Completes;
  /** Whether its value is a comma-separated list. */
  readonly list?: true;
  readonly group: Group;
  /** What it does, without a full stop. */
  readonly sentence: string;
  /** What the manual says beyond that, in whole sentences. */
  readonly details?: string;
  /** Long names of the flags that come with it. */
  readonly implies?: readonly string[];
  /** Long names of the options that are refused beside it; one of two names the other. */
  readonly excludes?: readonly string[];
}

/** What describes an option that takes a value. */
type Valued = Description & { value: string; completes: Completes };

/** One option. */
export interface Option<T> extends Description {
  /** Whether it may be given more than once, and all values count; else the last one does. */
  readonly multiple: boolean;
  /** Parses the texts that were given for it; an empty list if it was not given. */
  readonly parse: (texts: readonly string[]) => T;
}

const flag = (description: Description): Option<boolean> => ({
  ...description,
  multiple: false,
  parse: (texts) => texts.length > 0,
});

const value = <T>(
  description: Valued,
  none: T,
  parse: (text: string) => T,
): Option<T> => ({
  ...description,
  multiple: false,
  parse: (texts) => texts.length > 0 ? parse(texts.at(-1)!) : none,
});

const values = <T extends string | number | object>(
  description: Valued,
  what: string,
  parse: (text: string) => T | readonly T[],
  max?: number,
): Option<Selection<T>> => ({
  ...description,
  list: true,
  multiple: true,
  parse: (texts) => selection(texts, what, parse, max),
});

const unavailable = (short: string, name: string): Option<void> => ({
  short,
  value: "PATH",
  group: "unavailable",
  sentence: "Not available",
  multiple: true,
  parse(texts) {
    if (texts.length === 0) return;
    throw new UsageError(`-${short}/--${name} is not available: nothing would be filtered`);
  },
});

const attachNames = ["auto", ...backendNames] as const;

/** All options by their long names, in the order of the help. */
export const options = {
  color: value<ColorMode>(
    {
      value: "WHEN",
      group: "show",
      sentence: "Color what is not ok: auto (on a terminal; the default), always, never",
      completes: colorModes,
    },
    "auto",
    (text) => choice(text, "--color", colorModes),
  ),
  count: flag({
    short: "c",
    group: "show",
    sentence: "Count connects by source address, destination address and port",
    details:
      "It prints no rows, but a report at the end, with the busiest flow first. With -r it " +
      "counts by result too, and has the mean and the greatest latency. It can count 65,536 flows, " +
      "and tells how many connects it could not count beyond them.",
    excludes: ["max-events", "timestamp", "print-uid"],
  }),
  json: flag({
    short: "j",
    group: "show",
    sentence: "One JSON object a line, with the names of the Elastic Common Schema",
    details:
      "All that is known without extra cost is in it, the UID and the source port too, but " +
      "the result only with -r. What is not known is absent. A loss is an object whose " +
      "`event.action` is `lost`. With -c there is one object for each flow, at the end.",
    excludes: ["timestamp", "wall-time"],
  }),
  lport: flag({
    short: "L",
    group: "show",
    sentence: "Show the source port (the same as -s)",
    implies: ["source-port"],
  }),
  output: value<Output | undefined>(
    {
      short: "o",
      value: "LIST",
      group: "show",
      sentence: `Show these columns only; +LIST adds to the others; \`${HELP}\` lists all`,
      completes: [HELP, ...Object.keys(columns)],
      list: true,
      details:
        "A list takes the place of the columns that -t, -T, -U, -s and -r show; they stand " +
        "before those that +LIST adds. What is traced stays: with result, lat, retrans or rtt, as " +
        "with -r, each attempt has a row.",
      excludes: ["count"],
    },
    undefined,
    output,
  ),
  result: flag({
    short: "r",
    group: "show",
    sentence: "One row per attempt, when its result is known: RESULT and LAT(ms)",
  }),
  "source-port": flag({
    short: "s",
    group: "show",
    sentence: "Show the source port; with -c, count by it too",
  }),
  timestamp: flag({
    short: "t",
    group: "show",
    sentence: "Show the time in seconds since the first connect shown",
  }),
  "wall-time": flag({
    short: "T",
    group: "show",
    sentence: "Show the date and the time of day in the local time zone",
    excludes: ["count"],
  }),
  "print-uid": flag({ short: "U", group: "show", sentence: "Show the UID" }),
  wide: flag({
    short: "w",
    group: "show",
    sentence: "Address columns with room for any IPv6 address",
    excludes: ["json"],
  }),

  ipv4: flag({ short: "4", group: "trace", sentence: "IPv4 only", excludes: ["ipv6"] }),
  ipv6: flag({
    short: "6",
    group: "trace",
    sentence: "IPv6 only (an IPv4-mapped address counts as IPv4)",
  }),
  comm: values(
    {
      value: "NAMES",
      completes: [],
      group: "trace",
      sentence: "Only threads of these names, as nginx, nginx* or *-worker",
    },
    "name",
    comm,
  ),
  dst: values(
    {
      value: "ADDRS",
      completes: Object.keys(networkNames),
      group: "trace",
      sentence: "Only to these networks: 10.0.0.0/8, ::1, private, loopback, link-local",
    },
    "network",
    networks,
    maxNetworks,
  ),
  duration: value(
    {
      value: "TIME",
      completes: [],
      group: "trace",
      sentence: "Stop after this time: 30 or 30s, 500ms, 5m, 1h",
    },
    Infinity,
    duration,
  ),
  errno: values(
    {
      value: "RESULTS",
      completes: resultNames,
      group: "trace",
      sentence: "Only attempts with these results, as ECONNREFUSED,closed; implies -r",
      implies: ["result"],
    },
    "result",
    result,
  ),
  failed: flag({
    group: "trace",
    sentence: "Only attempts that did not end ok, as --errno '!ok'; implies -r",
    implies: ["result"],
  }),
  "max-events": value(
    { short: "n", value: "N", completes: [], group: "trace", sentence: "Stop after N rows" },
    Infinity,
    rows,
  ),
  "min-latency": value(
    {
      value: "MS",
      completes: [],
      group: "trace",
      sentence: "Only attempts that took at least MS milliseconds; implies -r",
      implies: ["result"],
    },
    0n,
    milliseconds,
  ),
  pid: values(
    {
      short: "p",
      value: "PIDS",
      completes: "process",
      group: "trace",
      sentence: "Only these processes",
    },
    "PID",
    pid,
  ),
  port: values(
    {
      short: "P",
      value: "PORTS",
      completes: [],
      group: "trace",
      sentence: "Only these destination ports, as 80,443,8000-8999",
    },
    "port",
    ports,
    Infinity,
  ),
  sport: values(
    { value: "PORTS", completes: [], group: "trace", sentence: "Only from these source ports" },
    "port",
    ports,
    Infinity,
  ),
  src: values(
    {
      value: "ADDRS",
      completes: Object.keys(networkNames),
      group: "trace",
      sentence: "Only from these networks",
    },
    "network",
    networks,
    maxNetworks,
  ),
  uid: values(
    {
      short: "u",
      value: "UIDS",
      completes: "user",
      group: "trace",
      sentence: "Only these users, by UID or by name",
      details: "Names are looked up in /etc/passwd.",
    },
    "UID",
    uid,
  ),

  attach: value<BackendName | "auto">(
    {
      value: "BACKEND",
      completes: attachNames,
      group: "attach",
      sentence: `auto (the default), ${listed(backendNames, "or")}`,
    },
    "auto",
    (text) => choice(text, "--attach", attachNames),
  ),
  btf: value<string | undefined>(
    {
      value: "FILE",
      completes: "file",
      group: "attach",
      sentence: "Take the kernel's BTF from FILE, for a kernel that carries none",
      details: "The back end fentry needs the kernel's own BTF all the same.",
    },
    undefined,
    (text) => text,
  ),
  "buffer-pages": value<number | undefined>(
    {
      value: "N",
      completes: [],
      group: "attach",
      sentence: "Pages of each CPU's perf buffer, a power of two; by default it has 512 KiB",
      details: "In a larger one fewer events are lost when many come at once.",
    },
    undefined,
    pages,
  ),

  doctor: flag({
    group: "other",
    sentence: "Try every back end on this kernel, and say what works and why not",
    details: "It makes connects of its own to see them. The exit status is 1 if no back end works.",
  }),
  verbose: flag({
    short: "v",
    group: "other",
    sentence: "Say how it attached and why not otherwise, with libbpf's log",
    details: "At the end it prints how many attempts were printed, filtered and lost.",
  }),
  completions: value<Shell | undefined>(
    {
      value: "SHELL",
      completes: shells,
      group: "other",
      sentence: `Print the script that completes command lines in ${listed(shells, "or")}`,
    },
    undefined,
    (text) => choice(text, "--completions", shells),
  ),
  help: flag({ short: "?h", group: "other", sentence: "Give this help" }),
  usage: flag({ group: "other", sentence: "Give a short usage message" }),
  version: flag({ short: "V", group: "other", sentence: "Print the version" }),

  cgroupmap: unavailable("C", "cgroupmap"),
  mntnsmap: unavailable("M", "mntnsmap"),
} as const;

export type OptionName = keyof typeof options;

/** The values of all options. */
export type Values = { readonly [N in OptionName]: ReturnType<(typeof options)[N]["parse"]> };

/** The table as pairs, with what all options have in common. */
export const optionEntries = Object.entries(options) as [OptionName, Option<unknown>][];

/** An option with its long name, whatever that is. */
export type Entry = readonly [name: string, option: Option<unknown>];

/** The options in the help, the manual and completions. */
export const shownOptions: readonly Entry[] = optionEntries.filter(([, { group }]) =>
  group !== "unavailable"
);

/** All spellings of an option on the command line, letters first. */
export function spellings([name, { short = "" }]: Entry): string[] {
  return [...[...short].map((letter) => `-${letter}`), `--${name}`];
}
