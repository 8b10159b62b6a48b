/** The matrix: the rows of every back end match what the client saw, with and without -r. */

import assert from "node:assert/strict";
import { type Attempt, type Case, cases, parseAttempts, parseRows } from "../cases.ts";
import type { BackendName } from "../../src/kernel/spec.ts";
import { accounting, lost as reportedLost } from "../tool.ts";
import { type Attach, attaches, type Expected } from "./expected.ts";
import { compareWithLosses } from "./accounting.ts";
import { type Outcome, outcome } from "./outcome.ts";
import { completed, place, type Verdict, verdicts } from "./verdicts.ts";

type Sections = Readonly<Record<string, string>>;

const isVerdict = (c: Case): c is Verdict => "result" in c;
const everything: readonly (Case | Verdict)[] = [...cases, ...verdicts];

const slow = (c: Case | Verdict) => isVerdict(c) && c.slow;

function job(c: Case | Verdict): string {
  const inside = isVerdict(c) && c.netns ? `ip netns exec ${c.netns} ` : "";
  const command = `${inside}/client ${c.argv(place).join(" ")}`;
  return `${slow(c) ? "slow" : "job"} ${everything.indexOf(c)} ${command}`;
}

// On 5.10 a cgroup program, as the tracepoint back end has, hides attempts from the others.
const passes: readonly (readonly Attach[])[] = [["fentry", "kprobe", "auto"], ["tracepoint"]];
const passOf = (attach: Attach) => passes.findIndex((watchers) => watchers.includes(attach));

/** Runs all cases while back ends watch, each without and with -r. */
const pass = (watchers: readonly Attach[], i: number) => `
now | section ${i}.start
${
  watchers.map((attach) =>
    `trace ${attach}.plain /tcpconnect -s -o +wtime,tid,user --attach ${attach}
trace ${attach}.result /tcpconnect -v -r -s -o +wtime,tid,retrans,rtt --attach ${attach}`
  ).join("\n")
}
if ${watchers.map((attach) => `ended ${attach}.plain && ended ${attach}.result`).join(" && ")}; then
	:
else
	cases
	finish ${i}.jobs
	pending >/run/pending
	section ${i}.pending /run/pending
fi
stop TERM ${watchers.map((attach) => `${attach}.plain ${attach}.result`).join(" ")}
kill $(cat /run/pending)
now | section ${i}.end
`;

/** The part of a guest's script that fills its line of the matrix. */
export const cellsScript = `
cases() {
${everything.toSorted((a, b) => Number(slow(b)) - Number(slow(a))).map(job).join("\n")}
}
# From the peer, which repeats a SYN for two minutes.
pending() {
	for address in ${place.silent4} ${place.silent6}; do
		/usr/sbin/ip netns exec peer /client hold $address 8080 600000 >/dev/null &
		echo $!
	done
	await unanswered
}
unanswered() { [ "$(ip netns exec peer netstat -tn | grep -c SYN_SENT)" = 2 ]; }
: >/run/pending
${passes.map(pass).join("")}
`;

/** The most lost events in one run that are accepted where a back end may lose some. */
const FEW = 8;

/** What the client saw. */
interface Seen {
  attempts: Attempt[];
  /** Of these, the ones whose result the test network causes. */
  verdicts: Map<number, Verdict>;
  pending: string[];
  lacks: string[];
}

function clientSaw(sections: Sections, attach: Attach): Seen {
  const seen: Seen = { attempts: [], verdicts: new Map(), pending: [], lacks: [] };
  seen.pending = sections[`${passOf(attach)}.pending`]!.trim().split("\n");
  const said = Map.groupBy(
    sections[`${passOf(attach)}.jobs`]!.trim().split("\n").map((line) =>
      line.split(/:(.*)/s, 2) as [string, string]
    ),
    ([number]) => Number(number),
  );
  everything.forEach((c, i) => {
    const lines = (said.get(i) ?? []).map(([, line]) => line);
    const status = lines.pop();
    const lacks = /^unsupported: [\w-]+: (.*): /.exec(lines[0] ?? "")?.[1];
    if (status === "status 77" && lacks) return seen.lacks.push(lacks);
    assert.equal(status, "status 0", `${c.name}: ${lines.join("; ")}`);
    const attempts = parseAttempts(lines.join("\n"));
    assert.equal(attempts.length, c.attempts, c.name);
    for (const attempt of attempts) {
      if (isVerdict(c)) {
        assert.equal(attempt.result, c.result, c.name);
        seen.verdicts.set(attempt.pid, c);
      }
      seen.attempts.push(attempt);
    }
  });
  return seen;
}

/** What one run of the tool said. */
type Said = (what: "status" | "out" | "err") => string;

