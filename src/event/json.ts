/** JSON values of events: the fields that columns have in a JSON object. */

import type { TextBuffer } from "./text.ts";
import type { EventView } from "./view.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** One field of a JSON object. */
export interface JsonField {
  /** Names from the outside in, with dots between; of the Elastic Common Schema, or `tcpconnect.*`. */
  readonly path: string;
  /** Appends the value, which is never null; without its quotes if `quoted`. */
  readonly write: (text: TextBuffer, event: EventView) => void;
  readonly quoted?: true;
  /** Whether an event has it; one that has not lacks the field. Always, if left out. */
  readonly present?: (event: EventView) => boolean;
}

type Of<T> = (event: EventView) => T;
type Present = Pick<JsonField, "present">;

/** A whole number, not negative. */
export function integerField(path: string, value: Of<number>, present: Present = {}): JsonField {
  return { path, write: (text, event) => text.integer(value(event)), ...present };
}

/** A whole number as a string, as the schema has identifiers. */
export function idField(path: string, value: Of<number>): JsonField {
  return { path, quoted: true, write: (text, event) => text.integer(value(event)) };
}

/** A whole number of `10 ** -places`, as a decimal fraction. */
export function fractionField(
  path: string,
  value: Of<number>,
  places: number,
  present: Present = {},
): JsonField {
  return { path, write: (text, event) => text.fixed(value(event), places), ...present };
}

/** ASCII text without quotes, backslashes and control characters. */
export function wordField(path: string, value: Of<string>, present: Present = {}): JsonField {
  return { path, quoted: true, write: (text, event) => text.ascii(value(event)), ...present };
}

/** An address; the unspecified one is absent. */
export function addressField(path: string, from: Of<number>): JsonField {
  return {
    path,
    quoted: true,
    write(text, event) {
      if (event.family === 4) text.ipv4(event.bytes, from(event));
      else text.ipv6(event.bytes, from(event));
    },
    present(event) {
      const { bytes, family } = event;
      const start = from(event);
      const end = start + (family === 4 ? 4 : 16);
      for (let i = start; i < end; i++) if (bytes[i] !== 0) return true;
      return false;
    },
  };
}

/** Anybody's bytes up to a NUL, `length` at the most. */
export function bytesField(path: string, from: Of<number>, length: number): JsonField {
  return {
    path,
    quoted: true,
    write: (text, event) => appendString(text, event.bytes, from(event), length),
    present: (event) => event.bytes[from(event)] !== 0,
  };
}

const decoder = new TextDecoder();

/**
 * Appends bytes up to a NUL, `length` at the most, as the inside of a JSON string. What is not UTF-8
 * becomes U+FFFD; all but printable ASCII is escaped.
 */
export function appendString(
  text: TextBuffer,
  source: Uint8Array,
  from: number,
  length: number,
): void {
  let end = from;
  let plain = true;
  for (const limit = from + length; end < limit; end++) {
    const byte = source[end]!;
    if (byte === 0) break;
    if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) plain = false;
  }
  if (plain) text.copy(source, from, end);
  else text.ascii(escape(decoder.decode(source.subarray(from, end))));
}

/** The inside of a JSON string, in ASCII. */
function escape(string: string): string {
  return JSON.stringify(string).slice(1, -1).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
