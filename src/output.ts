/** Standard output: whole batches, short writes and slow readers taken into account. */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const RETRY_MS = 2;

/** Standard output as bytes. Never `process.stdout`: to touch it makes a pipe non-blocking. */
export class Output implements Disposable {
  readonly #fd: number;
  #closed = false;

  constructor() {
    this.#fd = openStdout();
  }

  /** Whether the reader has gone away; there is nobody to write for then. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes all bytes, waiting for a slow reader without holding up signals.
   *
   * @param giveUp Asked while the reader takes nothing; true ends the attempt.
   * @returns How many bytes were not written: 0, unless it gave up or the reader has gone.
   */
  async write(bytes: Uint8Array, giveUp: () => boolean): Promise<number> {
    let at = 0;
    while (at < bytes.length && !this.#closed) {
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EPIPE") this.#closed = true;
        else if (code !== "EAGAIN") throw error;
        else if (giveUp()) break;
        else await sleep(RETRY_MS);
      }
    }
    return bytes.length - at;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== 1) closeSync(this.#fd);
  }
}

/**
 * A pipe is opened anew, for a file description of our own: O_NONBLOCK on the inherited one would
 * show in every process that shares it.
 */
function openStdout(): number {
  try {
    if (!fstatSync(1).isFIFO()) return 1;
    return openSync("/proc/self/fd/1", constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return 1; // no /proc, or Deno, which keeps it shut: then a slow reader holds signals up
  }
}
