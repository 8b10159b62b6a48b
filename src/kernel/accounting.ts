/** Accounting: every attempt is printed, filtered or reported lost. */

import { read } from "../../lib/mod.ts";
import { counters } from "../event/layout.gen.ts";
import type { FilterCause } from "./filters.ts";
import type { TraceSpec } from "./spec.ts";
import type { Tracer } from "./tracer.ts";

/** Least time between two reads of the counters of losses: to read a map costs more than a row. */
export const WATCH_MS = 5000;
const NEWLINE = 0x0a;

type Counter = keyof typeof counters.fields;

/** Why attempts are in no row, each with what it means, for the manual. */
export const causes = {
  "perf buffer full": "Events came faster than they were read; larger buffers help",
  "CPU came up later": "The CPU was not online at the start; start again",
  "map full":
    "More attempts waited for a result, or more flows were counted, than the map has room for",
  "probe missed": "The kernel did not run one of the programs",
  "output stuck": "The reader of standard output took nothing for 30 ms after the signal to end",
} as const;
export type Cause = keyof typeof causes;

/** Takes the reports of losses. */
export interface Listener {
  /** Takes a line for standard error. */
  line(line: string): void;
  /** Takes each loss once, with its cause, also if standard error reports it only at the end. */
  lost(cause: Cause, count: number): void;
}

/** The accounting of one trace. Reports losses while it runs, and the sum at the end. */
export class Accounting {
  /** Rows handed to standard output, or connects counted. */
  printed = 0;
  /** Left out by user space, by filter. */
  readonly filtered: Record<FilterCause, number> = {
    result: 0,
    latency: 0,
    destination: 0,
    source: 0,
    "row limit": 0,
  };
  /** Attempts whose end no program saw. */
  missed = 0;
  readonly #tracer: Tracer;
  readonly #verdict: boolean;
  readonly #listener: Listener;
  #unwritten = 0;
  #nextLook = 0;
  /** What was reported, in all. */
  readonly #reported: Partial<Record<Cause, number>> = {};
  /** The same of what the perf buffer lost, on each CPU. */
  readonly #reportedOn: number[] = [];
  /** The same as the perf buffer reports it: not before the next sample of that CPU. */
  readonly #recordedOn: number[] = [];

  constructor(tracer: Tracer, spec: TraceSpec, listener: Listener) {
    this.#tracer = tracer;
    this.#verdict = spec.verdict;
    this.#listener = listener;
  }

  /**
   * Reports what was lost since the last call, or at most {@linkcode WATCH_MS} later. To be called
   * after each poll, and so often at least.
   *
   * @param now In milliseconds of CLOCK_MONOTONIC.
   */
  watch(now: number): void {
    if (this.#tracer.buffer.lostCount > 0) this.#watchBuffer();
    if (this.#tracer.lost && now >= this.#nextLook) {
      // Before the counters are read: a loss during the read sets it again.
      this.#tracer.lost = false;
      this.#watchCounters();
      this.#nextLook = now + WATCH_MS;
    }
  }

  #watchBuffer(): void {
    for (const { cpu, count } of this.#tracer.buffer.takeLost()) {
      this.#recordedOn[cpu] = (this.#recordedOn[cpu] ?? 0) + count;
      this.#reportBuffer(cpu, this.#recordedOn[cpu]);
    }
  }

