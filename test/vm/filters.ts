/**
 * Every filter of the kernel program at its full size, on every back end: each client but the first
 * ones is held back by one of them.
 */

import assert from "node:assert/strict";
import { parseAttempts, parseRows } from "../cases.ts";
import type { BackendName } from "../../src/kernel/spec.ts";
import { lost } from "../tool.ts";
import { compareWithLosses } from "./accounting.ts";
import type { Expected } from "./expected.ts";
import { type Outcome, outcome } from "./outcome.ts";

type Sections = Readonly<Record<string, string>>;

/** The back ends, those that watch side by side in one element; as in cells.ts. */
const passes: readonly (readonly BackendName[])[] = [["fentry", "kprobe"], ["tracepoint"]];

/** Other values to fill a list with, which match nothing. */
const others = (count: number, value: (i: number) => string | number) =>
  Array.from({ length: count }, (_, i) => value(i)).join();

const dst = "127.0.0.0/8,192.0.2.9,198.51.100.0/24,203.0.113.0/24,2001:db8::/32";
const src = "198.51.100.1";
const many = others(100, (i) => `100.64.${i}.0/24`);

const common = [
  `-p '!${others(64, (i) => 2_000_000_000 + i)}'`,
  `-u '!1234,${others(63, (i) => 4000 + i)}'`,
  `--comm '${others(59, (i) => `*-other-${i}`)},tcp,map*,*y,b*,g*'`,
  `-P '!8081,1-79,1000-7999,8090-65535'`,
  `--sport '!2005,1-1000'`,
].join(" ");

/** A list of networks as constants and one in the trie, and the other way round with -r. */
const options = {
  plain: `${common} --dst '${others(27, (i) => `10.${i}.0.0/16`)},${dst}' --src '!${many},${src}'`,
  result: `${common} -r --dst '${many},${dst}' ` +
    `--src '!${others(31, (i) => `10.${i}.0.0/16`)},${src}' --errno '!closed,EPERM'`,
} as const;

type Kind = keyof typeof options;
const kinds = Object.keys(options) as Kind[];

/** What the filters do to a client: let it pass, or say which filter holds it back. */
interface Client {
  argv: string;
  holds?: "start" | "source" | "result" | "destination";
}

const clients: readonly Client[] = [
  { argv: "giveup 192.0.2.9 8080 100", holds: "result" },
  { argv: "tcp 127.0.0.1 8080" },
  { argv: "tcp 2001:db8::1 8080" },
  { argv: "mapped 127.0.0.1 8080" },
  { argv: "any 127.0.0.1 8080" },
  { argv: "tcp 203.0.113.1 80" }, // no source: prohibited
  { argv: "-u 1234 tcp 127.0.0.1 8080", holds: "start" },
  { argv: "nonblock 127.0.0.1 8080", holds: "start" },
  { argv: "tcp 127.0.0.1 8081", holds: "start" },
  { argv: "tcp 192.0.2.2 80", holds: "start" },
  { argv: "tcp ::1 8080", holds: "start" },
  // Its destination is ::1 in the end.
  { argv: "any ::1 8080", holds: "destination" },
  { argv: "bound 127.0.0.1 8080 2005", holds: "source" },
  { argv: "tcp 198.51.100.1 8080", holds: "source" },
];

const pass = (watchers: readonly BackendName[], i: number) => `
now | section filters.${i}.start
${
  watchers.flatMap((backend) =>
    kinds.map((kind) =>
      `trace filters.${backend}.${kind} /tcpconnect -v -s --attach ${backend} ${options[kind]}`
    )
  ).join("\n")
}
${
  clients.map(({ argv }, n) => `${argv.startsWith("giveup") ? "slow" : "job"} ${n} /client ${argv}`)
    .join("\n")
}
finish filters.${i}.jobs
stop TERM ${
  watchers.flatMap((backend) => kinds.map((kind) => `filters.${backend}.${kind}`)).join(" ")
}
now | section filters.${i}.end
`;

/** The part of a guest's script that tries the filters on the back ends that work there. */
export function filtersScript({ cells }: Expected): string {
  return passes.map((watchers) => watchers.filter((backend) => cells[backend] === "pass"))
    .map(pass).join("");
}

/** Evaluates what {@linkcode filtersScript} reported. */
export function filters(row: string, sections: Sections, expected: Expected): Outcome {
  const seconds = passes.map((_, i) =>
    Number(sections[`filters.${i}.end`]) - Number(sections[`filters.${i}.start`])
  );
  const found = outcome(row, "filters", () => {
    passes.forEach((watchers, i) => {
      const attempts = clientsSaw(sections[`filters.${i}.jobs`] ?? "");
      for (const backend of watchers.filter((name) => expected.cells[name] === "pass")) {
        for (const kind of kinds) check(sections, attempts, backend, kind, expected);
      }
    });
  });
  return { ...found, seconds: seconds[0]! + seconds[1]! };
}

/** What each client said, by its place in the list. */
function clientsSaw(jobs: string) {
  const lines = jobs.trim().split("\n").map((line) => line.split(/:(.*)/s, 2) as [string, string]);
  return clients.map(({ argv }, n) => {
    const said = lines.filter(([number]) => number === `${n}`).map(([, line]) => line);
    assert.equal(said.pop(), "status 0", `${argv}: ${said.join("; ")}`);
    const [attempt, ...more] = parseAttempts(said.join("\n"));
    assert(attempt && more.length === 0, argv);
    return attempt;
  });
}

function check(
  sections: Sections,
  attempts: ReturnType<typeof clientsSaw>,
  backend: BackendName,
  kind: Kind,
  { loses }: Expected,
): void {
  const name = `filters.${backend}.${kind}`;
  const err = sections[`${name}.err`] ?? "did not run";
  try {
    assert.equal(sections[`${name}.status`]?.trim(), "0");
    const missing = lost(err);
    assert(missing === 0 || loses.includes(backend), `${missing} lost`);
    // Without -r nothing is known of results.
    const passing = clients.map(({ holds }) => !holds || (kind === "plain" && holds === "result"));
    const rows = parseRows(sections[`${name}.out`]!);
    const shown = attempts.filter((_, n) => passing[n]);
    compareWithLosses(shown, rows, { result: kind === "result", lost: missing });
    if (missing > 0) return;
    // Only at a function's entry the destination may still be unspecified.
    const late = kind === "result" && backend !== "tracepoint";
    const counts = [kind === "result" && "1 result", late && "1 destination", "2 source"];
    const causes = counts.filter(Boolean).join(", ");
    const total = counts.filter(Boolean).length + 1;
    assert.match(err, new RegExp(`^filtered ${total}: ${causes}$`, "m"));
  } catch (error) {
    throw new Error(`${backend} ${kind}: ${err}${(error as Error).message}`);
  }
}
