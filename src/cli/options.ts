/** The options: everything that is known about each stands here, and only here. */

import { backendNames } from "../kernel/backends.ts";
import type { BackendName } from "../kernel/spec.ts";
import { choice, list, milliseconds, pages, pid, port, uid, UsageError } from "./values.ts";

/** The parts of the help in which options stand; `unavailable` ones are not in it. */
export type Group = "show" | "trace" | "attach" | "other" | "unavailable";

/** What describes an option. */
interface Description {
  /** Its letters. */
  readonly short?: string;
  /** How `--help` names its value; an option without one is a flag. */
  readonly value?: string;
  readonly group: Group;
  /** What it does, without a full stop. */
  readonly sentence: string;
  /** Long names of the flags that come with it. */
  readonly implies?: readonly string[];
  /** Long names of the options that are refused beside it; one of two names the other. */
  readonly excludes?: readonly string[];
}

/** One option. */
export interface Option<T> extends Description {
  /** Whether it may be given more than once, and all values count; else the last one does. */
  readonly multiple: boolean;
  /** What is meant by the texts that were given: none, if it was not. */
  readonly parse: (texts: readonly string[]) => T;
}

const flag = (description: Description): Option<boolean> => ({
  ...description,
  multiple: false,
  parse: (texts) => texts.length > 0,
});

const value = <T>(
  description: Description & { value: string },
  none: T,
  parse: (text: string) => T,
): Option<T> => ({
  ...description,
  multiple: false,
  parse: (texts) => texts.length > 0 ? parse(texts.at(-1)!) : none,
});

const values = <T>(
  description: Description & { value: string },
  what: string,
  parse: (text: string) => T,
): Option<T[]> => ({
  ...description,
  multiple: true,
  parse: (texts) => list(texts, what, parse),
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

/** All options by their long names, in the order of the help. */
export const options = {
  count: flag({
    short: "c",
    group: "show",
    sentence: "Count connects by source address, destination address and port",
    excludes: ["timestamp", "print-uid"],
  }),
  json: flag({
    short: "j",
    group: "show",
    sentence: "One JSON object a line, with the names of the Elastic Common Schema",
    excludes: ["timestamp"],
  }),
  lport: flag({
    short: "L",
    group: "show",
    sentence: "Show the source port (the same as -s)",
    implies: ["source-port"],
  }),
  result: flag({
    short: "r",
    group: "show",
    sentence: "One row per attempt, when its fate is known: RESULT and LAT(ms)",
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
  "print-uid": flag({ short: "U", group: "show", sentence: "Show the UID" }),

  ipv4: flag({ short: "4", group: "trace", sentence: "IPv4 only", excludes: ["ipv6"] }),
  ipv6: flag({
    short: "6",
    group: "trace",
    sentence: "IPv6 only (an IPv4-mapped address counts as IPv4)",
  }),
  failed: flag({
    group: "trace",
    sentence: "Only attempts that did not end ok; implies -r",
    implies: ["result"],
  }),
  "min-latency": value(
    {
      value: "MS",
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
      group: "trace",
      sentence: "Only these processes; a comma-separated list, as below",
    },
    "PID",
    pid,
  ),
  port: values(
    { short: "P", value: "PORTS", group: "trace", sentence: "Only these destination ports" },
    "port",
    port,
  ),
  uid: values(
    {
      short: "u",
      value: "UIDS",
      group: "trace",
      sentence: "Only these users, by UID or by name",
    },
    "UID",
    uid,
  ),

  attach: value<BackendName | "auto">(
    {
      value: "BACKEND",
      group: "attach",
      sentence: `auto (the default), ${backendNames.join(", ").replace(/, (\w+)$/, " or $1")}`,
    },
    "auto",
    (text) => choice(text, "--attach", ["auto", ...backendNames] as const),
  ),
  btf: value<string | undefined>(
    {
      value: "FILE",
      group: "attach",
      sentence: "Take the kernel's BTF from FILE, for a kernel that carries none",
    },
    undefined,
    (text) => text,
  ),
  "buffer-pages": value<number | undefined>(
    {
      value: "N",
      group: "attach",
      sentence: "Pages of each CPU's perf buffer, a power of two; by default it has 512 KiB",
    },
    undefined,
    pages,
  ),

  doctor: flag({
    group: "other",
    sentence: "Try every back end on this kernel, and say what works and why not",
  }),
  verbose: flag({
    short: "v",
    group: "other",
    sentence: "Say how it attached and why not otherwise, with libbpf's log",
  }),
  help: flag({ short: "?h", group: "other", sentence: "Give this help" }),
  usage: flag({ group: "other", sentence: "Give a short usage message" }),
  version: flag({ short: "V", group: "other", sentence: "Print the version" }),

  cgroupmap: unavailable("C", "cgroupmap"),
  mntnsmap: unavailable("M", "mntnsmap"),
} as const;

export type OptionName = keyof typeof options;

/** What all options mean. */
export type Values = { readonly [N in OptionName]: ReturnType<(typeof options)[N]["parse"]> };

/** The table as pairs, with what all options have in common. */
export const optionEntries = Object.entries(options) as [OptionName, Option<unknown>][];
