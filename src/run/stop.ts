/** When to end: after the first signal or some time. A second signal ends the wait for a reader. */

import os from "node:os";
import type { Libbpf } from "../../lib/mod.ts";

/** How long a reader that takes nothing may hold up the end. */
const LINGER_MS = 30;

/** Counts the signals that end a trace, and its time. */
export class Stop {
  readonly #libbpf: Libbpf;
  readonly #deadline: number;
  #since: number | undefined;

  /**
   * Catches SIGINT, SIGTERM and SIGHUP from now on, except those that are ignored.
   *
   * @param duration After how long to end without a signal, in milliseconds.
   */
  constructor(libbpf: Libbpf, duration = Infinity) {
    this.#libbpf = libbpf;
    this.#deadline = performance.now() + duration;
    const { SIGINT, SIGTERM, SIGHUP } = os.constants.signals;
    for (const signal of [SIGINT, SIGTERM, SIGHUP]) libbpf.catchSignal(signal);
  }

  /** Whether a signal has come, or the time is up. */
  get requested(): boolean {
    return this.#libbpf.signalCount > 0 || this.left === 0;
  }

  /** Whole milliseconds until the time is up; Infinity if only a signal ends the trace. */
  get left(): number {
    if (this.#deadline === Infinity) return Infinity;
    return Math.max(0, Math.ceil(this.#deadline - performance.now()));
  }

  /** Whether rows have waited long enough for a reader that takes nothing. */
  readonly overdue = (): boolean => {
    if (!this.requested) return false;
    this.#since ??= performance.now();
    return performance.now() - this.#since > LINGER_MS;
  };

  /**
   * Whether a second signal has come, or a first one after the time was up. The report of `-c` waits
   * for its reader until then, since without it there would be no output at all.
   */
  readonly insisted = (): boolean => this.#libbpf.signalCount > (this.left === 0 ? 0 : 1);
}
