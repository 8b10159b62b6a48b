/** When to end: after the first signal. A second one cuts short what still waits for a reader. */

import os from "node:os";
import type { Libbpf } from "../../lib/mod.ts";

/** How long a reader that takes nothing may hold up the end. */
const LINGER_MS = 30;

/** Counts the signals that end a trace. */
export class Stop {
  readonly #libbpf: Libbpf;
  #since: number | undefined;

  /** Catches SIGINT, SIGTERM and SIGHUP from now on, except those that are ignored. */
  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
    const { SIGINT, SIGTERM, SIGHUP } = os.constants.signals;
    for (const signal of [SIGINT, SIGTERM, SIGHUP]) libbpf.catchSignal(signal);
  }

  /** Whether a signal has come. */
  get requested(): boolean {
    return this.#libbpf.signalCount > 0;
  }

  /** Whether rows have waited long enough for a reader that takes nothing. */
  readonly overdue = (): boolean => {
    if (!this.requested) return false;
    this.#since ??= performance.now();
    return performance.now() - this.#since > LINGER_MS;
  };

  /** Whether a second signal has come; a report, which is all there is to see, waits until then. */
  readonly insisted = (): boolean => this.#libbpf.signalCount > 1;
}
