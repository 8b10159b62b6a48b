/** The loop: from the perf buffer to standard output. */

import os from "node:os";
import { type Libbpf, write } from "../../lib/mod.ts";
import type { Options } from "../cli/parse.ts";
import { Books, WATCH_MS } from "../kernel/accounting.ts";
import { countEvents, formatFlows, readFlows } from "../views/flows.ts";
import { EventView } from "../event/view.ts";
import { event as layout } from "../event/layout.gen.ts";
import type { Output } from "./output.ts";
import { Pace } from "./pace.ts";
import { readPending } from "../kernel/pending.ts";
import { Table } from "../views/table.ts";
import { TextBuffer } from "../event/text.ts";
import type { Tracer } from "../kernel/tracer.ts";

/** Bytes to write at once at the most, so that a large batch does not grow the buffer. */
const CHUNK = 1 << 16;
/** How many rows to rehearse: after so many the runtime has compiled nearly all that makes one. */
const REHEARSALS = 200;
/** How long a reader that takes nothing may hold up the end. */
const LINGER_MS = 30;

/** When to end: after the first signal; a second one is not patient. */
export class Stop {
  readonly #libbpf: Libbpf;
  #since: number | undefined;

  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
    const { SIGINT, SIGTERM, SIGHUP } = os.constants.signals;
    libbpf.catchSignal(SIGINT);
    libbpf.catchSignal(SIGTERM);
    libbpf.catchSignal(SIGHUP, false); // nohup wants it ignored
  }

  get requested(): boolean {
    return this.#libbpf.signalCount > 0;
  }

  /** Whether rows have waited long enough for a reader that takes nothing. */
  readonly overdue = (): boolean => {
    if (!this.requested) return false;
    this.#since ??= performance.now();
    return performance.now() - this.#since > LINGER_MS;
  };

  /** Whether it was asked twice; a report, which is all there is to see, waits until then. */
  readonly insisted = (): boolean => this.#libbpf.signalCount > 1;
}

/**
 * Makes rows that nobody sees. Bun holds up about every tenth of the first hundred for a millisecond
 * or two, when parts of what makes them are compiled; those had better be nobody's.
 */
function rehearsal(options: Options): () => void {
  const text = new TextBuffer();
  const table = new Table(text, options);
  const sample = new ArrayBuffer(layout.size);
  write(new DataView(sample), layout, { family: 4, pid: 1, comm: [0x2d], sport: 1, dport: 1 });
  const view = new EventView(sample);
  return () => {
    table.row(view);
    text.clear();
  };
}

/**
 * Prints events until a signal comes, or until nobody reads; then what is left, and what was lost.
 * All of it waits in C: a turn of the runtime's event loop for each event would cost more than the
 * event does.
 *
 * @param report Takes lines for standard error.
 */
export function trace(
  libbpf: Libbpf,
  tracer: Tracer,
  options: Options,
  output: Output,
  stop: Stop,
  report: (line: string) => void,
): void {
  const text = new TextBuffer();
  const table = new Table(text, options);
  const books = new Books(tracer, report);
  const { buffer } = tracer;

  const flush = () => {
    const left = output.write(text.buffer, text.length, stop.overdue);
    if (left > 0 && !output.closed) books.unwritten(text.bytes.subarray(text.length - left));
    text.clear();
  };
  const rows = (view: EventView, order: Uint32Array, count: number) => {
    for (let i = 0; i < count; i++) {
      table.row(view.at(order[i]!));
      if (text.length >= CHUNK) flush();
    }
    books.printed += count;
    if (text.length > 0) flush();
  };

  if (!options.count) {
    table.header();
    flush();
  }
  const view = new EventView(buffer.samples);
  const pace = new Pace(tracer);
  // A function, for the compiler: the loop around it would stay as it began, in slow code.
  const turn = (timeout: number): boolean => {
    const count = pace.wait > 0 ? buffer.drain(pace.wait) : buffer.poll(timeout);
    // What the newest sample tells is as good as a look at the clock, and costs less.
    const now = count > 0 ? view.at(buffer.order[count - 1]!).time : libbpf.monotonic;
    books.watch(now / 1e6);
    if (count > 0) rows(view, buffer.order, count);
    pace.looked(count, now);
    return !stop.requested && !output.closed;
  };
  libbpf.neverPreempt();
  let going = true;
  const rehearse = rehearsal(options);
  // Where there is much to do, rows are no rehearsal any more.
  for (let i = 0; going && !options.count && i < REHEARSALS && pace.wait === 0; i++) {
    going = turn(0);
    rehearse();
  }
  libbpf.trim();
  // An event or a signal ends the wait at once; some losses come without a word.
  while (going) going = turn(WATCH_MS);

  tracer.skeleton.detach();
  for (let count; (count = buffer.drain()) > 0;) {
    books.watch(Infinity);
    rows(view, buffer.order, count);
  }
  const pending = tracer.maps.attempts
    ? readPending(tracer, libbpf.monotonic, options.minLatency)
    : { samples: new ArrayBuffer(0), count: 0, filtered: 0, missed: 0 };
  const pendingView = new EventView(pending.samples);
  books.filtered += pending.filtered;
  books.missed += pending.missed;
  if (options.count) {
    const flows = countEvents(
      readFlows(tracer.skeleton.map("flows")),
      pendingView,
      pending.count,
      options.sourcePort,
    );
    books.printed = flows.reduce((sum, flow) => sum + flow.count, 0);
    const bytes = new TextEncoder().encode(formatFlows(flows, options));
    const left = output.write(bytes, bytes.length, stop.insisted);
    if (left > 0 && !output.closed) {
      report(`Lost the last ${left} bytes of the report: output stuck`);
    }
  } else {
    rows(
      pendingView,
      Uint32Array.from({ length: pending.count }, (_, i) => i),
      pending.count,
    );
  }
  books.close(options);
}
