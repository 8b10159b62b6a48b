/** A bound for work that a row would have to wait for. */

/** Of the time that passes, so much may be spent, */
const SHARE = 0.05;
/** and what was not spent is saved up to so many milliseconds. */
const SAVED_MS = 100;

/** Time to spend on what is slow: 5 % of the time that passes, and 100 ms at once at the most. */
export class Budget {
  readonly #now: () => number;
  #left = SAVED_MS;
  #at: number;

  /** @param now Milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /**
   * Calls a function, unless the budget is spent.
   *
   * @returns Its result; undefined if it was not called.
   */
  spend<T>(work: () => T): T | undefined {
    const began = this.#now();
    this.#left = Math.min(SAVED_MS, this.#left + (began - this.#at) * SHARE);
    this.#at = began;
    if (this.#left <= 0) return undefined;
    try {
      return work();
    } finally {
      this.#at = this.#now();
      this.#left -= this.#at - began;
    }
  }
}
