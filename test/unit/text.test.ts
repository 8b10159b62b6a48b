import assert from "node:assert/strict";
import test from "node:test";
import { TextBuffer } from "../../src/event/text.ts";
import { assertLines, latin1, linesC } from "./c.ts";
import { Random } from "./random.ts";

function written(write: (text: TextBuffer) => void): string {
  const text = new TextBuffer();
  write(text);
  return latin1(text.bytes);
}

/** Each `size` bytes of stdin as inet_ntop(3) and printf(3) write them. */
const ntop = (family: string, size: number, format: string) => `
int main(void)
{
	unsigned char a[${size}];
	char s[INET6_ADDRSTRLEN];

	while (fread(a, ${size}, 1, stdin))
		printf("${format}|\\n", inet_ntop(${family}, a, s, sizeof(s)));
	return 0;
}`;

/** Addresses with every pattern of zero groups, and those that are written with dots. */
function addresses6(): Uint8Array<ArrayBuffer> {
  const random = new Random(6);
  const all: number[][] = [];
  for (let zeros = 0; zeros < 256; zeros++) {
    for (let i = 0; i < 3; i++) {
      all.push(
        Array.from({ length: 8 }, (_, group) => {
          const digits = 16 ** random.pick([1, 2, 3, 4]);
          const value = random.pick([random.below(digits) || 1, digits - 1, digits / 16]);
          return zeros >> group & 1 ? 0 : value;
        }).flatMap((group) => [group >> 8, group & 255]),
      );
    }
  }
  const zero = (count: number) => new Array<number>(count).fill(0);
  for (let i = 0; i < 50; i++) {
    const v4 = [...random.bytes(4)].map((b) => random.below(3) ? b : 0);
    all.push([...zero(10), 255, 255, ...v4], [...zero(12), ...v4], [
      ...zero(8),
      255,
      255,
      0,
      0,
      ...v4,
    ]);
    all.push([...zero(10), random.below(256), random.below(256), ...v4], [...random.bytes(16)]);
  }
  return Uint8Array.from(all.flat());
}

function checkAddresses(bytes: Uint8Array<ArrayBuffer>, size: 4 | 16, width: number): void {
  const source = ntop(size === 4 ? "AF_INET" : "AF_INET6", size, `%-${width}s`);
  const expected = linesC(source, bytes);
  assert.equal(expected.length, bytes.length / size);
  const actual = expected.map((_, i) =>
    written((text) => {
      if (size === 4) text.ipv4(bytes, i * size, width);
      else text.ipv6(bytes, i * size, width);
    }) + "|"
  );
  assertLines(actual, expected);
}

test("ipv4() writes what inet_ntop(3) writes", () => {
  const edges = [0, 0, 0, 0, 255, 255, 255, 255, 127, 0, 0, 1, 10, 100, 9, 99];
  checkAddresses(Uint8Array.from([...edges, ...new Random(4).bytes(4 * 500)]), 4, 1);
});

test("ipv4() pads to its width as printf(3) does", () => {
  checkAddresses(new Random(44).bytes(4 * 100), 4, 16);
});

test("ipv6() writes what inet_ntop(3) writes, for every pattern of zero groups", () => {
  checkAddresses(addresses6(), 16, 1);
});

test("ipv6() pads to its width as printf(3) does, and never cuts", () => {
  checkAddresses(addresses6().subarray(0, 16 * 400), 16, 16);
});

test("integer() writes what printf(3) writes for %llu", () => {
  const random = new Random(10);
  const powers = Array.from({ length: 16 }, (_, i) => 10 ** i);
  const values = [
    ...powers.flatMap((power) => [power - 1, power, power + 1]),
    ...[65535, 2 ** 31, 2 ** 32 - 1, Number.MAX_SAFE_INTEGER],
    ...Array.from({ length: 200 }, () => random.below(2 ** random.below(33))),
  ];
  const source = `
int main(void)
{
	unsigned long long n;

	while (scanf("%llu", &n) == 1)
		printf("%llu|%-6llu|\\n", n, n);
	return 0;
}`;
  const expected = linesC(source, Buffer.from(values.join("\n")));
  const actual = values.map((value) =>
    `${written((text) => text.integer(value))}|${written((text) => text.integer(value, 6))}|`
  );
  assertLines(actual, expected);
});

test("fixed() writes what printf(3) writes for whole thousandths", () => {
  const random = new Random(3);
  const values = [0, 1, 9, 10, 99, 999, 1000, 1001, 9999, 12345678, 1e12 + 7];
  for (let i = 0; i < 200; i++) values.push(random.below(2 ** random.below(33)));
  const all = [...values, ...values.slice(1).map((value) => -value)].filter((v) =>
    !Object.is(v, -0)
  );
  const source = `
int main(void)
{
	long long n;

	while (scanf("%lld", &n) == 1)
		printf("%-9.3f|\\n", n / 1e3);
	return 0;
}`;
  const expected = linesC(source, Buffer.from(all.join("\n")));
  assertLines(all.map((v) => written((text) => text.fixed(v, 3, 9)) + "|"), expected);
});

test("fixed() keeps the zeros of a fraction for any number of places", () => {
  assert.equal(written((text) => text.fixed(5, 2)), "0.05");
  assert.equal(written((text) => text.fixed(100, 2)), "1.00");
  assert.equal(written((text) => text.fixed(1000001, 6)), "1.000001");
});

