/** Kernels that deny what the tool needs: it prints one clear line, exits with 1, and leaves nothing behind. */

import assert from "node:assert/strict";
import { compare, parseAttempts, parseRows } from "../cases.ts";
import type { Condition, Trial } from "./conditions.ts";
import { type Outcome, outcome } from "./outcome.ts";

type Sections = Readonly<Record<string, string>>;

const ways = ["tcp 127.0.0.1", "nonblock 127.0.0.1"];
const ways6 = ["tcp ::1", "mapped 127.0.0.1"];

const cpu = "/sys/devices/system/cpu/cpu1";

function command({ as = "", args, doctor, status }: Trial): string {
  const options = doctor ? ["--doctor"] : status === 0 ? ["-v", "-s"] : ["-s"];
  return [as, "/tcpconnect", ...options, args].filter(Boolean).join(" ");
}

/** The part of a guest's script that makes a condition, tries the tool in it, and ends it. */
export function hostileScript(
  { name, enter = "", leave = "", trials, ipv6 = true }: Condition,
): string {
  return `
now | section ${name}.start
${enter}
${
    trials.map((trial, i) => `
trace ${name}.${i} ${command(trial)}
if ! ended ${name}.${i}; then
	${trial.hotplug ? `for on in 0 1; do echo $on >${cpu}/online; done` : ""}
	for way in ${[...ways, ...ipv6 ? ways6 : []].map((way) => `"${way}"`).join(" ")}; do
		${trial.hotplug ? "taskset 2 " : ""}/client $way 8080
	done >/sections/${name}.${i}.jobs
	sysctl -n kernel.bpf_stats_enabled >/sections/${name}.${i}.stats
fi
stop TERM ${name}.${i}
`).join("")
  }
${leave}
grep -c tcp_v /sys/kernel/debug/kprobes/list >/sections/${name}.left
now | section ${name}.end
`;
}

/** What is not of the log that comes with -v. */
const news = (stderr: string) =>
  stderr.split("\n").filter((line) =>
    !/^(|(not )?attached: .*|attempts .*|printed .*|Lost at most .*)$/.test(line)
  );

function check(trial: Trial, bpfStats: number, said: (what: string) => string | undefined): void {
  const { status, says, backend, blind = false, args, doctor, hotplug } = trial;
  const [out, err] = [said("out"), said("err")];
  assert(out !== undefined && err !== undefined, "did not run");
  assert.equal(said("status")?.trim(), `${status}`, out + err);
  if (doctor) {
    for (const line of [says].flat()) if (line) assert.match(out, line);
    assert.equal(err, "");
    return;
  }
  // Losses are reported as they happen: two of them in one line or in two.
  const lines = hotplug ? [...new Set(news(err))] : news(err);
  const wanted = [says ?? []].flat();
  assert.equal(lines.length, wanted.length, err);
  wanted.forEach((line, i) => assert.match(lines[i]!, line));
  if (status !== 0) {
    assert.equal(out, "");
    return;
  }
  assert.equal(said("stats")?.trim(), `${bpfStats}`, "kernel.bpf_stats_enabled");
  assert.match(err, new RegExp(`^attached: ${backend} `, "m"));
  const attempts = parseAttempts(said("jobs") ?? "");
  assert(attempts.length >= 2);
  compare(blind ? [] : attempts, parseRows(out), { result: /(^| )-r/.test(args) });
}

/** Evaluates what the script of a condition reported. */
export function hostile(row: string, sections: Sections, condition: Condition): Outcome {
  const { name, title, trials } = condition;
  const result = outcome(title, row, () => {
    trials.forEach((trial, i) => {
      try {
        check(trial, condition.bpfStats ?? 0, (what) => sections[`${name}.${i}.${what}`]);
      } catch (error) {
        throw new Error(`${command(trial)}: ${(error as Error).message}`);
      }
    });
    const left = sections[`${name}.left`]?.trim();
    assert(condition.sealed || left === "0", `kprobes are left behind: ${left}`);
  });
  const seconds = Number(sections[`${name}.end`]) - Number(sections[`${name}.start`]);
  return { ...result, seconds };
}
