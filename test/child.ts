/** The processes of the tests: none outlives the run, and only these are ever ended. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

const TIMEOUT_MS = 20_000;

/** How a process ended. */
export interface Ended {
  /** As a shell has it: above 128 it was a signal. */
  status: number;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** A descriptor that takes the place of the collected stream. */
  stdout?: number;
}

const SIGNALS = {
  ...{ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15 },
  ...{ SIGCONT: 18, SIGSTOP: 19 },
} as const;
export type Signal = keyof typeof SIGNALS;

const running = new Set<Child>();

/** A process and what it has said so far. */
export class Child {
  readonly pid: number;
  /** Resolves once the process has ended and its output is complete. */
  readonly ended: Promise<Ended>;
  /** Resolves once the process has ended, though a child of its own may still write. */
  readonly gone: Promise<void>;
  stdout = "";
  stderr = "";
  readonly #process: ChildProcess;
  readonly #name: string;
  #wake: () => void = () => {};

  /** @param argv The command; the kernel ends it should the test run die. */
  constructor(argv: readonly string[], options: StartOptions = {}) {
    const { cwd, env, stdout = "pipe" } = options;
    this.#name = argv.join(" ");
    this.#process = spawn("setpriv", ["--pdeathsig", "KILL", ...argv], {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["pipe", stdout, "pipe"],
    });
    assert(this.#process.pid, `cannot start ${this.#name}`);
    this.pid = this.#process.pid;
    for (const stream of ["stdout", "stderr"] as const) {
      this.#process[stream]?.setEncoding("utf8").on("data", (text: string) => {
        this[stream] += text;
        this.#wake();
      });
    }
    this.#process.stdin?.on("error", () => {}); // it may end without having read
    running.add(this);
    this.gone = new Promise((resolve) => this.#process.once("exit", () => resolve()));
    this.ended = new Promise((resolve) =>
      this.#process.once("close", (code, signal) => {
        running.delete(this);
        const status = code ?? 128 + (SIGNALS[signal as Signal] ?? 0);
        resolve({ status, stdout: this.stdout, stderr: this.stderr });
        this.#wake();
      })
    );
  }

  /** Waits until the process has said something; it must not end before. */
  async until(said: (child: this) => boolean): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!said(this)) {
      const left = deadline - performance.now();
      if (left <= 0 || !running.has(this)) {
        const what = left <= 0 ? "says nothing" : "ended";
        throw new Error(`${this.#name} ${what}\n${this.stdout}${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => (clearTimeout(timer), resolve());
      });
    }
  }

  /** Waits for a process that must end by itself; one that does not is killed, and an error. */
  async endsItself(timeout = TIMEOUT_MS): Promise<Ended> {
    return await this.#bounded(timeout, "does not end");
  }

  async #bounded(timeout: number, fault: string): Promise<Ended> {
    let late = false;
    const timer = setTimeout(() => (late = true, this.send("SIGKILL")), timeout);
    const ended = await this.ended;
    clearTimeout(timer);
    if (late) throw new Error(`${this.#name} ${fault}\n${ended.stderr}`);
    return ended;
  }

  send(signal: Signal): void {
    // Not ChildProcess.kill(): after it Deno takes any end for one by that signal.
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /** Reads no more of its standard output. */
  pause(): void {
    this.#process.stdout?.pause();
  }

  /** Closes its own end of that. */
  hangUp(): void {
    this.#process.stdout?.destroy();
  }

  resume(): void {
    this.#process.stdout?.resume();
  }

  /** Writes to its standard input. */
  write(text: string): void {
    this.#process.stdin?.write(text);
  }

  /** Writes to its standard input, and closes it. */
  input(text: string): void {
    this.#process.stdin?.end(text);
  }

  /** Sends a signal and waits for the end; a process that does not end is killed, and an error. */
  async stop(signal: Signal = "SIGTERM"): Promise<Ended & { ms: number }> {
    const start = performance.now();
    this.send(signal);
    const ended = await this.#bounded(TIMEOUT_MS, `does not end on ${signal}`);
    return { ...ended, ms: performance.now() - start };
  }
}

/** Runs a command that must succeed to its end. */
export async function run(argv: readonly string[], options?: StartOptions): Promise<string> {
  const { status, stdout, stderr } = await new Child(argv, options).ended;
  assert.equal(status, 0, `${argv.join(" ")}: ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** Ends whatever still runs. */
export async function endAll(): Promise<void> {
  const ends = [...running].map((child) => child.gone);
  for (const child of running) child.send("SIGKILL");
  await Promise.all(ends);
}

/** Calls a function until it returns true. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
