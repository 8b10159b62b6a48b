/** The tool under test, on each of its runtimes. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { TestContext } from "node:test";
import { Child, type Ended, run, type Signal, type StartOptions } from "./child.ts";
import { parseLines, rowsOf } from "./json.ts";
import { parseRows, type Row, wholeLines } from "./cases.ts";

export const root = join(import.meta.dirname!, "../");
export const client = `${root}build/test/client`;
export const executable = `${root}tcpconnect`;

const x64 = process.arch === "x64";
export const bun = `${root}node_modules/@oven/bun-linux-${x64 ? "x64" : "aarch64"}/bin/bun`;
export const deno = `${root}node_modules/@deno/linux-${x64 ? "x64" : "arm64"}-glibc/deno`;

const commandsIn = (folder: string) => ({
  executable: [executable],
  Bun: [bun, join(folder, "src/bun.ts")],
  Deno: [deno, "run", "--quiet", "--allow-all", join(folder, "src/deno.ts")],
});

/** The commands that start it. */
export const commands = commandsIn(root);

/**
 * The same, for those who cannot read the repository, as it may be in a home that is closed to
 * others: what Bun and Deno read is copied to a folder, and everybody may read it there. The programs
 * themselves are not copied: setpriv(1) starts them with the capabilities that it drops.
 *
 * @param folder An empty one, in a directory that is open to everybody.
 */
export function copyCommands(folder: string): typeof commands {
  for (const name of ["package.json", "deno.json", "src", "lib", "build/tcpconnect.so"]) {
    cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  execFileSync("chmod", ["-R", "a+rX", folder]);
  return commandsIn(folder);
}

export type Runtime = keyof typeof commands;
export const runtimes = Object.keys(commands) as Runtime[];

/** Options for a `describe` that needs a real kernel: without one it is skipped, under CI it fails. */
export function needsKernel(): { skip: string | false } {
  const missing = process.getuid?.() !== 0
    ? "not root"
    : [executable, client].find((file) => !existsSync(file));
  if (missing && process.env["CI"] === "true") throw new Error(`cannot test: ${missing}`);
  if (missing) console.warn(`skipped: ${missing}`);
  return { skip: missing ?? false };
}

/** A test cannot run here: it is skipped, under CI it fails. */
export function cannot(t: TestContext, reason: string): void {
  if (process.env["CI"] === "true") throw new Error(reason);
  t.skip(reason);
}

/** -r needs the tracefs of the system call tracepoints. */
export async function mountTracefs(): Promise<void> {
  if (readFileSync("/proc/self/mountinfo", "utf8").includes(" /sys/kernel/tracing ")) return;
  await run(["mount", "-t", "tracefs", "none", "/sys/kernel/tracing"]);
}

const number = (pattern: RegExp, text: string) => Number(pattern.exec(text)?.[1] ?? 0);

/** The sum of losses that the tool reports at its end. */
export const lost = (stderr: string) => number(/^Lost (\d+) events in all: /m, stderr);

/** The sum of the CONNECTS column of -c. */
export const counted = (rows: Row[]) => rows.reduce((sum, row) => sum + Number(row["CONNECTS"]), 0);

/** The last line of -v: attempts printed, filtered and lost; only -r knows how many there were. */
export function accounting(stderr: string): Record<string, number> {
  const line = stderr.trimEnd().split("\n").at(-1)!;
  assert.match(
    line,
    /^(attempts \d+ = printed \d+ \+ filtered \d+ \+ lost \d+|printed \d+, lost \d+)$/,
  );
  const entries = [...line.matchAll(/(\w+) (\d+)/g)];
  return Object.fromEntries(entries.map(([, name, count]) => [name, Number(count)]));
}

/** Asserts that standard error is one line of the tool, and nothing else. */
export const oneLine = (text: string) => assert.match(text, /^tcpconnect: [^\n]+\n$/);

export interface ToolOptions extends StartOptions {
  runtime?: Runtime;
  /** In place of the runtime's. */
  command?: readonly string[];
}

/** How a trace ended; `stderr` without libbpf's log. */
export interface Stopped extends Ended {
  /** From the signal to the end. */
  ms: number;
  readonly rows: Row[];
}

const withoutLog = (stderr: string) => stderr.replace(/^libbpf: .*\n/gm, "");

/** A running trace. */
export class Tool {
  readonly child: Child;

  /** Whether it prints JSON. */
  readonly #json: boolean;

  private constructor(child: Child, json: boolean) {
    this.child = child;
    this.#json = json;
  }

  /** Starts the tool and waits until it is attached. */
  static async start(
    args: readonly string[],
    { runtime = "executable", command = commands[runtime], ...options }: ToolOptions = {},
  ): Promise<Tool> {
    // The header follows the attachment at once; -c prints none.
    const told = options.stdout !== undefined ||
      args.some((arg) => ["-v", "-c", "-j"].includes(arg));
    const all = told && !args.includes("-v") ? ["-v", ...args] : args;
    const json = args.includes("-j");
    const tool = new Tool(new Child([...command, ...all], options), json);
    await tool.child.until(({ stdout, stderr }) =>
      told ? /^attached: /m.test(stderr) : stdout.includes("\n")
    );
    return tool;
  }

  /** The complete rows so far. */
  get rows(): Row[] {
    return parseRows(wholeLines(this.child.stdout));
  }

  /** Ends the trace, which must succeed. */
  async stop(signal: Signal = "SIGINT"): Promise<Stopped> {
    const ended = await this.child.stop(signal);
    const stderr = withoutLog(ended.stderr);
    assert.equal(ended.status, 0, stderr);
    const json = this.#json;
    return {
      ...ended,
      stderr,
      get rows() {
        if (json) return rowsOf(parseLines(ended.stdout));
        return parseRows(ended.stdout.replace(/^\n/, "")); // -c begins with an empty line
      },
    };
  }
}

/**
 * Starts a trace for each command line on each runtime, and waits until all are attached.
 *
 * @returns Stops them all. A runtime that fails does so alone.
 */
export async function startEach(
  ...lines: string[][]
): Promise<() => Map<Runtime, Promise<Stopped[]>>> {
  const starts = runtimes.map((runtime) =>
    Promise.all(lines.map((args) => Tool.start(args, { runtime })))
  );
  await Promise.allSettled(starts);
  return () =>
    new Map(starts.map((start, i) => {
      const stopped = start.then((tools) => Promise.all(tools.map((tool) => tool.stop())));
      stopped.catch(() => {}); // for the test that asks
      return [runtimes[i]!, stopped];
    }));
}

let nextPort = 2000 + process.pid % 1000 * 30;

/** A port below the ephemeral ones that neither another test run nor anybody else is likely to use. */
export const takePort = () => nextPort++;

/** A server, once it listens. */
export async function ready(server: Child): Promise<Child> {
  await server.until(({ stdout }) => stdout.includes("ready"));
  return server;
}
