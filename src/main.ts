/** The tool: command line in, exit status out. */

import { writeSync } from "node:fs";
import { type Libbpf, LoadError, LogLevel } from "../lib/mod.ts";
import { checkBtf } from "./cli/btf.ts";
import { completions } from "./cli/completions.ts";
import { wantsColor } from "./cli/color.ts";
import { columnsHelp } from "./cli/columns.ts";
import { examine } from "./cli/doctor.ts";
import { fail, reportRefusals } from "./cli/failure.ts";
import { help, usage, version } from "./cli/help.ts";
import { parse, type Request } from "./cli/parse.ts";
import { Users } from "./enrich/users.ts";
import type { TextBuffer } from "./event/text.ts";
import type { TraceSpec } from "./kernel/spec.ts";
import { pidNamespace } from "./kernel/system.ts";
import { neverFires, Tracer } from "./kernel/tracer.ts";
import { live } from "./run/live.ts";
import { Output } from "./run/output.ts";
import { type Report, reportLines, reportNow, reportWhile } from "./run/report.ts";
import { Stop } from "./run/stop.ts";
import { Json } from "./views/json.ts";
import { Table } from "./views/table.ts";

/** A pipe that does not block takes so much as a whole or not at all: PIPE_BUF of pipe(7). */
const PIPE_BUF = 4096;
/** How long to wait before a pipe that is full is tried again. */
const RETRY_MS = 10;

type Load = () => Libbpf | Promise<Libbpf>;
type TraceRequest = Extract<Request, { run: "trace" }>;

/**
 * Runs the tool.
 *
 * @param args The command line without the program's name.
 * @param load Loads libbpf; called only when it is needed. Any error of it is reported in one line.
 * @returns The exit status.
 */
export async function main(args: readonly string[], load: Load): Promise<number> {
  let request: Request | undefined;
  try {
    request = parse(args);
    return await run(request, load);
  } catch (error) {
    return fail(error, request, reportNow);
  }
}

async function run(request: Request, load: Load): Promise<number> {
  if ("spec" in request && request.spec.btf !== undefined) checkBtf(request.spec.btf);
  switch (request.run) {
    case "help":
      return print(help);
    case "usage":
      return print(usage);
    case "version":
      return print(version);
    case "completions":
      return print(completions(request.shell));
    case "columns":
      return print(columnsHelp);
    case "doctor": {
      const { text, works } = await examine(await loaded(load), request.spec);
      print(text);
      return works ? 0 : 1;
    }
    case "trace":
      return trace(await loaded(load), request);
  }
}

async function loaded(load: Load): Promise<Libbpf> {
  try {
    return await load();
  } catch (error) {
    throw LoadError.from(error);
  }
}

/** Prints all of a text, unless the reader goes away. */
function print(text: string): number {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes.subarray(0, PIPE_BUF)));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") break;
      if (code !== "EAGAIN") throw error;
      // Another process with the same pipe may have made it non-blocking.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
  return 0;
}

function trace(
  libbpf: Libbpf,
  { spec, json, table: chosen, color, verbose, limits }: TraceRequest,
): number {
  if (verbose) libbpf.logLevel(LogLevel.Debug);
  using tracer = Tracer.start(libbpf, spec);
  // Signals are caught only now: until here nothing is there that has to be ended.
  const stop = new Stop(libbpf, limits.duration);
  const report = reportWhile(libbpf, stop);
  if (verbose) {
    reportLines(libbpf.takeLog(), report);
    reportRefusals(tracer, report);
    report(`attached: ${tracer.backend} (${tracer.plan.programs.join(", ")})`);
  }
  warn(tracer, spec, report);
  using output = new Output(libbpf);
  const clock = { offset: libbpf.wallClockOffset };
  const sources = {
    clock,
    utcOffset: (when: number) => libbpf.utcOffset(when),
    users: new Users(),
  };
  const { backend } = tracer;
  const table = { ...chosen, color: wantsColor(color) };
  const view = (text: TextBuffer) =>
    json ? new Json(text, { ...table, backend }, sources) : new Table(text, table, sources);
  live(libbpf, tracer, { spec, view, clock, verbose, maxRows: limits.rows }, output, stop, report);
  return 0;
}

/** What a trace that has started does not show, or late. */
function warn({ backend, plan, refusals }: Tracer, { pids }: TraceSpec, report: Report): void {
  if (pids.values.length > 0 && pidNamespace()) {
    report("tcpconnect: warning: -p takes the PIDs of this PID namespace, rows show the host's");
  }
  const blind = neverFires(backend);
  if (blind) report(`tcpconnect: warning: ${backend}: ${blind.message}`);
  if (plan.rowsWait) {
    const { message } = refusals.at(-1)!.reason;
    report(`tcpconnect: warning: rows wait for an answer, a failure or a close: ${message}`);
  }
}
