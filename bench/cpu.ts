/** User space: CPU per event, losses, idle CPU. */

import { setTimeout as sleep } from "node:timers/promises";
import { type Load, type Made, make, ports } from "./load.ts";
import { alternate, both, type Effort, noneLost, pace, type Runs, sides } from "./runs.ts";
import { type Bar, type Figure, ratioBar, valueBar } from "./stats.ts";
import { LINES, pipe, type Side, type Sink, slow, Tracer } from "./tracer.ts";

/** One run of one tracer under one load. */
interface Run extends Made {
  /** Of user space, ns. */
  cpu: number;
}

const perEvent = ({ cpu, connects }: Run) => cpu / connects / 1000;

async function measure(tracer: Tracer, load: Load, port: number): Promise<Run> {
  const before = tracer.cpu;
  const made = make(load, port);
  await tracer.settle();
  return { ...made, cpu: tracer.cpu - before };
}

/** Both tracers, each with a port to itself, and warm: its runtime's compilers are done. */
class Pair implements AsyncDisposable {
  readonly #made: Runs<number> = { ours: [], peer: [] };
  private constructor(readonly tracers: Record<Side, Tracer>) {}

  static async start(sink: Sink, ...args: string[]): Promise<Pair> {
    const start = (side: Side) => Tracer.start(side, [...args, "-P", `${ports[side]}`], sink);
    const pair = new Pair({ ours: await start("ours"), peer: await start("peer") });
    for (const side of sides) {
      await pair.run(side, ["burst", 100_000, 2]);
      await pair.run(side, ["rate", 8000, 1000]);
    }
    return pair;
  }

  async run(side: Side, load: Load): Promise<Run> {
    const run = await measure(this.tracers[side], load, ports[side]);
    this.#made[side].push(run.connects);
    return run;
  }

  /** Ends both; returns how many events each lost. */
  async stop(): Promise<Runs<number>> {
    const lost = async (side: Side) =>
      this.#made[side].reduce((sum, n) => sum + n, 0) - await this.tracers[side].stop();
    return { ours: [await lost("ours")], peer: [await lost("peer")] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const side of sides) await this.tracers[side][Symbol.asyncDispose]();
  }
}

/** CPU per event at rates that leave a tracer idle in between, and without any event. */
export async function rates(effort: Effort): Promise<Figure[]> {
  const { seconds, rounds } = effort;
  const cases: [name: string, load: Load, sink: Sink, bar: Bar][] = [
    ["isolated (5/s), file", ["rate", 10 * seconds, 5], "file", ratioBar(1.2)],
    ["100/s, file", ["rate", 100 * seconds, 100], "file", ratioBar(0.8)],
    ["100/s, short-lived clients", ["spawn", 100 * seconds, 100], "file", ratioBar(0.8)],
    ["1,000/s, file", ["rate", 1000 * seconds, 1000], "file", ratioBar(0.5)],
    ["1,000/s, pipe to cat", ["rate", 1000 * seconds, 1000], pipe, ratioBar(0.5)],
  ];
  const figures: Figure[] = [];
  for (const [title, output] of [["file", "file"], ["pipe to cat", pipe]] as const) {
    await using pair = await Pair.start(output);
    for (const [name, load, sink, bar] of cases) {
      if (sink !== output) continue;
      const runs = await alternate(rounds, (side) => pair.run(side, load));
      figures.push(both(`CPU per event, ${name}`, "µs", runs, perEvent, bar));
    }
    if (output === "file") figures.push(await idle(pair));
    figures.push(
      both(`lost at these rates, ${title}`, "events", await pair.stop(), (n) => n, noneLost),
    );
  }
  figures.push(await isolatedAtOnce(effort));
  return figures;
}

/** Isolated events again, with a peer that writes each row at once, as ours does. */
async function isolatedAtOnce({ seconds, rounds }: Effort): Promise<Figure> {
  await using pair = await Pair.start("file", LINES);
  const runs = await alternate(rounds, (side) => pair.run(side, ["rate", 10 * seconds, 5]));
  await pair.stop();
  return both("CPU per event, isolated, C writing rows at once", "µs", runs, perEvent);
}

/** CPU while nothing happens, side by side. */
async function idle({ tracers }: Pair): Promise<Figure> {
  const before = { ours: tracers.ours.cpu, peer: tracers.peer.cpu };
  await sleep(60_000);
  const minute = (side: Side) => (tracers[side].cpu - before[side]) / 1e6;
  const figure = { ours: [minute("ours")], peer: [minute("peer")], bar: ratioBar(1) };
  return { name: "CPU idle, in a minute", unit: "ms", ...figure };
}