function unsupported(said: Said, because: RegExp | undefined): void {
  assert.equal(said("status").trim(), "1");
  assert.equal(said("out"), "");
  const [line, ...rest] = said("err").trimEnd().split("\n").reverse();
  assert.match(line!, /^tcpconnect: /);
  assert(because?.test(line!), `an unexpected reason: ${line}`);
  assert(rest.every((line) => line.startsWith("not attached: ")), rest.join("\n"));
}

/**
 * The rows of a run that went well, but for those that tell that it was still pending, how many
 * these were, and how many of the other attempts it reported as lost.
 */
function rows(said: Said, pending: readonly string[]) {
  assert.equal(said("status").trim(), "0", said("err"));
  const all = parseRows(said("out"));
  const waiting = all.filter((row) => pending.includes(row["PID"]!));
  assert(waiting.every((row) => (row["RESULT"] ?? "pending") === "pending"), "it is pending");
  assert.equal(new Set(waiting.map((row) => row["PID"])).size, waiting.length);
  const missing = pending.length - waiting.length;
  const lost = reportedLost(said("err")) - missing;
  assert(lost >= 0, `${missing} pending rows are missing`);
  return { rest: all.filter((row) => !waiting.includes(row)), waiting: waiting.length, lost };
}

/** Returns how many attempts were reported as lost. */
function plain(said: Said, seen: Seen): number {
  const attempts = seen.attempts.map((a) =>
    seen.verdicts.has(a.pid) ? completed(a, { result: false }) : a
  );
  const { rest, lost } = rows(said, seen.pending);
  compareWithLosses(attempts, rest, { result: false, lost });
  assert.match(said("err"), /^(Lost (\d+) events in all: \2 probe missed\n)?$/);
  return reportedLost(said("err"));
}

/** Returns how many attempts were reported as lost. */
function result(said: Said, { attempts, verdicts, pending }: Seen, backend: BackendName): number {
  const known = attempts.map((a) => verdicts.has(a.pid) ? completed(a, { result: true }) : a);
  const { rest, waiting, lost } = rows(said, pending);
  const pairs = compareWithLosses(known, rest, { result: true, lost });
  for (const [attempt, row] of pairs) {
    const latency = Number(row["LAT(ms)"]);
    const what = `${verdicts.get(attempt.pid)?.name ?? attempt.comm}: ${latency} ms`;
    // What the tool measures lies within what the client does, except for the close of an exit.
    if (attempt.comm !== "die") assert(latency <= attempt.latency + 0.01, `${what} is too long`);
    assert(latency >= (verdicts.get(attempt.pid)?.least ?? 0), `${what} is too short`);
  }
  const made = attempts.length + pending.length;
  const printed = pairs.length + waiting;
  assert.deepEqual(accounting(said("err")), {
    attempts: made,
    printed,
    filtered: 0,
    lost: made - printed,
  });
  assert.match(said("err"), new RegExp(`^attached: ${backend} `, "m"));
  return made - printed;
}

function check(sections: Sections, attach: Attach, expected: Expected): string {
  const of = (kind: string): Said => (what) => {
    const text = sections[`${attach}.${kind}.${what}`];
    assert(text !== undefined, "did not run");
    return text;
  };
  if (expected.cells[attach] === "unsupported") {
    unsupported(of("plain"), expected.because);
    unsupported(of("result"), expected.because);
    return "unsupported";
  }
  const backend = attach === "auto" ? expected.auto : attach;
  assert(sections[`${passOf(attach)}.jobs`], of("plain")("err") + of("result")("err"));
  const seen = clientSaw(sections, attach);
  assert.deepEqual([...new Set(seen.lacks)], expected.lacks);
  try {
    const unprinted = plain(of("plain"), seen);
    const lost = unprinted + result(of("result"), seen, backend);
    assert(lost <= (expected.loses.includes(backend) ? FEW : 0), `${lost} lost`);
    if (backend === "tracepoint") assert.equal(unprinted, 0, "nothing skips a sockops program");
    const took = attach === "auto" ? ` (${backend})` : "";
    return `pass${took}${lost > 0 ? `, ${lost} lost` : ""}`;
  } catch (error) {
    throw new Error(`${of("plain")("err")}${of("result")("err")}${(error as Error).message}`);
  }
}

/** Evaluates what {@linkcode cellsScript} reported. */
export function cells(row: string, sections: Sections, expected: Expected): Outcome[] {
  return attaches.map((attach) => {
    const at = (when: string) => Number(sections[`${passOf(attach)}.${when}`]);
    return {
      ...outcome(row, attach, () => check(sections, attach, expected)),
      seconds: at("end") - at("start"),
    };
  });
}
