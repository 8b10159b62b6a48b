import assert from "node:assert/strict";
import test from "node:test";
import { UsageError } from "../../src/cli/values.ts";
import { printable } from "../../src/event/printable.ts";

test("printable() replaces the code points that terminals act on, and no other", () => {
  const unsafe = /[\p{Cc}\p{Bidi_Control}]/u;
  for (let code = 0; code <= 0x10ffff; code += code < 0x10000 ? 1 : 0xff) {
    const char = String.fromCodePoint(code);
    const expected = unsafe.test(char) ? "a?b" : `a${char}b`;
    const actual = printable(`a${char}b`);
    if (actual !== expected) assert.equal(actual, expected, `U+${code.toString(16)}`);
  }
});

test("printable() keeps a text that is safe", () => {
  for (const text of ["", "plain", "é 日本 😀"]) assert.equal(printable(text), text);
});

test("UsageError is one line in one direction, whatever it quotes", () => {
  const { message } = new UsageError("'a\n\u009b31m\u202e\u2066b'");
  assert.equal(message, "'a??31m??b'");
});
