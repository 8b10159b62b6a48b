/** What `--help`, `--usage` and `--version` print: from the options table. */

import project from "../../package.json" with { type: "json" };
import { backends } from "../kernel/backends.ts";
import { type Group, type Option, optionEntries } from "./options.ts";

export const version = `tcpconnect ${project.version}\n`;

const WIDTH = 98;

const shown = optionEntries.filter(([, { group }]) => group !== "unavailable");
const withValue = (name: string, { value }: Option<unknown>) =>
  value === undefined ? name : `${name} ${value}`;

/** Words in lines of at most {@linkcode WIDTH} characters, those after the first indented. */
function wrap(words: readonly string[], indent: string): string {
  const lines = [""];
  for (const word of words) {
    const longer = `${lines.at(-1)!}${lines.at(-1)!.trim() ? " " : ""}${word}`;
    if (longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(indent + word);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Digits, then letters, small ones before capitals, then signs. */
function byLetter(a: string, b: string): number {
  const key = (c: string) => `${/\d/.test(c) ? 0 : /[a-z]/i.test(c) ? 1 : 2}${c.toLowerCase()}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a < b ? 1 : -1;
}

function synopsis(): string {
  const flags = shown.filter(([, { value }]) => value === undefined);
  const letters = flags.flatMap(([, { short = "" }]) => [...short]).sort(byLetter).join("");
  const capitalsLast = ([, { short = "" }]: (typeof shown)[number]) =>
    `${/[A-Z]/.test(short)}${short}`;
  const valued = shown.filter(([, { short, value }]) => short && value !== undefined)
    .sort((a, b) => capitalsLast(a) < capitalsLast(b) ? -1 : 1);
  const long = shown.toSorted(([a], [b]) => a < b ? -1 : 1);
  return wrap([
    "Usage: tcpconnect",
    `[-${letters}]`,
    ...valued.map(([, option]) => `[${withValue(`-${option.short}`, option)}]`),
    ...long.map(([name, option]) => `[${withValue(`--${name}`, option)}]`),
  ], " ".repeat(12));
}

export const usage = synopsis();

/** The options of a group, a line each. */
function section(wanted: Group): string {
  return shown.filter(([, { group }]) => group === wanted).map(([name, option]) => {
    const letters = [...option.short ?? ""].map((letter) => `-${letter}, `).join("");
    const names = `${letters.padStart(4)}${withValue(`--${name}`, option)}`;
    return `  ${names.padEnd(23)} ${option.sentence}\n`;
  }).join("");
}

const needs = Object.entries(backends).map(([name, { needs }]) => `${name} ${needs}`).join(", ");

export const help = `\
Usage: tcpconnect [OPTION...]
Trace active TCP connections: each connect(), with its process and both ends.

EXAMPLES:
    tcpconnect             # trace all TCP connects
    tcpconnect -t          # with the time since the first one
    tcpconnect -U -u 1000  # of one user, with the UID
    tcpconnect -p 181,182  # of two processes
    tcpconnect -P 80,443   # to these ports
    tcpconnect -c          # count by source and destination; Ctrl-C prints
    tcpconnect -r          # how each attempt ended, and how long it took
    tcpconnect --failed    # only what did not work

What to show:
${section("show")}
What to trace:
${section("trace")}
How to trace:
${section("attach")}
${section("other")}
${
  wrap(
    (`Back ends: auto takes the first that works. ${needs}. They print the same rows. With tracepoint ` +
      "and no cgroup v2, a row waits for the connection's next change of state: an answer, a failure, " +
      "a close.").split(" "),
    "",
  )
}
-C/--cgroupmap and -M/--mntnsmap are not available.

With -r, RESULT is ok, the name of an errno, closed if the program gave up before an answer, or
pending for what is open when tracing ends. LAT(ms) runs from the attempt to then. TIME(s) counts
from the first attempt shown; rows come in the order of their ends. PIDs and UIDs are the host's.

Exit status: 0 after a signal or when the reader has gone, 1 when tracing is not possible, 64 for
a command line it cannot take.
`;
