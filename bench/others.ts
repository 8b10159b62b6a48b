/** What is not CPU of user space: kernel time, start, delay. */

import { spawnSync } from "node:child_process";
import { make, ports } from "./load.ts";
import { programTime, withStats } from "./programs.ts";
import { alternate, both, type Effort } from "./runs.ts";
import { excessBar, type Figure, percentile, ratioBar, valueBar } from "./stats.ts";
import { gauge, LINES, reader, type Sink, tcpconnect, Tracer } from "./tracer.ts";

const port = ["-P", `${ports.ours}`];

/** Time in our kernel programs; the peer here has the same, see bench-vm for the C tool's. */
export async function kernelTime({ fullRate, rounds }: Effort): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const args of [port, [...port, "-r"], [...port, "-c"], ["-P", "1"]]) {
    const ours: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await withStats(async () => {
        await using tracer = await Tracer.start("ours", args);
        const before = programTime(tracer.pid);
        const { connects } = make(["burst", fullRate, 2]);
        ours.push((programTime(tracer.pid) - before) / connects);
      });
    }
    const title = args[1] === "1" ? "filtered by port" : args.slice(2).join(" ") || "no options";
    figures.push({ name: `kernel time per connect, tracepoint, ${title}`, unit: "ns", ours });
  }
  return figures;
}

/** From the start of the program to its header. */
export async function startTime(): Promise<Figure[]> {
  const shares: number[] = [];
  const start = (command: string, ...args: string[]) => {
    const { stdout, stderr } = spawnSync(gauge, ["start", command, ...args], { encoding: "utf8" });
    const share = /libbpf took (.*) ms/.exec(stderr);
    if (share) shares.push(Number(share[1]));
    return Number(stdout) / 1000;
  };
  const auto: number[] = [];
  const runs = await alternate(15, (side) => {
    if (side === "ours") auto.push(start(tcpconnect));
    return side === "ours" ? start(tcpconnect, "--attach", "tracepoint") : start(reader, "-v");
  });
  return [
    both("start to attached", "ms", runs, (ms) => ms, ratioBar(1.5)),
    { name: "start to attached, of it libbpf in C", unit: "ms", ours: shares },
    { name: "start to attached, --attach auto", unit: "ms", ours: auto },
  ];
}

/** From connect() until the reader has the row. */
export async function delay({ seconds, rounds }: Effort): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const rate of [10, 1000]) {
    const runs = await alternate(rounds, async (side) => {
      const sink: Sink = [
        gauge,
        "delay",
        `${ports.ours}`,
        `${Math.max(150, rate * seconds)}`,
        `${rate}`,
      ];
      await using tracer = Tracer.launch(side, [...port, "-s", LINES], sink);
      const delays = (await tracer.sinkOutput()).trim().split("\n").map((µs) => Number(µs) / 1000);
      return { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99) };
    });
    const name = rate === 10 ? "delay to the row, idle" : "delay to the row, 1,000/s";
    const bar = rate === 10 ? excessBar(1) : valueBar(15);
    figures.push(both(`${name}, p50`, "ms", runs, ({ p50 }) => p50, bar));
    figures.push(both(`${name}, p99`, "ms", runs, ({ p99 }) => p99, bar));
  }
  return figures;
}
