/** Standard output and error: whole batches, short writes and slow readers taken into account. */

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { isatty } from "node:tty";
import type { Libbpf } from "../../lib/mod.ts";

// Of errno(3).
const EINTR = 4;
const EIO = 5;
const EAGAIN = 11;
const EPIPE = 32;
const ECONNRESET = 104;

// Of poll(2).
const POLLOUT = 4;
const POLLERR = 8;
const POLLHUP = 16;

/** How long to wait for a reader at most before it is asked again whether to give up. */
const ASK_MS = 1000;

/** A stream as bytes. Never `process.stdout`: to touch it makes a pipe non-blocking. */
export class Output implements Disposable {
  readonly #libbpf: Libbpf;
  readonly #name: string;
  readonly #stream: number;
  readonly #fd: number;
  readonly #write: (fd: number, data: Uint8Array<ArrayBuffer>, length: number) => number;
  /** What else tells that the reader has gone: its end of a socket, or of a terminal. */
  readonly #hungUp: number;
  /** By which of these poll(2) tells that it has gone. A socket may have an error and still be read. */
  readonly #gone: number;
  #closed = false;
  #stuck = false;

  /**
   * @param stream Its descriptor: 1 or 2.
   * @throws {OutputError} If the process was started without it.
   */
  constructor(libbpf: Libbpf, stream: 1 | 2 = 1) {
    this.#name = stream === 1 ? "standard output" : "standard error";
    if (notInherited(stream)) throw new OutputError(`${this.#name} is closed`);
    this.#libbpf = libbpf;
    this.#stream = stream;
    this.#fd = reopen(stream);
    const { shim_send, shim_write } = libbpf.c;
    const socket = fstatSync(stream).isSocket();
    this.#write = socket ? shim_send : shim_write;
    this.#gone = socket ? POLLHUP : POLLERR | POLLHUP;
    this.#hungUp = socket ? ECONNRESET : isatty(stream) ? EIO : EPIPE;
  }

  /** Whether the reader has gone away, so that nothing more can be written. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Writes the first `length` bytes, however slow the reader is. Once given up, it writes nothing
   * more: a row may have been cut, and none must follow it.
   *
   * @param giveUp Asked while the reader takes nothing, once a second and after each signal; true
   * ends the attempt.
   * @returns How many bytes were not written: 0, unless it gave up or the reader has gone.
   * @throws {BpfError} On any other failure, such as a full disk.
   */
  write(bytes: Uint8Array<ArrayBuffer>, length: number, giveUp: () => boolean): number {
    let left = length;
    while (left > 0 && !this.#closed && !this.#stuck) {
      const data = left === length ? bytes : bytes.subarray(length - left);
      const result = this.#write(this.#fd, data, left);
      if (result >= 0) left -= result;
      else if (result === -EPIPE || result === -this.#hungUp) this.#closed = true;
      else if (result === -EAGAIN) {
        this.#stuck = giveUp();
        if (this.#stuck) break;
        this.#poll(POLLOUT, ASK_MS);
      } else if (result !== -EINTR) this.#libbpf.check(`write to ${this.#name}`, result);
    }
    return left;
  }

  /** Looks whether the reader has gone, which no write can tell while there is nothing to write. */
  look(): void {
    if ((this.#poll(0, 0) & this.#gone) !== 0) this.#closed = true;
  }

  #poll(events: number, timeout: number): number {
    const result = this.#libbpf.c.shim_poll(this.#fd, events, timeout);
    return result === -EINTR ? 0 : this.#libbpf.check(`poll ${this.#name}`, result);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== this.#stream) closeSync(this.#fd);
  }
}

/** A stream cannot be used. */
export class OutputError extends Error {}

/** Bun opens /dev/null where a stream was closed; O_CLOEXEC tells it from an inherited one. */
function notInherited(stream: number): boolean {
  const O_CLOEXEC = 0o2000000;
  try {
    // Octal: proc_pid_fdinfo(5).
    const [, flags] =
      /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${stream}`, "utf8")) ?? [];
    return (parseInt(flags ?? "0", 8) & O_CLOEXEC) !== 0;
  } catch {
    return false;
  }
}

/**
 * A pipe and a terminal are opened anew, for a file description of our own: O_NONBLOCK on the
 * inherited one would show in every process that shares it.
 */
function reopen(stream: number): number {
  try {
    if (!fstatSync(stream).isFIFO() && !isatty(stream)) return stream;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync(`/proc/self/fd/${stream}`, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    return stream; // no /proc: then a reader that takes nothing holds up the end
  }
}
