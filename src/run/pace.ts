/** How often to look at the ring buffers: a wake-up for each event costs more than the event. */

/** How many events a batch should have, within these bounds of waiting for them. */
const BATCH = 8;
const MIN_MS = 8;
const MAX_MS = 50;
/** When to look once more for what was output to wake nobody, by a program that took so long. */
const LAST_LOOK_MS = 1000;

/** Waits for a lone event; in busy times looks by the clock, and lets samples wake nobody. */
export class Pace {
  /** How long to let the next batch fill, ms; 0 to be woken by its first event. */
  wait = 0;
  readonly #tracer: { quiet: boolean };
  #last = -Infinity;

  constructor(tracer: { quiet: boolean }) {
    this.#tracer = tracer;
  }

  /**
   * Decides how to wait from now on. To be called after each look.
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
      // What a program began before this wakes nobody: look again, twice.
      tracer.quiet = false;
      this.wait = MIN_MS;
    } else {
      this.wait = this.wait === MIN_MS ? LAST_LOOK_MS : 0;
    }
  }
}
