/** A pipe whose reader reads only when it is told to. */

import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Fifo implements Disposable {
  /** For the process that writes. */
  readonly writer: number;
  #reader: number;
  #writerOpen = true;
  readonly #decoder = new TextDecoder();
  readonly #buffer = new Uint8Array(1 << 16);

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
    const path = join(folder, "fifo");
    execFileSync("mkfifo", [path]);
    this.#reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writer = openSync(path, constants.O_WRONLY);
    rmSync(folder, { recursive: true });
  }

  /** Leaves the writing end to the process that was given it. */
  handOver(): void {
    if (this.#writerOpen) closeSync(this.writer);
    this.#writerOpen = false;
  }

  /**
   * Fills the pipe to the last byte. A writer that does not wait leaves up to 4095 of them, since it
   * writes so few as a whole or not at all: pipe(7).
   */
  fill(): void {
    const { O_WRONLY, O_NONBLOCK } = constants;
    const fd = openSync(`/proc/self/fd/${this.#reader}`, O_WRONLY | O_NONBLOCK);
    try {
      for (;;) writeSync(fd, ".");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    } finally {
      closeSync(fd);
    }
  }

  /** What is in the pipe now. */
  read(): string {
    let text = "";
    for (;;) {
      try {
        const count = readSync(this.#reader, this.#buffer);
        if (count === 0) return text;
        text += this.#decoder.decode(this.#buffer.subarray(0, count), { stream: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return text;
        throw error;
      }
    }
  }

  /** Reads on until a promise settles. */
  async readUntil(end: Promise<unknown>): Promise<string> {
    let text = "";
    const timer = setInterval(() => (text += this.read()), 1);
    try {
      await end;
    } finally {
      clearInterval(timer);
    }
    return text + this.read();
  }

  /** The reader goes away. */
  close(): void {
    if (this.#reader >= 0) closeSync(this.#reader);
    this.#reader = -1;
  }

  [Symbol.dispose](): void {
    this.handOver();
    this.close();
  }
}
