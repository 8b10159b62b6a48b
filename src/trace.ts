/** The loop: from the perf buffer to standard output. */

import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import type { Libbpf } from "../lib/mod.ts";
import type { Options } from "./args.ts";
import { Books } from "./books.ts";
import { countEvents, formatFlows, readFlows } from "./count.ts";
import { EventView } from "./event.ts";
import type { Output } from "./output.ts";
import { readPending } from "./pending.ts";
import { Table } from "./table.ts";
import { TextBuffer } from "./text.ts";
import type { Tracer } from "./tracer.ts";

const POLL_MS = 100;
/** After a batch that came sooner than this, the next is given time to fill: a wake-up each costs more. */
const BUSY_MS = 40;
const COALESCE_MS = 10;
/** Bytes to write at once at the most, so that a large batch does not grow the buffer. */
const CHUNK = 1 << 16;
/** How long a reader that takes nothing may hold up the end. */
const LINGER_MS = 30;

/** Asks the loop to end. */
export class Stop {
  #at: number | undefined;
  #again = false;

  request(): void {
    this.#again = this.requested;
    this.#at ??= performance.now();
  }

  get requested(): boolean {
    return this.#at !== undefined;
  }

  /** Whether rows have waited long enough for a reader that takes nothing. */
  readonly overdue = (): boolean =>
    this.#at !== undefined && performance.now() - this.#at > LINGER_MS;

  /** Whether it was asked twice; a report, which is all there is to see, waits until then. */
  readonly insisted = (): boolean => this.#again;
}

/**
 * Prints events until stopped, or until nobody reads; then what is left, and what was lost.
 *
 * @param report Takes lines for standard error.
 */
export async function trace(
  libbpf: Libbpf,
  tracer: Tracer,
  options: Options,
  output: Output,
  stop: Stop,
  report: (line: string) => void,
): Promise<void> {
  const text = new TextBuffer();
  const table = new Table(text, options);
  const books = new Books(tracer, report);
  const { buffer } = tracer;

  const flush = async () => {
    const left = await output.write(text.bytes, stop.overdue);
    if (left > 0 && !output.closed) books.unwritten(text.bytes.subarray(text.length - left));
    text.clear();
  };
  const rows = async (view: EventView, order: Uint32Array, count: number) => {
    for (let i = 0; i < count; i++) {
      table.row(view.at(order[i]!));
      if (text.length >= CHUNK) await flush();
    }
    books.printed += count;
    if (text.length > 0) await flush();
  };

  if (!options.count) {
    table.header();
    await flush();
  }
  const view = new EventView(buffer.samples);
  let last = -Infinity;
  while (!stop.requested && !output.closed) {
    const count = buffer.poll(POLL_MS);
    books.watch();
    if (count > 0) await rows(view, buffer.order, count);
    const now = performance.now();
    const busy = count > 0 && now - last < BUSY_MS;
    if (count > 0) last = now;
    // Signal handlers run only while the loop is not ours.
    await (busy ? sleep(COALESCE_MS) : setImmediate());
  }

  tracer.skeleton.detach();
  for (let count; (count = buffer.drain()) > 0;) {
    books.watch();
    await rows(view, buffer.order, count);
  }
  const pending = options.result
    ? readPending(tracer.skeleton, libbpf.monotonic, options.minLatency)
    : { samples: new ArrayBuffer(0), count: 0, filtered: 0 };
  const pendingView = new EventView(pending.samples);
  books.filtered += pending.filtered;
  if (options.count) {
    const flows = [
      ...readFlows(tracer.skeleton.map("flows")),
      ...countEvents(pendingView, pending.count, options.sourcePort),
    ];
    books.printed = flows.reduce((sum, flow) => sum + flow.count, 0);
    const bytes = new TextEncoder().encode(formatFlows(flows, options));
    const left = await output.write(bytes, stop.insisted);
    if (left > 0 && !output.closed) {
      report(`Lost the last ${left} bytes of the report: output stuck`);
    }
  } else {
    await rows(
      pendingView,
      Uint32Array.from({ length: pending.count }, (_, i) => i),
      pending.count,
    );
  }
  books.close(options);
}
