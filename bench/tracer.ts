/** Tracers under measurement: ./tcpconnect and its peer in C, each with an output of its own. */

import { dlopen } from "bun:ffi";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const root = resolve(import.meta.dirname!, "..");
export const tcpconnect = process.env.TCPCONNECT ?? join(root, "tcpconnect");
export const reader = join(root, "build/bench/reader");
export const gauge = join(root, "build/bench/gauge");

/** Where rows go: a file, or a pipe to a command, whose output goes to the file. */
export type Sink = "file" | readonly [command: string, ...args: string[]];

export const pipe: Sink = ["cat"];

/** 64 KiB every 25 ms: slower than a burst at its peak, faster than at its mean. */
export const slow: Sink = [gauge, "slow", "65536", "25"];

/** Which tracer. */
export type Side = "ours" | "peer";

/** Makes the peer write each row at once, as on a terminal; we always do. */
export const LINES = "-l";

/** Rows go to memory, so that the disk does not change the figures. */
const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** How long a tracer may take for its last rows, ms. */
const SETTLE_MS = 300;

const libc = dlopen("libc.so.6", { clock_gettime: { args: ["i32", "ptr"], returns: "i32" } });

/** CPU time of a process, in ns: user and system, of all its threads, those that ended too. */
function cpuTime(pid: number): number {
  const CPUCLOCK_SCHED = 2;
  const time = new BigInt64Array(2);
  // clock_getcpuclockid(3)
  if (libc.symbols.clock_gettime(~pid << 3 | CPUCLOCK_SCHED, time) !== 0) {
    throw new Error(`no CPU clock of process ${pid}`);
  }
  return Number(time[0]) * 1e9 + Number(time[1]);
}

/** A tracer that runs. */
export class Tracer implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(memory, "tcpconnect-bench-"));
  readonly #rows = join(this.#directory, "rows");
  readonly #errors = join(this.#directory, "errors");
  readonly #child: ChildProcess;
  readonly #sink: ChildProcess | undefined;
  #gone = false;

  private constructor(side: Side, args: readonly string[], sink: Sink) {
    const rows = openSync(this.#rows, "w");
    const errors = openSync(this.#errors, "w");
    let output = rows;
    let input: number | undefined;
    if (sink !== "file") {
      const fifo = join(this.#directory, "fifo");
      execFileSync("mkfifo", [fifo]);
      const both = openSync(fifo, "r+");
      input = openSync(fifo, "r");
      output = openSync(fifo, "w");
      closeSync(both);
      const [command, ...rest] = sink;
      this.#sink = spawn(command, rest, { stdio: [input, rows, "inherit"] });
    }
    const command = side === "ours" ? tcpconnect : reader;
    const more = side === "ours" ? ["--attach", "tracepoint"] : ["-v"];
    if (side === "ours") args = args.filter((arg) => arg !== LINES);
    this.#child = spawn(command, [...more, ...args], { stdio: ["ignore", output, errors] });
    for (const fd of new Set([rows, errors, output, input])) if (fd !== undefined) closeSync(fd);
  }

  /** Starts a tracer and does not wait. */
  static launch(side: Side, args: readonly string[], sink: Sink): Tracer {
    return new Tracer(side, args, sink);
  }

  /** Starts a tracer, and waits until it traces. */
  static async start(side: Side, args: readonly string[], sink: Sink = "file"): Promise<Tracer> {
    const tracer = new Tracer(side, args, sink);
    // The header of C waits in its buffer; -c and -j have none.
    const silent = side === "ours" && args.some((arg) => ["-c", "-j"].includes(arg));
    const sign = side === "ours" ? tracer.#rows : tracer.#errors;
    for (let tries = 0; !silent && statSync(sign).size === 0; tries++) {
      if (tries > 500 || tracer.#child.exitCode !== null) {
        throw new Error(`${side} does not start: ${tracer.stderr}`);
      }
      await sleep(10);
    }
    await sleep(silent ? 1000 : SETTLE_MS);
    return tracer;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get cpu(): number {
    return cpuTime(this.pid);
  }

  /** A line of /proc/PID/status in KiB, such as VmRSS. */
  memory(name: string): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1]);
  }

  get stderr(): string {
    return readFileSync(this.#errors, "utf8");
  }

  /** What the rows' file holds, after the pipe's reader has ended by itself. */
  async sinkOutput(): Promise<string> {
    if (this.#sink && this.#sink.exitCode === null) await once(this.#sink, "exit");
    return readFileSync(this.#rows, "utf8");
  }

  /** Waits until all events so far are read. */
  async settle(): Promise<void> {
    await sleep(SETTLE_MS);
  }

  /** Ends the tracer; returns how many rows it printed. */
  async stop(): Promise<number> {
    await this.#end();
    const bytes = readFileSync(this.#rows);
    let rows = bytes[0] === 0x7b ? 0 : -1; // JSON has no header
    for (let at = -1; (at = bytes.indexOf(0x0a, at + 1)) >= 0;) rows++;
    return rows;
  }

  async #end(): Promise<void> {
    if (this.#gone) return;
    this.#gone = true;
    for (const child of [this.#child, this.#sink]) {
      if (!child) continue;
      const exit = once(child, "exit");
      if (child.exitCode !== null || child.signalCode !== null) continue;
      if (child === this.#child) child.kill("SIGINT");
      await exit;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    rmSync(this.#directory, { recursive: true });
  }
}
