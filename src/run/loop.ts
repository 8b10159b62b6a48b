/** The loop: from the perf buffer through the view to standard output. */

import { type Libbpf, write } from "../../lib/mod.ts";
import type { Batch } from "../event/batch.ts";
import type { Clock } from "../event/clock.ts";
import { event as layout } from "../event/layout.gen.ts";
import type { TextBuffer } from "../event/text.ts";
import { EventView } from "../event/view.ts";
import { type Accounting, WATCH_MS } from "../kernel/accounting.ts";
import type { Tracer } from "../kernel/tracer.ts";
import type { View } from "../views/view.ts";
import type { Output } from "./output.ts";
import { Pace } from "./pace.ts";
import type { Stop } from "./stop.ts";

/** Bytes to write at once at the most, so that a large batch does not grow the buffer. */
const CHUNK = 1 << 16;
/** How many rows warm the view up: then the runtime has compiled nearly all that makes one. */
const WARM_UP_ROWS = 200;

/** What the loop works with. */
export interface Parts {
  readonly libbpf: Libbpf;
  readonly tracer: Tracer;
  readonly view: View;
  readonly clock: Clock;
  /** The buffer that the view appends to. */
  readonly text: TextBuffer;
  readonly output: Output;
  readonly accounting: Accounting;
  readonly stop: Stop;
  /** How many rows to print at most; it ends then. */
  readonly maxRows: number;
}

/**
 * Takes events from the perf buffer and prints them. All of it waits in C: a turn of the runtime's
 * event loop for each event would cost more than the event does.
 */
export class Loop {
  readonly #parts: Parts;
  readonly #pace: Pace;
  readonly #view: EventView;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#pace = new Pace(parts.tracer);
    this.#view = new EventView(parts.tracer.buffer.samples);
  }

  /**
   * Runs until it is to stop, all rows are printed, or the reader has gone.
   *
   * @param warmUp A view over the same text buffer, of which nothing is printed: makes rows until the runtime
   * has compiled what makes them. Bun takes a millisecond or two for that now and then during the
   * first hundred rows, which would delay real ones.
   */
  run(warmUp?: View): void {
    const { libbpf, text } = this.#parts;
    libbpf.neverPreempt();
    let going = true;
    if (warmUp) {
      const sample = sampleEvent();
      // Where there is much to do, real rows warm it up.
      for (let i = 0; going && i < WARM_UP_ROWS && this.#pace.wait === 0; i++) {
        going = this.#turn(0);
        warmUp.row(sample);
        text.clear();
      }
    }
    libbpf.trim();
    // An event or a signal ends the wait at once, but some losses cause no wake-up.
    while (going) going = this.#turn(WATCH_MS);
  }

  /** Prints what is left in the perf buffer. To be called once all programs are detached. */
  drain(): void {
    const { tracer: { buffer }, accounting } = this.#parts;
    for (let count; (count = buffer.drain()) > 0;) {
      accounting.watch(Infinity);
      this.print({ view: this.#view, order: buffer.order, count });
    }
  }

  /** Prints a loss, where the view has something for it. It is no row. */
  lost(cause: string, count: number): void {
    const { libbpf, view, clock, text, output, stop } = this.#parts;
    const now = libbpf.monotonic;
    clock.offset = libbpf.wallClockOffset;
    view.lost(cause, count, now);
    if (text.length > 0) output.write(text.buffer, text.length, stop.overdue);
    text.clear();
  }

  /** Prints the header. */
  header(): void {
    this.#parts.view.header();
    this.#flush();
  }

  /** Prints a batch, as far as there may be rows, and accounts for it. */
  print({ view: cursor, order, count }: Batch): void {
    const { libbpf, view, clock, text, accounting, maxRows } = this.#parts;
    clock.offset = libbpf.wallClockOffset;
    const shown = Math.min(count, maxRows - accounting.printed);
    for (let i = 0; i < shown; i++) {
      view.row(cursor.at(order[i]!));
      if (text.length >= CHUNK) this.#flush();
    }
    accounting.printed += shown;
    accounting.filtered["row limit"] += count - shown;
    if (text.length > 0) this.#flush();
  }

  // A method of its own, for the compiler: the loop around it would stay as it began, in slow code.
  #turn(timeout: number): boolean {
    const { libbpf, tracer: { buffer }, accounting, output, stop, maxRows } = this.#parts;
    const pace = this.#pace;
    const view = this.#view;
    const { left } = stop;
    const count = pace.wait > 0
      ? buffer.drain(Math.min(pace.wait, left))
      : buffer.poll(Math.min(timeout, left));
    // The time of the newest sample is recent enough, and costs less than to read the clock.
    const now = count > 0 ? view.at(buffer.order[count - 1]!).time : libbpf.monotonic;
    accounting.watch(now / 1e6);
    if (count > 0) this.print({ view, order: buffer.order, count });
    else if (timeout > 0) output.look();
    pace.looked(count, now);
    return !stop.requested && !output.closed && accounting.printed < maxRows;
  }

  #flush(): void {
    const { text, output, accounting, stop } = this.#parts;
    const left = output.write(text.buffer, text.length, stop.overdue);
    if (left > 0 && !output.closed) accounting.unwritten(text.bytes.subarray(text.length - left));
    text.clear();
  }
}

function sampleEvent(): EventView {
  const sample = new ArrayBuffer(layout.size);
  write(new DataView(sample), layout, { family: 4, pid: 1, comm: [0x2d], sport: 1, dport: 1 });
  return new EventView(sample);
}
