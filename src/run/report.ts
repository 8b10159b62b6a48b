/** Lines on standard error. Whatever a line quotes, it stays one line and harmless to a terminal. */

import { writeSync } from "node:fs";
import type { Libbpf } from "../../lib/mod.ts";
import { printable } from "../event/printable.ts";
import { Output } from "./output.ts";
import type { Stop } from "./stop.ts";

/** Takes a line for standard error. */
export type Report = (line: string) => void;

/** Prints a line at once, whatever state standard error is in. */
export function reportNow(line: string): void {
  try {
    writeSync(2, `${printable(line)}\n`);
  } catch {
    // Standard error is closed: there is no other place to report to.
  }
}

/** Prints lines as rows are printed: a reader that takes none must not hold up the end. */
export function reportWhile(libbpf: Libbpf, stop: Stop): Report {
  let errors: Output | undefined;
  return (line) => {
    const bytes = new TextEncoder().encode(`${printable(line)}\n`);
    try {
      errors ??= new Output(libbpf, 2);
      errors.write(bytes, bytes.length, stop.overdue);
    } catch {
      // As above.
    }
  };
}

/** Reports text of several lines; an empty one not at all. */
export function reportLines(text: string, report: Report): void {
  if (!text) return;
  for (const line of text.trimEnd().split("\n")) report(line);
}
