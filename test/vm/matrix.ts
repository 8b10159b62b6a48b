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
import { besideScript, type Share } from "./beside_script.ts";
import { cells, cellsScript } from "./cells.ts";
import { backendNames } from "../../src/kernel/backends.ts";
import * as conditions from "./conditions.ts";
import { expected } from "./expected.ts";
import { filters, filtersScript } from "./filters.ts";
import { type Guest, type GuestResult, runGuests } from "./guest.ts";
import { hostile, hostileScript } from "./hostile.ts";
import type { GuestFiles } from "./initramfs.ts";
import { type Kernel, kernel } from "./kernels.ts";
import { type Outcome, outcome, table } from "./outcome.ts";
import { type Arch, cache, libbpfTool } from "./packages.ts";
import { guestPrograms, networkModules } from "./programs.ts";

type Condition = conditions.Condition;
type Sections = GuestResult["sections"];

/** A guest, and how to judge what it reported, for either table. */
interface Plan {
  guest: Guest;
  cells?: (sections: Sections) => Outcome[];
  hostile: (sections: Sections) => Outcome[];
}

const root = join(import.meta.dirname!, "../..");
const shell = (name: string) => readFileSync(join(import.meta.dirname!, name), "utf8");

function files(arch: Arch): GuestFiles {
  const arm64 = arch === "arm64";
  return {
    ...guestPrograms(arch),
    "/tcpconnect": join(root, arm64 ? "tcpconnect-arm64" : "tcpconnect"),
    "/client": join(root, arm64 ? "build/arm64/test/client" : "build/test/client"),
    "/tcpconnect-c": libbpfTool("tcpconnect", arch),
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

/**
 * The guest that fills a kernel's line: the cells, then its share of what runs beside the C tool,
 * then conditions, one after the other.
 */
function line(name: string, squares: number[], hostiles: Condition[], alone?: true): Plan {
  const at = kernel(name);
  const found = expected[name]!;
  const works = backendNames.filter((backend) => found.cells[backend] === "pass");
  const share: Share = { squares, backends: works, ...(alone && { alone }) };
  const parts = [
    ...[shell("guest.sh"), shell("network.sh"), cellsScript, filtersScript(found)],
    besideScript(share),
  ];
  const script = [...parts, ...hostiles.map(hostileScript)].join("\n");
  return {
    guest: { ...common(at), modules: networkModules, script },
    cells: (sections) => [
      ...cells(name, sections, found),
      filters(name, sections, found),
      ...beside(name, sections, share),
    ],
    hostile: (sections) => hostiles.map((condition) => hostile(name, sections, condition)),
  };
}

/** A guest whose kernel denies something from the start. */
function denied(name: string, hostiles: Condition[], how: Pick<Guest, "cmdline" | "cpus">): Plan {
  const servers = "for address in 127.0.0.1 ::1; do server near /client serve $address 8080; done";
  const script = [shell("guest.sh"), servers, ...hostiles.map(hostileScript)].join("\n");
  return {
    guest: { ...common(kernel(name)), ...how, script },
    hostile: (sections) => hostiles.map((condition) => hostile(name, sections, condition)),
  };
}

const { noBtf, noBtfNeeded, noFtrace, noFtraceBusy, noTracefs, noCgroups, bpfStats } = conditions;
const { users, capabilities, capabilitiesDoctor, lockedMemory } = conditions;
const { lockedDown, lockedDownNewer, noIpv6, hotplug } = conditions;

/** The longest first, so that two side by side end together. */
const plans: readonly Plan[] = [
  line("6.1", [0], [noBtf, noFtrace, noTracefs, noCgroups, bpfStats]),
  // It does not let ftrace be turned off.
  line("7.x", [1], [capabilities, noBtfNeeded, lockedDownNewer]),
  line("5.10", [2, 3], [users, lockedMemory, capabilitiesDoctor, noFtraceBusy]),
  line("6.12", [4, 5], [lockedDown], true),
  line("arm64 6.12", [6], []),
  line("arm64 6.1", [7], []),
  denied("6.1", [noIpv6, hotplug], { cmdline: "ipv6.disable=1", cpus: 2 }),
];

const names = process.argv.slice(2).map((name) => kernel(name).name);
const chosen = plans.filter(({ guest }) => !names.length || names.includes(guest.kernel.name));
const started = performance.now();
const results = await runGuests(chosen.map(({ guest }) => guest));

const matrix: Outcome[] = [];
const hostiles: Outcome[] = [];
const times: Outcome[] = [];
results.forEach((result, i) => {
  const { guest, cells, hostile } = chosen[i]!;
  const row = guest.kernel.name;
  const ran = result.status === "fulfilled" ? result.value : undefined;
  const sections = ran?.sections ?? {};
  if (cells) {
    matrix.push(...cells(sections));
    times.push({ row, column: "boot", cell: "", seconds: ran?.bootSeconds });
    times.push({ row, column: "all", cell: "", seconds: ran?.seconds });
  }
  hostiles.push(...hostile(sections));
  const report = join(cache, `report-${i}-${row.replace(" ", "-")}.json`);
  writeFileSync(
    report,
    JSON.stringify(ran ?? String(result.status === "rejected" && result.reason)),
  );
  const whole = outcome(row, "guest", () => {
    if (result.status === "rejected") throw result.reason;
    if (ran!.status !== 0) throw new Error(`status ${ran!.status}\n${ran!.output}`);
  });
  if (whole.problem) matrix.push(whole);
});

console.log(table("guest", [...matrix, ...times]));
if (hostiles.length > 0) console.log(`\n${table("condition", hostiles)}`);
const all = [...matrix, ...hostiles];
const failures = all.filter(({ problem }) => problem);
for (const { row, column, problem } of failures) {
  console.log(`\n${row}, ${column}: ${problem!.split("\n").slice(0, 80).join("\n")}`);
}
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
const passed = all.length - failures.length;
console.log(`\n${passed} passed, ${failures.length} failed, ${minutes} min`);
process.exit(failures.length === 0 ? 0 : 1);
