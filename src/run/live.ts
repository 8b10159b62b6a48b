/** A trace from its first row to its last, and what was lost. */

import type { Libbpf } from "../../lib/mod.ts";
import { batchOf, eventsOf } from "../event/batch.ts";
import type { Clock } from "../event/clock.ts";
import { addToFlows } from "../event/flow.ts";
import { TextBuffer } from "../event/text.ts";
import { Accounting } from "../kernel/accounting.ts";
import { readFlows } from "../kernel/flows.ts";
import { readPending } from "../kernel/pending.ts";
import type { TraceSpec } from "../kernel/spec.ts";
import type { Tracer } from "../kernel/tracer.ts";
import type { View } from "../views/view.ts";
import { Loop } from "./loop.ts";
import type { Output } from "./output.ts";
import type { Stop } from "./stop.ts";

/** What to do with a running trace. */
export interface LiveOptions {
  readonly spec: TraceSpec;
  /** Makes a view that appends to a text buffer. */
  readonly view: (text: TextBuffer) => View;
  /** The clock of the view, to be set for each batch. */
  readonly clock: Clock;
  /** Whether to report the accounting when nothing was lost too. */
  readonly verbose: boolean;
  /** How many rows to print at most. */
  readonly maxRows: number;
}

/**
 * Prints events until it is to stop, all rows are printed, or the reader has gone. Then prints what is
 * left in the kernel, and reports what was lost.
 *
 * @param report Takes lines for standard error.
 */
export function live(
  libbpf: Libbpf,
  tracer: Tracer,
  { spec, view: makeView, clock, verbose, maxRows }: LiveOptions,
  output: Output,
  stop: Stop,
  report: (line: string) => void,
): void {
  const text = new TextBuffer();
  const view = makeView(text);
  const accounting: Accounting = new Accounting(tracer, spec, {
    line: report,
    lost: (cause, count) => loop.lost(cause, count),
  });
  const loop: Loop = new Loop({
    libbpf,
    tracer,
    view,
    clock,
    text,
    output,
    accounting,
    stop,
    maxRows,
  });
  if (!spec.count) loop.header();
  loop.run(spec.count ? undefined : makeView(text));

  tracer.skeleton.detach();
  loop.drain();
  const pending = tracer.plan.maps.attempts
    ? readPending(tracer, libbpf.monotonic, spec)
    : { samples: new ArrayBuffer(0), filtered: [], missed: 0 };
  for (const cause of pending.filtered) accounting.filtered[cause]++;
  accounting.missed += pending.missed;
  const batch = batchOf(pending.samples);
  if (spec.count) {
    const counted = readFlows(tracer.skeleton.map("flows"));
    const flows = addToFlows(counted, eventsOf(batch), spec.flowSport);
    accounting.printed = flows.reduce((sum, flow) => sum + flow.count, 0);
    clock.offset = libbpf.wallClockOffset;
    view.flows(flows, libbpf.monotonic);
    const left = output.write(text.buffer, text.length, stop.insisted);
    if (left > 0 && !output.closed) {
      report(`Lost the last ${left} bytes of the report: output stuck`);
    }
    text.clear();
  } else loop.print(batch);
  accounting.close(verbose);
}
