/** The books: every attempt is printed, filtered or reported lost. */

import { read } from "../../lib/mod.ts";
import type { Options } from "../cli/parse.ts";
import { counters } from "../event/layout.gen.ts";
import type { Tracer } from "./tracer.ts";

/** How rarely to look for losses of which nothing tells. A look at a map costs more than a row. */
export const WATCH_MS = 5000;
const NEWLINE = 0x0a;

type Counter = keyof typeof counters.fields;

/** Keeps account of one trace, and reports losses: as they happen, and in sum at the end. */
export class Books {
  /** Rows handed to standard output, or connects counted. */
  printed = 0;
  /** Left out by user space. */
  filtered = 0;
  /** Attempts whose end nobody saw. */
  missed = 0;
  readonly #tracer: Tracer;
  readonly #report: (line: string) => void;
  #unwritten = 0;
  #nextWatch: number;
  #told = 0;
  #toldCpu = 0;

  constructor(tracer: Tracer, report: (line: string) => void) {
    this.#tracer = tracer;
    this.#report = report;
    this.#nextWatch = Object.values(tracer.maps).includes(true) ? 0 : Infinity;
  }

  /**
   * Reports what was lost since the last call. To be called after each poll.
   *
   * @param now In milliseconds of CLOCK_MONOTONIC.
   */
  watch(now: number): void {
    if (this.#tracer.buffer.lostCount > 0) this.#watchBuffer();
    if (this.#tracer.lostCpu > this.#toldCpu) this.#watchCpus();
    if (now >= this.#nextWatch) {
      this.#watchMaps();
      this.#nextWatch = now + WATCH_MS;
    }
  }

  #watchBuffer(): void {
    for (const { cpu, count } of this.#tracer.buffer.takeLost()) {
      this.#report(`Lost ${count} events on CPU #${cpu}!`);
    }
  }

  #watchCpus(): void {
    const lost = this.#tracer.lostCpu;
    this.#report(`Lost ${lost - this.#toldCpu} events on a CPU that came up later: start again`);
    this.#toldCpu = lost;
  }

  #watchMaps(): void {
    const full = this.#kernel("lost_full");
    if (full > this.#told) this.#report(`Lost ${full - this.#told} events: map full`);
    this.#told = full;
  }

  /** Accounts for rows that were taken as printed but never reached standard output. */
  unwritten(bytes: Uint8Array): void {
    for (const byte of bytes) if (byte === NEWLINE) this.#unwritten++;
  }

  /** Reports the sum. To be called once all programs are detached and all buffers drained. */
  close(options: Options): void {
    const skipped = this.#skipped(options.result ? /^fentry_/ : /^fexit_/);
    const lost = {
      "perf buffer full": this.#kernel("lost_output"),
      "CPU came up later": this.#tracer.lostCpu,
      "map full": this.#kernel("lost_full"),
      "probe missed": this.#kernel("lost_missed") + this.missed + this.#unreturned(options) +
        skipped,
      "output stuck": this.#unwritten,
    };
    const total = Object.values(lost).reduce((sum, count) => sum + count, 0);
    const causes = Object.entries(lost).filter(([, count]) => count > 0)
      .map(([cause, count]) => `${count} ${cause}`).join(", ");
    if (total > 0) this.#report(`Lost ${total} events in all: ${causes}`);
    if (this.#tracer.backend === "tracepoint") {
      // Most state changes are no attempt's beginning, and the twin sees the ends; nobody can tell.
      const unseen = this.#skipped(/^state_[a-z]+$/);
      if (unseen > 0) this.#report(`Lost at most ${unseen} more: state changes missed`);
    }
    if (!options.verbose) return;
    const printed = this.printed - this.#unwritten;
    if (!options.result) return this.#report(`printed ${printed}, lost ${total}`);
    // The kernel did not see what it skipped.
    const attempts = this.#kernel("seen") + skipped;
    const filtered = this.filtered + this.#kernel("filtered");
    this.#report(
      `attempts ${attempts} = printed ${printed} + filtered ${filtered} + lost ${total}`,
    );
  }

  /** How often programs were not run because they interrupted themselves. */
  #skipped(which: RegExp): number {
    const { skeleton, programs } = this.#tracer;
    return programs.filter((name) => which.test(name))
      .reduce((sum, name) => sum + skeleton.recursionMisses(name), 0);
  }

  /** Calls whose kretprobe did not fire (its maxactive was used up); -r needs it for no row. */
  #unreturned(options: Options): number {
    if (this.#tracer.backend !== "kprobe" || options.result) return 0;
    return [...this.#tracer.skeleton.map("calls").entries()].length;
  }

  #kernel(counter: Counter): number {
    const values = this.#tracer.skeleton.map("counters").lookup(new Uint32Array(1)) ?? [];
    return values.reduce((sum, value) => sum + read(value, counters.fields[counter]), 0);
  }
}
