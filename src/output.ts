/** Standard output: whole batches, short writes and slow readers taken into account. */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { Libbpf } from "../lib/mod.ts";

// Of errno(3).
const EINTR = 4;
const EAGAIN = 11;
const EPIPE = 32;

const RETRY_MS = 2;

/** Standard output as bytes. Never `process.stdout`: to touch it makes a pipe non-blocking. */
export class Output implements Disposable {
  readonly #libbpf: Libbpf;
  readonly #fd: number;
  #closed = false;

  constructor(libbpf: Libbpf) {
    this.#libbpf = libbpf;
    this.#fd = openStdout();
  }

  /** Whether the reader has gone away; there is nobody to write for then. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes all bytes, however slow the reader is.
   *
   * @param giveUp Asked while the reader takes nothing; true ends the attempt.
   * @returns How many bytes were not written: 0, unless it gave up or the reader has gone.
   * @throws {BpfError} On any other failure, such as a full disk.
   */
  write(bytes: Uint8Array<ArrayBuffer>, giveUp: () => boolean): number {
    let left = bytes;
    while (left.length > 0 && !this.#closed) {
      const result = this.#libbpf.write(this.#fd, left);
      if (result >= 0) left = left.subarray(result);
      else if (result === -EPIPE) this.#closed = true;
      else if (result === -EAGAIN) {
        if (giveUp()) break;
        this.#libbpf.pause(RETRY_MS);
      } else if (result !== -EINTR) this.#libbpf.check("write to standard output", result);
    }
    return left.length;
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
