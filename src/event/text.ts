/** Text as bytes: one buffer that renderers append to and that is used again after each write. */

import { decodeUtf8, isUnsafe, utf8Length } from "./printable.ts";

const SPACE = 0x20;
const ZERO = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;
const QUESTION = 0x3f;
const hex = new TextEncoder().encode("0123456789abcdef");

/**
 * A growing line buffer. Fields are left-aligned, as `%-Nd` and `%-Ns` are. The busiest methods keep
 * the buffer and the position in locals: a row takes half the time.
 */
export class TextBuffer {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was appended since the last {@linkcode clear}; valid until the next append. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The memory that begins with {@linkcode bytes}; valid until the next append. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Makes room for `count` more bytes; an append of more than that would be cut. */
  reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.bytes);
    this.#bytes = grown;
  }

  byte(value: number): void {
    this.#bytes[this.#length++] = value;
  }

  space(): void {
    this.byte(SPACE);
  }

  /** A space, unless there is one. */
  gap(): void {
    if (this.#bytes[this.#length - 1] !== SPACE) this.space();
  }

  newline(): void {
    this.byte(0x0a);
  }

  /** Pads with spaces to `width` columns from `start`, a former `length`. */
  pad(start: number, width: number): void {
    const bytes = this.#bytes;
    const end = start + width;
    let at = this.#length;
    if (at >= end) return;
    while (at < end) bytes[at++] = SPACE;
    this.#length = end;
  }

  /** Bytes as they are. */
  literal(source: Uint8Array): void {
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** A few bytes as they are, from `from` to before `end`. */
  copy(source: Uint8Array, from: number, end: number): void {
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = from; i < end; i++) bytes[at++] = source[i]!;
    this.#length = at;
  }

  /** Replaces a byte at a former `length`. */
  put(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  /** Takes back what was appended after a former `length`. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** ASCII text. */
  ascii(text: string, width = 0): void {
    const bytes = this.#bytes;
    const start = this.#length;
    const { length } = text;
    for (let i = 0; i < length; i++) bytes[start + i] = text.charCodeAt(i);
    this.#length = start + length;
    this.pad(start, width);
  }

  /** A whole number, not negative. */
  integer(value: number, width = 0): void {
    const start = this.#length;
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    this.digits(value, digits);
    this.pad(start, width);
  }

  /** A whole number of `10 ** -places`, as a decimal fraction. */
  fixed(value: number, places: number, width = 0): void {
    const start = this.#length;
    const unit = 10 ** places;
    if (value < 0) this.byte(0x2d);
    const whole = Math.floor(Math.abs(value) / unit);
    this.integer(whole);
    this.byte(DOT);
    this.digits(Math.abs(value) - whole * unit, places);
    this.pad(start, width);
  }

  /**
   * At most `length` bytes up to a NUL. A name is anybody's to choose, and must not forge a line or
   * talk to the terminal: a code point that {@linkcode isUnsafe} becomes `?`, and so does each byte
   * that is not UTF-8, as at the end of a name that the kernel has cut.
   */
  name(source: Uint8Array, from: number, length: number, width: number): void {
    const bytes = this.#bytes;
    const start = this.#length;
    const end = from + length;
    let at = start;
    for (let i = from; i < end && source[i] !== 0; i++) {
      const byte = source[i]!;
      if (byte >= SPACE && byte < 0x7f) {
        bytes[at++] = byte;
        continue;
      }
      const code = decodeUtf8(source, i, end);
      const last = code < 0 ? i : i + utf8Length(code) - 1;
      if (code < 0 || isUnsafe(code)) bytes[at++] = QUESTION;
      else for (let j = i; j <= last; j++) bytes[at++] = source[j]!;
      i = last;
    }
    this.#length = at;
    this.pad(start, width);
  }

  /** Four bytes as a dotted IPv4 address. */
  ipv4(source: Uint8Array, from: number, width = 0): void {
    const bytes = this.#bytes;
    const start = this.#length;
    let at = start;
    for (let i = 0; i < 4; i++) {
      const value = source[from + i]!;
      if (i > 0) bytes[at++] = DOT;
      if (value >= 100) bytes[at++] = ZERO + (value / 100 | 0);
      if (value >= 10) bytes[at++] = ZERO + (value / 10 | 0) % 10;
      bytes[at++] = ZERO + value % 10;
    }
    this.#length = at;
    this.pad(start, width);
  }

  /** Sixteen bytes as glibc's inet_ntop(3) writes an IPv6 address: RFC 5952. */
  ipv6(source: Uint8Array, from: number, width = 0): void {
    const start = this.#length;
    const { at, length } = zeros(source, from);
    // ::a.b.c.d and ::ffff:a.b.c.d
    const dotted = at === 0 &&
      (length === 6 || (length === 5 && group(source, from, 5) === 0xffff));
    for (let i = 0; i < (dotted ? 6 : 8); i++) {
      if (i === at) {
        this.byte(COLON);
        if (at + length === 8) this.byte(COLON);
        i += length - 1;
        continue;
      }
      if (i > 0) this.byte(COLON);
      this.#hex(group(source, from, i));
    }
    if (dotted) {
      this.byte(COLON);
      this.ipv4(source, from + 12);
    }
    this.pad(start, width);
  }

  /** The last `count` digits of a whole number that is not negative, with leading zeros. */
  digits(value: number, count: number): void {
    const bytes = this.#bytes;
    const start = this.#length;
    let at = start + count;
    this.#length = at;
    // Beyond 31 bits a division costs more: digits from the right, until the rest fits.
    for (; value > 0x7fffffff; value = Math.floor(value / 10)) bytes[--at] = ZERO + value % 10;
    for (let rest = value | 0; at > start; rest = rest / 10 | 0) bytes[--at] = ZERO + rest % 10;
  }

  #hex(value: number): void {
    if (value >= 0x1000) this.byte(hex[value >> 12]!);
    if (value >= 0x100) this.byte(hex[(value >> 8) & 15]!);
    if (value >= 0x10) this.byte(hex[(value >> 4) & 15]!);
    this.byte(hex[value & 15]!);
  }
}

function group(source: Uint8Array, from: number, i: number): number {
  return source[from + 2 * i]! << 8 | source[from + 2 * i + 1]!;
}

/** The first of the longest runs of two or more zero groups. */
function zeros(source: Uint8Array, from: number): { at: number; length: number } {
  const best = { at: -1, length: 1 };
  for (let i = 0, run = 0; i < 8; i++) {
    run = group(source, from, i) === 0 ? run + 1 : 0;
    if (run > best.length) {
      best.at = i + 1 - run;
      best.length = run;
    }
  }
  return best;
}
