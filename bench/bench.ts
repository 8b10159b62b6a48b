/**
 * Measures ./tcpconnect beside a reader in C of the same kernel program: `make bench`.
 *
 * Nothing here fails because something is slow: the table shows the bar and what was measured.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import * as cpu from "./cpu.ts";
import { make, serve } from "./load.ts";
import * as others from "./others.ts";
import type { Effort } from "./runs.ts";
import { type Figure, table } from "./stats.ts";
import { gauge, reader, tcpconnect } from "./tracer.ts";

const groups: Record<string, (effort: Effort) => Promise<Figure[]>> = {
  rates: cpu.rates,
  full: cpu.fullRate,
  options: cpu.options,
  million: cpu.million,
  kernel: others.kernelTime,
  start: others.startTime,
  delay: others.delay,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    inside: { type: "boolean" },
  },
});
const unknown = positionals.find((name) => !(name in groups));
if (unknown !== undefined) {
  console.error(`no figures ${unknown}: ${Object.keys(groups).join(", ")}`);
  process.exit(64);
}
if (!values.inside) {
  for (const tool of [tcpconnect, reader, gauge]) {
    if (!existsSync(tool)) throw new Error(`no ${tool}: make bench builds it`);
  }
  // A network of its own: the load's connects are the only ones, and the loopback is empty.
  const again = [process.execPath, import.meta.filename!, ...process.argv.slice(2), "--inside"];
  const script = 'ip link set lo up && exec "$@"';
  const { status } = spawnSync("unshare", ["--net", "--", "sh", "-c", script, "sh", ...again], {
    stdio: "inherit",
  });
  process.exit(status ?? 1);
}

/** Time that the host took from this machine, and all time, in ticks: proc_stat(5). */
function ticks(): { stolen: number; all: number } {
  const [, ...times] = readFileSync("/proc/stat", "utf8").split("\n")[0]!.split(/ +/).map(Number);
  return { stolen: times[7]!, all: times.reduce((sum, time) => sum + time, 0) };
}

const started = performance.now();
const before = ticks();
const stop = await serve();
try {
  const calm = make(["burst", 50_000, 2]);
  const effort = {
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    fullRate: calm.connects / calm.seconds,
  };
  const all: Figure[] = [];
  for (const [name, measure] of Object.entries(groups)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.error(`${name} ...`);
    all.push(...await measure(effort));
  }
  const [processor] = os.cpus();
  const machine = `Linux ${os.release()}, ${os.cpus().length} x ${processor?.model.trim()}`;
  const file = resolve(import.meta.dirname!, "../build/bench.json");
  writeFileSync(file, JSON.stringify({ machine, effort, figures: all }, null, 2) + "\n");
  console.log(`${table(all)}\n\n${machine}; load ${os.loadavg().map((n) => n.toFixed(1))};`);
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  const { stolen, all: passed } = ticks();
  const share = 100 * (stolen - before.stolen) / (passed - before.all);
  console.log(`${effort.rounds} rounds of ${effort.seconds} s in turn, ${minutes} min in all;`);
  console.log(`${share.toFixed(1)} % of the time was stolen by the host, and tells in delays`);
} finally {
  stop();
}
