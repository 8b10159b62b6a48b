/** What is shown of text that came from outside: a name, an argument, a path, a log. */

const QUESTION = "?";

/**
 * Whether a terminal acts on a code point instead of showing it: control characters (C0, DEL, C1),
 * and those that change the direction of the text around them (Unicode TR9: ALM, LRM, RLM, the
 * embeddings and overrides, the isolates).
 */
export function isUnsafe(code: number): boolean {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x61c || code === 0x200e ||
    code === 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

/** A text in one line, with `?` for each code point that {@linkcode isUnsafe}. */
export function printable(text: string): string {
  // Nearly all that comes is ASCII.
  if (/^[ -~]*$/.test(text)) return text;
  return Array.from(text, (char) => isUnsafe(char.codePointAt(0)!) ? QUESTION : char).join("");
}

/**
 * The code point of the UTF-8 sequence that begins at `at`, or -1 if none does: a byte alone, an
 * overlong form, a surrogate, more than U+10FFFF, or a sequence that passes `end` (RFC 3629).
 */
export function decodeUtf8(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return first;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return -1;
  let code = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i]!;
    if ((next & 0xc0) !== 0x80) return -1;
    code = code << 6 | next & 0x3f;
  }
  const overlong = code < (length === 3 ? 0x800 : length === 4 ? 0x10000 : 0x80);
  return overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? -1 : code;
}

/** How many bytes UTF-8 takes for a code point. */
export function utf8Length(code: number): number {
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}