async function fresh(side: Side, args: readonly string[], sink: Sink, load: Load) {
  await using tracer = await Tracer.start(side, ["-P", `${ports.ours}`, ...args], sink);
  const warm = await measure(tracer, ["burst", 20_000, 2], ports.ours);
  const run = await measure(tracer, load, ports.ours);
  const rows = await tracer.stop();
  return { ...run, lost: warm.connects + run.connects - rows };
}

/** CPU per event, losses, and how much slower the load gets, as fast as two cores can. */
export async function fullRate({ seconds, rounds, fullRate }: Effort): Promise<Figure[]> {
  const load: Load = ["burst", fullRate * 2 * seconds, 2];
  const cases: [string, Sink][] = [["file", "file"], ["pipe to cat", pipe], ["slow pipe", slow]];
  const cpu: Figure[] = [], lost: Figure[] = [], others: Figure[] = [];
  for (const [name, sink] of cases) {
    const alone: number[] = [];
    const runs = await alternate(rounds, (side) => {
      if (side === "ours" && sink === "file") alone.push(pace(make(load)));
      return fresh(side, [], sink, load);
    });
    const bar = sink === slow ? undefined : ratioBar(0.5);
    cpu.push(both(`CPU per event, full rate, ${name}`, "µs", runs, perEvent, bar));
    const all = (side: Side) => [runs[side].reduce((sum, { lost }) => sum + lost, 0)];
    const losses: Runs<number> = { ours: all("ours"), peer: all("peer") };
    lost.push(both(`lost in all, full rate, ${name}`, "events", losses, (n) => n, noneLost));
    if (sink !== "file") continue;
    const slowdown = (all: Made[]) => all.map((made, i) => alone[i]! / pace(made));
    others.push({
      name: "slowdown of the load, full rate",
      unit: "times",
      ours: slowdown(runs.ours),
      peer: slowdown(runs.peer),
      bar: ratioBar(1),
    });
  }
  return [...cpu, ...lost, ...others];
}

/** A million events through one tracer: memory, and losses over a longer time. */
export async function million({ rounds }: Effort): Promise<Figure[]> {
  const runs = await alternate(rounds, async (side) => {
    await using tracer = await Tracer.start(side, ["-P", `${ports.ours}`]);
    const few = make(["burst", 100_000, 2]).connects;
    await tracer.settle();
    const early = tracer.memory("VmRSS");
    const many = make(["burst", 900_000, 2]).connects;
    await tracer.settle();
    const [late, most] = [tracer.memory("VmRSS"), tracer.memory("VmHWM")];
    return { early, late, most, lost: few + many - await tracer.stop() };
  });
  const of = (name: string, kib: (run: (typeof runs.ours)[0]) => number, bar?: Bar) =>
    both(name, "MiB", runs, (run) => kib(run) / 1024, bar);
  return [
    both("lost of 1,000,000 events, file", "events", runs, ({ lost }) => lost, noneLost),
    of("RSS after 1,000,000 events", ({ late }) => late, valueBar(48)),
    of("RSS growth from 100,000 on", ({ late, early }) => late - early, valueBar(1)),
    of("RSS at its most", ({ most }) => most),
  ];
}

/** CPU per event by options. The peer has no -r and no -c. */
export async function options({ seconds, rounds, fullRate }: Effort): Promise<Figure[]> {
  const load: Load = ["burst", fullRate * seconds / 2, 2];
  const name = (args: string[]) => `CPU per event, full rate, ${args.join(" ")}`;
  const columns = ["-t", "-U", "-s"];
  const runs = await alternate(rounds, (side) => fresh(side, columns, "file", load));
  const figures = [both(name(columns), "µs", runs, perEvent)];
  for (const args of [["-r"], ["-c"]]) {
    const ours: number[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(perEvent(await fresh("ours", args, "file", load)));
    }
    figures.push({ name: name(args), unit: "µs", ours });
  }
  return [...figures, ...await besideTable(rounds, load)];
}

/** What other views cost beside the table of the same rows, which stands in the place of C. */
async function besideTable(rounds: number, load: Load): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const args of [[], ["-r"]]) {
    const runs = await alternate(
      rounds,
      (side) => fresh("ours", side === "ours" ? ["-j", ...args] : args, "file", load),
    );
    const name = ["-j", ...args].join(" ");
    figures.push(
      both(`CPU per event, full rate, ${name} / table`, "µs", runs, perEvent, ratioBar(2)),
    );
    figures.push(both(`lost, full rate, ${name} / table`, "events", runs, ({ lost }) => lost));
  }
  return figures;
}
