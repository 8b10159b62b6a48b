/** Names of users. */

import { closeSync, openSync, readSync } from "node:fs";

/** How much of the file is read; more than ten thousand users. */
const MAX_BYTES = 1 << 20;
/** How soon the file is read again for a UID that was not in it. */
const RETRY_MS = 10_000;
/** The longest name that useradd(8) takes. */
const MAX_NAME = 32;

/**
 * The names in /etc/passwd, by UID. The file is read when the first name is asked for, and again for
 * a UID that is not in it, but not more often than every ten seconds.
 */
export class Users {
  readonly #path: string;
  readonly #now: () => number;
  #names = new Map<number, Uint8Array>();
  #readAt = -Infinity;

  /**
   * @param path Another file than /etc/passwd, of the same form.
   * @param now Milliseconds that pass.
   */
  constructor(path = "/etc/passwd", now: () => number = () => performance.now()) {
    this.#path = path;
    this.#now = now;
  }

  /** A user's name in UTF-8, of 32 bytes at most, or undefined if the file has none. */
  name(uid: number): Uint8Array | undefined {
    const found = this.#names.get(uid);
    if (found || this.#now() - this.#readAt < RETRY_MS) return found;
    this.#names = parse(readStart(this.#path));
    this.#readAt = this.#now();
    return this.#names.get(uid);
  }
}

/** The first MAX_BYTES of a file; "" if it cannot be read. */
function readStart(path: string): string {
  try {
    const bytes = new Uint8Array(MAX_BYTES);
    const fd = openSync(path, "r");
    try {
      const length = readSync(fd, bytes);
      return new TextDecoder().decode(bytes.subarray(0, length));
    } finally {
      closeSync(fd);
    }
  } catch {
    return "";
  }
}

/** As getpwuid(3): of several lines with one UID, the first counts. */
function parse(passwd: string): Map<number, Uint8Array> {
  const names = new Map<number, Uint8Array>();
  for (const line of passwd.split("\n")) {
    const [name, , uid = ""] = line.split(":");
    if (!name || !/^[0-9]{1,10}$/.test(uid) || names.has(Number(uid))) continue;
    names.set(Number(uid), new TextEncoder().encode(name).subarray(0, MAX_NAME));
  }
  return names;
}
