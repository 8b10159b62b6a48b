/** From an error to what standard error says of it, and to the exit status. */

import { BpfError, LoadError } from "../../lib/mod.ts";
import { AttachError, type Tracer } from "../kernel/tracer.ts";
import { OutputError } from "../run/output.ts";
import { type Report, reportLines } from "../run/report.ts";
import { advise, adviseLoad } from "./advice.ts";
import type { Request } from "./parse.ts";
import { UsageError } from "./values.ts";

/** As in sysexits.h. */
const EX_USAGE = 64;

/**
 * Tells an error in one line; with `-v` also what led to it.
 *
 * @param request What was asked for; undefined if the command line was not understood.
 * @returns The exit status.
 */
export function fail(error: unknown, request: Request | undefined, report: Report): number {
  const traced = request && "spec" in request ? request : undefined;
  const verbose = traced?.verbose ?? false;
  if (error instanceof UsageError) {
    report(`tcpconnect: ${error.message}. Run \`tcpconnect --help\``);
    return EX_USAGE;
  }
  if (error instanceof AttachError && traced) {
    if (verbose) reportRefusals(error, report);
    report(`tcpconnect: ${advise(error, traced.spec)}`);
  } else if (error instanceof BpfError) {
    if (verbose) reportLines(error.log, report);
    report(`tcpconnect: ${error.message}`);
  } else if (error instanceof LoadError) {
    if (verbose) reportLines(stackOf(error.cause ?? error), report);
    report(`tcpconnect: ${inOneLine(adviseLoad(error))}`);
  } else if (error instanceof OutputError || (error instanceof Error && "syscall" in error)) {
    report(`tcpconnect: ${error.message}`);
  } else {
    if (verbose) reportLines(stackOf(error), report);
    const words = inOneLine(`${error}`);
    report(`tcpconnect: unexpected error: ${words}: please report it with what -v prints`);
  }
  return 1;
}

/** Reports why back ends were not taken. */
export function reportRefusals({ refusals }: Pick<Tracer, "refusals">, report: Report): void {
  for (const { backend, reason } of refusals) {
    if (reason instanceof BpfError) reportLines(reason.log, report);
    report(`not attached: ${backend}: ${reason.message}`);
  }
}

/** A runtime's message may have several lines. */
const inOneLine = (words: string) => words.replace(/\s*\n\s*/g, "; ");

const stackOf = (error: unknown): string =>
  error instanceof Error ? error.stack ?? error.message : `${error}`;
