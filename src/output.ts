/** Standard output: whole batches, short writes and slow readers taken into account. */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";

const RETRY_MS = 2;
/** A pipe takes this much whole or not at all, pipe(7); Deno forgets what a shorter write took. */
const PIPE_BUF = 4096;

/** Standard output as bytes. Never `process.stdout`: to touch it makes a pipe non-blocking. */
export class Output implements Disposable {
  readonly #fd: number;
  readonly #chunk: number;
  readonly #pause: (milliseconds: number) => void;
  #closed = false;

  /** @param pause Sleeps while a reader takes nothing. */
  constructor(pause: (milliseconds: number) => void) {
    this.#fd = openStdout();
    this.#chunk = this.#fd === 1 ? Infinity : PIPE_BUF;
    this.#pause = pause;
  }

  /** Whether the reader has gone away; there is nobody to write for then. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes the first `length` bytes, however slow the reader is.
   *
   * @param giveUp Asked while the reader takes nothing; true ends the attempt.
   * @returns How many bytes were not written: 0, unless it gave up or the reader has gone.
   */
  write(bytes: Uint8Array, length: number, giveUp: () => boolean): number {
    let at = 0;
    while (at < length && !this.#closed) {
      try {
        at += writeSync(this.#fd, bytes, at, Math.min(length - at, this.#chunk));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EPIPE") this.#closed = true;
        else if (code === "EINTR") continue;
        else if (code !== "EAGAIN") throw error;
        else if (giveUp()) break;
        else this.#pause(RETRY_MS);
      }
    }
    return length - at;
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
    return 1; // no /proc: then a reader that takes nothing holds up the end
  }
}
