/** The tool: command line in, exit status out. */

import { Buffer } from "node:buffer";
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { BpfError, type Libbpf, LoadError, LogLevel } from "../lib/mod.ts";
import { advise, adviseLoad } from "./cli/advice.ts";
import { examine } from "./cli/doctor.ts";
import { help, usage, version } from "./cli/help.ts";
import { parse, type Request } from "./cli/parse.ts";
import { UsageError } from "./cli/values.ts";
import { printable } from "./event/printable.ts";
import type { TextBuffer } from "./event/text.ts";
import { AttachError, neverFires, Tracer } from "./kernel/tracer.ts";
import { live } from "./run/live.ts";
import { Output, OutputError } from "./run/output.ts";
import { Stop } from "./run/stop.ts";
import { Json } from "./views/json.ts";
import { Table } from "./views/table.ts";

/** As in sysexits.h. */
const EX_USAGE = 64;

/** Prints a line on standard error, whatever state that is in; whatever it quotes, it is one line. */
function report(line: string): void {
  try {
    writeSync(2, `${printable(line)}\n`);
  } catch {
    // Nobody can be told.
  }
}

type Load = () => Libbpf | Promise<Libbpf>;

/**
 * Runs the tool.
 *
 * @param args The command line without the program's name.
 * @param load Loads libbpf; called only when it is needed. Whatever it throws is told in one line.
 * @returns The exit status.
 */
export async function main(args: readonly string[], load: Load): Promise<number> {
  let request: Request | undefined;
  try {
    request = parse(args);
    if ("spec" in request) checkBtf(request.spec.btf);
    return await run(request, load);
  } catch (error) {
    return fail(error, request);
  }
}

/** libbpf takes BTF as it is (BTF_MAGIC, in either byte order) and within an ELF file. */
function checkBtf(btf: string | undefined): void {
  if (btf === undefined) return;
  const magic = Buffer.alloc(4);
  try {
    const fd = openSync(btf, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(fd, magic);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new UsageError(`cannot read --btf '${btf}': ${(error as NodeJS.ErrnoException).code}`);
  }
  if (!/^(9feb|eb9f|7f454c46)/.test(magic.toString("hex"))) {
    throw new UsageError(`--btf '${btf}' is neither BTF nor ELF`);
  }
}

async function run(request: Request, load: Load): Promise<number> {
  switch (request.run) {
    case "help":
      return print(help);
    case "usage":
      return print(usage);
    case "version":
      return print(version);
    case "doctor": {
      const { text, works } = await examine(await loaded(load), request.spec);
      print(text);
      return works ? 0 : 1;
    }
    case "trace":
      return start(await loaded(load), request);
  }
}

async function loaded(load: Load): Promise<Libbpf> {
  try {
    return await load();
  } catch (error) {
    throw LoadError.from(error);
  }
}

function print(text: string): number {
  try {
    writeSync(1, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
  }
  return 0;
}

function start(libbpf: Libbpf, request: Extract<Request, { run: "trace" }>): number {
  const { spec, json, table, verbose } = request;
  if (verbose) libbpf.logLevel(LogLevel.Debug);
  using tracer = Tracer.start(libbpf, spec);
  // From here on somebody may know that it traces.
  const stop = new Stop(libbpf);
  const report = patientReport(libbpf, stop);
  if (verbose) explain(libbpf, tracer, report);
  const blind = neverFires(tracer.backend);
  if (blind) report(`tcpconnect: warning: ${tracer.backend}: ${blind.message}`);
  if (tracer.plan.rowsWait) {
    const { message } = tracer.refusals.at(-1)!.reason;
    report(`tcpconnect: warning: rows wait for an answer, a failure or a close: ${message}`);
  }
  using output = new Output(libbpf);
  const clock = { offset: libbpf.wallClockOffset };
  const view = (text: TextBuffer) =>
    json ? new Json(text, { ...table, clock, backend: tracer.backend }) : new Table(text, table);
  live(libbpf, tracer, { spec, view, clock, verbose }, output, stop, report);
  return 0;
}

/** Prints lines on standard error as rows are printed: who reads none must not hold up the end. */
function patientReport(libbpf: Libbpf, stop: Stop): Report {
  let errors: Output | undefined;
  return (line) => {
    const bytes = new TextEncoder().encode(`${printable(line)}\n`);
    try {
      errors ??= new Output(libbpf, 2);
      errors.write(bytes, bytes.length, stop.overdue);
    } catch {
      // Nobody can be told.
    }
  };
}

type Report = (line: string) => void;

function explain(libbpf: Libbpf, tracer: Tracer, report: Report): void {
  reportLines(libbpf.takeLog(), report);
  refuse(tracer, report);
  report(`attached: ${tracer.backend} (${tracer.plan.programs.join(", ")})`);
}

function refuse({ refusals }: Pick<Tracer, "refusals">, report: Report): void {
  for (const { backend, reason } of refusals) {
    if (reason instanceof BpfError) reportLines(reason.log, report);
    report(`not attached: ${backend}: ${reason.message}`);
  }
}

/** Each line may quote something: what is not printable is replaced line by line. */
function reportLines(text: string, report: Report): void {
  if (text) { for (const line of text.trimEnd().split("\n")) report(line); }
}

/** Tells an error in one line, with -v in more: of one that nobody foresaw, where it was thrown. */
function fail(error: unknown, request: Request | undefined): number {
  const traced = request && "spec" in request ? request : undefined;
  if (error instanceof UsageError) {
    report(`tcpconnect: ${error.message}. Run \`tcpconnect --help\``);
    return EX_USAGE;
  }
  if (error instanceof AttachError && traced) {
    if (traced.verbose) refuse(error, report);
    report(`tcpconnect: ${advise(error, traced.spec)}`);
  } else if (error instanceof BpfError) {
    if (traced?.verbose) reportLines(error.log, report);
    report(`tcpconnect: ${error.message}`);
  } else if (error instanceof LoadError) {
    if (traced?.verbose) reportLines(trail(error.cause ?? error), report);
    report(`tcpconnect: ${inOneLine(adviseLoad(error))}`);
  } else if (
    error instanceof OutputError || (error instanceof Error && "syscall" in error)
  ) {
    report(`tcpconnect: ${error.message}`);
  } else {
    if (traced?.verbose) reportLines(trail(error), report);
    const words = inOneLine(`${error}`);
    report(`tcpconnect: unexpected error: ${words}: please report it with what -v prints`);
  }
  return 1;
}

/** The runtime's words may have several. */
const inOneLine = (words: string) => words.replace(/\s*\n\s*/g, "; ");

/** Where an error was thrown. */
function trail(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : `${error}`;
}