test("name() ends at a NUL, at the end of its field, and pads", () => {
  const source = Buffer.from("xxcurl\0yyy");
  assert.equal(written((text) => text.name(source, 2, 8, 6)), "curl  ");
  assert.equal(written((text) => text.name(source, 2, 3, 0)), "cur");
  assert.equal(written((text) => text.name(source, 6, 4, 3)), "   ");
});

test("name() turns each control character into a question mark", () => {
  for (let byte = 1; byte < 128; byte++) {
    const control = byte < 0x20 || byte === 0x7f;
    const expected = control ? "?" : String.fromCharCode(byte);
    assert.equal(written((text) => text.name(Uint8Array.of(byte), 0, 1, 0)), expected);
  }
});

const shared = new TextBuffer();

/** What name() makes of some bytes; valid until the next call. */
function named(source: Uint8Array): Uint8Array {
  shared.clear();
  shared.name(source, 0, source.length, 0);
  return shared.bytes;
}

test("name() leaves names in UTF-8 as they are, and pads by bytes", () => {
  const source = Buffer.from("äÀ€日本😀");
  assert.equal(written((text) => text.name(source, 0, source.length, 0)), latin1(source));
  assert.equal(written((text) => text.name(source, 0, 4, 6)), latin1(source.subarray(0, 4)) + "  ");
});

test("name() shows each code point but those that terminals act on", () => {
  const unsafe = /[\p{Cc}\p{Bidi_Control}]/u;
  let replaced = 0;
  for (let code = 1; code <= 0x10ffff; code += code < 0x10000 ? 1 : 0xff) {
    if (code >= 0xd800 && code < 0xe000) continue; // no UTF-8 has these
    const source = Buffer.from(`a${String.fromCodePoint(code)}b`);
    const bad = unsafe.test(String.fromCodePoint(code));
    if (bad) replaced++;
    const expected = bad ? "a?b" : latin1(source);
    const actual = latin1(named(source));
    if (actual !== expected) assert.equal(actual, expected, `U+${code.toString(16)}`);
  }
  assert.equal(replaced, 31 + 33 + 12);
});

test("name() turns each byte that is not UTF-8 into a question mark", () => {
  for (let byte = 0x80; byte < 0x100; byte++) {
    assert.equal(latin1(named(Uint8Array.of(0x61, byte, 0x62))), "a?b");
    assert.equal(latin1(named(Uint8Array.of(byte))), "?");
    assert.equal(latin1(named(Uint8Array.of(byte, byte))), "??");
  }
  const bad = {
    overlong: "c0af",
    "overlong ESC": "e0809b",
    surrogate: "eda080",
    large: "f4908080",
  };
  for (const [what, hex] of Object.entries(bad)) {
    assert.equal(latin1(named(Buffer.from(hex, "hex"))), "?".repeat(hex.length / 2), what);
  }
});

test("name() writes valid UTF-8, whatever the bytes, and what was valid stays", () => {
  const [strict, random] = [new TextDecoder("utf-8", { fatal: true }), new Random(11)];
  const decode = (bytes: Uint8Array) => {
    try {
      return strict.decode(bytes);
    } catch {
      return undefined;
    }
  };
  const leads = [0xc2, 0xdf, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0x41, 0x1b, 0x80, 0xbf];
  let valid = 0;
  for (let i = 0; i < 50_000; i++) {
    const source = Uint8Array.from(
      { length: 1 + random.below(5) },
      () => random.below(2) ? random.pick(leads) : 1 + random.below(255),
    );
    const actual = decode(named(source));
    assert.ok(actual !== undefined, latin1(source));
    assert.doesNotMatch(actual, /[\p{Cc}\p{Bidi_Control}]/u);
    const text = decode(source);
    if (text === undefined) continue;
    valid++;
    assert.equal(actual, text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "?"));
  }
  assert.ok(valid > 2000, `${valid}`);
});

test("name() ends a cut name at a whole character", () => {
  const source = Buffer.from("日本語日本語");
  for (let length = 0; length <= source.length; length++) {
    const expected = source.toString().slice(0, length / 3) + "?".repeat(length % 3);
    const actual = written((text) => text.name(source, 0, length, 0));
    assert.equal(Buffer.from(actual, "latin1").toString(), expected);
  }
});

test("name() stops at a NUL within a sequence", () => {
  assert.equal(latin1(named(Uint8Array.of(0xe6, 0x97, 0, 0xa5))), "??");
});

test("ascii(), space(), newline() and byte() append, and clear() begins anew", () => {
  const text = new TextBuffer();
  text.ascii("ab", 4);
  text.ascii("toolong", 3);
  text.space();
  text.byte(0x2a);
  text.newline();
  assert.equal(latin1(text.bytes), "ab  toolong *\n");
  assert.equal(text.length, 14);
  text.clear();
  assert.equal(text.length, 0);
  text.ascii("c");
  assert.equal(latin1(text.bytes), "c");
});

test("reserve() grows the buffer and keeps what it holds", () => {
  const text = new TextBuffer();
  let expected = "";
  for (let i = 0; expected.length < 300_000; i++) {
    text.reserve(16);
    text.integer(i, 8);
    expected += String(i).padEnd(8);
  }
  assert.ok(latin1(text.bytes) === expected, `${text.length} bytes differ`);
});

test("reserve() makes room for many times what the buffer holds", () => {
  const long = "0123456789".repeat(50_000);
  const text = new TextBuffer();
  text.reserve(long.length);
  text.ascii(long);
  assert.equal(text.bytes.length, long.length);
  assert.ok(latin1(text.bytes) === long);
});
