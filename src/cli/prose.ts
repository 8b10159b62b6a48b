/** What `--help` and the manual both say, beside the tables. */

import { backends } from "../kernel/backends.ts";

/** Names as a sentence has them: `a, b and c`. */
export function listed(names: readonly string[], word: "and" | "or"): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(` ${word} `);
}

export const purpose =
  "Trace active TCP connections: each connect(), with its process and both ends.";

/** Command lines, and what each is for. */
export const examples: readonly (readonly [command: string, purpose: string])[] = [
  ["tcpconnect", "trace all TCP connects"],
  ["tcpconnect -t", "with the time since the first one"],
  ["tcpconnect -U -u 1000", "of one user, with the UID"],
  ["tcpconnect -p 181,182", "of two processes"],
  ["tcpconnect -P 80,443", "to these ports"],
  ["tcpconnect -c", "count by source and destination; Ctrl-C prints"],
  ["tcpconnect -r", "how each attempt ended, and how long it took"],
  ["tcpconnect --failed", "only what did not work"],
];

export const choiceOfBackEnd = "auto takes the first that works.";

/** Each back end with what it needs, as a predicate. */
export const backEndNeeds = Object.entries(backends).map(([name, { needs }]) =>
  [name, needs] as const
);

export const backEndsCompared =
  "They print the same rows. With tracepoint and no cgroup v2, a row waits for the connection's " +
  "next change of state: an answer, a failure, a close.";

export const lists =
  "Lists are comma-separated, and an option may be given more than once. A ! before a list means " +
  "all others: -P '!80,443'. An attempt must pass every filter.";

export const notAvailable = "-C/--cgroupmap and -M/--mntnsmap are not available.";

/** What RESULT may be; the help leaves out what the name alone tells. */
export const results: readonly { name: string; meaning?: string; condition?: string }[] = [
  { name: "ok", meaning: "the connection is established" },
  { name: "the name of an errno", meaning: "why it failed, such as ECONNREFUSED or ETIMEDOUT" },
  { name: "closed", condition: "if the program gave up before an answer" },
  { name: "pending", condition: "for what is open when tracing ends" },
];

export const timesAndIds =
  "LAT(ms) runs from the attempt to then. TIME(s) counts from the first attempt shown; rows come " +
  "in the order of their ends. PIDs and UIDs are the host's.";

/** Exit statuses, each with its condition. */
export const exitStatuses: readonly (readonly [status: number, condition: string])[] = [
  [0, "after a signal, -n or --duration, or when the reader has gone"],
  [1, "when tracing is not possible"],
  [64, "for a command line it cannot take"],
];