  #watchCounters(): void {
    this.#counters().forEach((value, cpu) =>
      this.#reportBuffer(cpu, read(value, counters.fields.lost_output))
    );
    const later = this.#tellOf("CPU came up later", this.#kernel("lost_cpu"));
    if (later > 0) this.#report(`Lost ${later} events on a CPU that came up later: start again`);
    const full = this.#tellOf("map full", this.#kernel("lost_full"));
    if (full > 0) this.#report(`Lost ${full} events: map full`);
  }

  /** Reports what a perf buffer lost on a CPU and was not reported yet; `total` is all it lost. */
  #reportBuffer(cpu: number, total: number): void {
    const since = total - (this.#reportedOn[cpu] ?? 0);
    if (since <= 0) return;
    this.#report(`Lost ${since} events on CPU #${cpu}!`);
    this.#reportedOn[cpu] = total;
    this.#tellOf("perf buffer full", this.#reportedOn.reduce((sum, n) => sum + n, 0));
  }

  /** Reports the losses of a cause that were not reported yet; returns how many those are. */
  #tellOf(cause: Cause, total: number): number {
    const since = total - (this.#reported[cause] ?? 0);
    if (since <= 0) return 0;
    this.#reported[cause] = total;
    this.#listener.lost(cause, since);
    return since;
  }

  #report(line: string): void {
    this.#listener.line(line);
  }

  /** Accounts for rows that were taken as printed but never reached standard output. */
  unwritten(bytes: Uint8Array): void {
    for (const byte of bytes) if (byte === NEWLINE) this.#unwritten++;
  }

  /**
   * Reports the sum. To be called once all programs are detached and all buffers drained.
   *
   * @param verbose Whether to report it when nothing was lost too.
   */
  close(verbose: boolean): void {
    const { plan } = this.#tracer;
    const skipped = this.#skipped(plan.skippedAreLost);
    const lost: Record<Cause, number> = {
      "perf buffer full": this.#kernel("lost_output"),
      "CPU came up later": this.#kernel("lost_cpu"),
      "map full": this.#kernel("lost_full"),
      "probe missed": this.#kernel("lost_missed") + this.missed + this.#leftCalls() + skipped,
      "output stuck": this.#unwritten,
    };
    for (const [cause, count] of Object.entries(lost)) this.#tellOf(cause as Cause, count);
    const total = sum(lost);
    if (total > 0) this.#report(`Lost ${total} events in all: ${listed(lost)}`);
    const unseen = this.#skipped(plan.skippedMayBeLost);
    if (unseen > 0) this.#report(`Lost at most ${unseen} more: state changes missed`);
    if (!verbose) return;
    const filtered = this.#filtered();
    if (sum(filtered) > 0) this.#report(`filtered ${sum(filtered)}: ${listed(filtered)}`);
    const printed = this.printed - this.#unwritten;
    if (!this.#verdict) return this.#report(`printed ${printed}, lost ${total}`);
    // A program that was skipped has not counted the attempt.
    const attempts = this.#kernel("seen") + skipped;
    this.#report(
      `attempts ${attempts} = printed ${printed} + filtered ${sum(filtered)} + lost ${total}`,
    );
  }

  /** What was left out of the attempts, by filter, here and in the kernel. */
  #filtered(): Record<FilterCause, number> {
    const filtered = { ...this.filtered };
    filtered.result += this.#kernel("filtered_result");
    filtered.latency += this.#kernel("filtered_latency");
    filtered.destination += this.#kernel("filtered_destination");
    filtered.source += this.#kernel("filtered_source");
    return filtered;
  }

  /** How often the kernel skipped programs because that CPU already ran them. */
  #skipped(programs: readonly string[]): number {
    const { skeleton } = this.#tracer;
    return programs.reduce((sum, name) => sum + skeleton.recursionMisses(name), 0);
  }

  /** Calls whose return was not seen: a kretprobe has a limited number of instances (maxactive). */
  #leftCalls(): number {
    if (!this.#tracer.plan.leftCallsAreLost) return 0;
    return [...this.#tracer.skeleton.map("calls").entries()].length;
  }

  #kernel(counter: Counter): number {
    return this.#counters().reduce((sum, value) => sum + read(value, counters.fields[counter]), 0);
  }

  /** A struct for each CPU. */
  #counters(): readonly DataView<ArrayBuffer>[] {
    return this.#tracer.skeleton.map("counters").lookup(new Uint32Array(1)) ?? [];
  }
}

const sum = (counts: Record<string, number>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Counts with their causes, as in `7 result, 5 row limit`; none that is 0. */
const listed = (counts: Record<string, number>) =>
  Object.entries(counts).filter(([, count]) => count > 0)
    .map(([cause, count]) => `${count} ${cause}`).join(", ");
