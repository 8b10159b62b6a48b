/**
 * `make test-vm`: boots every kernel, tries every back end there, beside the C tool and in kernels
 * that deny things, and prints what it found as tables. Fails on any difference from `expected.ts`.
 *
 * `matrix.ts NAME...` boots only these kernels.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { beside } from "./beside.ts";
import { besideScript } from "./beside_script.ts";
import { cells, cellsScript } from "./cells.ts";
import * as conditions from "./conditions.ts";
import { expected } from "./expected.ts";
import { type Guest, type GuestResult, runGuests } from "./guest.ts";
import { hostile, hostileScript } from "./hostile.ts";
import type { GuestFiles } from "./initramfs.ts";
import { type Kernel, kernel, kernels } from "./kernels.ts";
import { type Outcome, outcome, table } from "./outcome.ts";
import { type Arch, cache, libbpfTool } from "./packages.ts";
import { guestPrograms, networkModules } from "./programs.ts";

type Sections = GuestResult["sections"];

/** A guest, and how to judge what it reported. */
interface Plan {
  guest: Guest;
  /** Which table it belongs to. */
  kind: "matrix" | "hostile";
  evaluate: (sections: Sections) => Outcome[];
}

const root = join(import.meta.dirname!, "../..");
const shell = (name: string) => readFileSync(join(import.meta.dirname!, name), "utf8");

function files(arch: Arch): GuestFiles {
  const arm64 = arch === "arm64";
  return {
    ...guestPrograms(arch),
    "/tcpconnect": join(root, arm64 ? "tcpconnect-arm64" : "tcpconnect"),
    "/client": join(root, arm64 ? "build/arm64/test/client" : "build/test/client"),
    ...(arm64 ? {} : { "/tcpconnect-c": libbpfTool("tcpconnect") }),
  };
}

const common = (kernel: Kernel) => ({
  kernel,
  files: files(kernel.arch),
  // Most of it holds the executables.
  memory: 1024,
  // Many times what it takes, for a machine that is busy.
  timeoutMs: 400_000,
});

/** Which share of the comparisons with the C tool a guest takes. */
const shares = ["6.1", "5.10", "6.12", "7.x"];

/** The guest that fills a kernel's line. */
function matrix(kernel: Kernel): Plan {
  const share = shares.indexOf(kernel.name);
  const parts = [shell("guest.sh"), shell("network.sh"), cellsScript];
  if (share >= 0) parts.push(besideScript(share));
  return {
    kind: "matrix",
    guest: { ...common(kernel), modules: networkModules, script: parts.join("\n") },
    evaluate: (sections) => [
      ...cells(kernel.name, sections, expected[kernel.name]!),
      ...(share < 0 ? [] : beside(kernel.name, sections, share)),
    ],
  };
}

/** A guest in which conditions are made one after the other. */
function hostileGuest(
  kernel: Kernel,
  conditions: conditions.Condition[],
  how: Pick<Guest, "cmdline" | "cpus"> = {},
): Plan {
  const servers = "for address in 127.0.0.1 ::1; do server near /client serve $address 8080; done";
  const script = [shell("guest.sh"), servers, ...conditions.map(hostileScript)].join("\n");
  return {
    kind: "hostile",
    guest: { ...common(kernel), ...how, script },
    evaluate: (sections) => conditions.map((c) => hostile(kernel.name, sections, c)),
  };
}

const { noBtf, noFtrace, noTracefs, noCgroups, bpfStats } = conditions;
const { users, capabilities, lockedDown, noIpv6 } = conditions;

/** The longest first, so that two side by side end together. */
const plans: readonly Plan[] = [
  ...kernels.map(matrix).toSorted((a, b) => b.guest.script.length - a.guest.script.length),
  hostileGuest(kernel("6.1"), [noBtf, noFtrace("blind"), noTracefs, noCgroups, bpfStats]),
  hostileGuest(kernel("5.10"), [users, capabilities, noFtrace("refused")]),
  // It does not let ftrace be turned off.
  hostileGuest(kernel("7.x"), [capabilities]),
  hostileGuest(kernel("6.1"), [noIpv6], { cmdline: "ipv6.disable=1", cpus: 2 }),
  hostileGuest(kernel("6.12"), [lockedDown], { cmdline: "lockdown=confidentiality" }),
];

const names = process.argv.slice(2).map((name) => kernel(name).name);
const chosen = plans.filter(({ guest }) => !names.length || names.includes(guest.kernel.name));
const started = performance.now();
const results = await runGuests(chosen.map(({ guest }) => guest));

const outcomes = { matrix: [] as Outcome[], hostile: [] as Outcome[] };
results.forEach((result, i) => {
  const { kind, guest, evaluate } = chosen[i]!;
  const ran = result.status === "fulfilled" ? result.value : undefined;
  const found = evaluate(ran?.sections ?? {});
  if (kind === "matrix") {
    const time = (column: string, seconds: number | undefined): Outcome => ({
      row: guest.kernel.name,
      column,
      ...(seconds === undefined ? { cell: "-" } : { cell: "", seconds }),
    });
    found.push(time("boot", ran?.bootSeconds), time("all", ran?.seconds));
  }
  const report = join(cache, `report-${i}-${guest.kernel.name.replace(" ", "-")}.json`);
  writeFileSync(
    report,
    JSON.stringify(ran ?? String(result.status === "rejected" && result.reason)),
  );
  const whole = outcome(guest.kernel.name, "guest", () => {
    if (result.status === "rejected") throw result.reason;
    if (ran!.status !== 0) throw new Error(`status ${ran!.status}\n${ran!.output}`);
  });
  outcomes[kind].push(...found, ...(whole.problem ? [whole] : []));
});

console.log(table("guest", outcomes.matrix));
console.log(`\n${table("condition", outcomes.hostile)}`);
const failures = [...outcomes.matrix, ...outcomes.hostile].filter(({ problem }) => problem);
for (const { row, column, problem } of failures) {
  console.log(`\n${row}, ${column}: ${problem!.split("\n").slice(0, 80).join("\n")}`);
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(
  `\n${failures.length === 0 ? "as expected" : `${failures.length} failed`}, ${minutes} min`,
);
process.exit(failures.length === 0 ? 0 : 1);
