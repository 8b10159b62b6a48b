/** When to read the ring buffers: at high rates a wake-up for each event costs more than the event. */

/** How many events a batch should have. The wait for them stays within MIN_MS and MAX_MS. */
const BATCH = 8;
const MIN_MS = 8;
const MAX_MS = 50;
/** A sample that a program began to output before `quiet` was off still causes no wake-up. How long
 * to wait before the last read for such a sample. */
const LAST_LOOK_MS = 1000;

/**
 * At low rates each event wakes the tool. At high rates the tool reads by the clock, and samples
 * cause no wake-up.
 */
export class Pace {
  /** How long to let the next batch fill, ms; 0 to be woken by its first event. */
  wait = 0;
  readonly #tracer: { quiet: boolean };
  #last = -Infinity;

  constructor(tracer: { quiet: boolean }) {
    this.#tracer = tracer;
  }

  /**
   * Decides how to wait from now on. To be called after each read.
   *
   * @param count How many events there were.
   * @param newest The time of the newest of them, ns.
   */
  looked(count: number, newest: number): void {
    const tracer = this.#tracer;
    // From one event to the next, ms.
    const gap = count > 0 ? (newest - this.#last) / 1e6 / count : Infinity;
    if (count > 0) this.#last = newest;
    if (gap < MAX_MS) {
      this.wait = Math.max(MIN_MS, Math.min(Math.round(BATCH * gap), MAX_MS));
      tracer.quiet = true;
    } else if (tracer.quiet) {
      // A sample may have been output just before this, without a wake-up: read again, twice.
      tracer.quiet = false;
      this.wait = MIN_MS;
    } else {
      this.wait = this.wait === MIN_MS ? LAST_LOOK_MS : 0;
    }
  }
}
