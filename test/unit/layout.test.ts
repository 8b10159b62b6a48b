import assert from "node:assert/strict";
import test from "node:test";
import { type Field, type Layout, read, write } from "../../lib/mod.ts";
import type { ScalarType } from "../../lib/layout.ts";
import { runC } from "./c.ts";

const field = (type: ScalarType, offset = 0, length = 1): Field => ({ offset, type, length });
const layout = (type: ScalarType, length = 1): Layout => ({
  size: 64,
  fields: { before: field("u8"), value: field(type, 8, length) },
});
const memory = () => new DataView(new ArrayBuffer(64));

const bounds: Record<ScalarType, [bigint, bigint]> = {
  u8: [0n, 255n],
  u16: [0n, 65535n],
  u32: [0n, 2n ** 32n - 1n],
  u64: [0n, 2n ** 53n - 1n],
  i8: [-128n, 127n],
  i16: [-32768n, 32767n],
  i32: [-(2n ** 31n), 2n ** 31n - 1n],
  i64: [-(2n ** 53n) + 1n, 2n ** 53n - 1n],
};

for (const [type, [least, greatest]] of Object.entries(bounds) as [ScalarType, bigint[]][]) {
  test(`read() returns what write() wrote as ${type}`, () => {
    for (const value of [least!, greatest!, 0n, 1n, 100n, greatest! / 3n, least! / 3n]) {
      const view = memory();
      write(view, layout(type), { value });
      assert.equal(read(view, field(type, 8)), Number(value));
      write(view, layout(type), { value: Number(value) });
      assert.equal(read(view, field(type, 8)), Number(value));
    }
  });

  test(`write() touches only the bytes of its ${type}`, () => {
    const view = memory();
    new Uint8Array(view.buffer).fill(0xee);
    write(view, layout(type), { value: 0 });
    const zero = [...new Uint8Array(view.buffer)].map((byte, i) => byte === 0 ? i : -1)
      .filter((i) => i >= 0);
    assert.deepEqual(zero, Array.from({ length: Number(type.slice(1)) / 8 }, (_, i) => 8 + i));
  });
}

test("write() writes a struct as C has it", () => {
  const source = `
struct { __u8 a; __s16 b; __u32 c[4]; __u64 d; __s8 e; __s64 f; } s =
	{ 200, -2, { 1, 2, 4294967295u }, 18446744073709551615ull, -128, -5 };
int main(void) { return fwrite(&s, sizeof(s), 1, stdout) != 1; }`;
  const expected = runC(source);
  const fields = {
    a: field("u8", 0),
    b: field("i16", 2),
    c: field("u32", 4, 4),
    d: field("u64", 24),
    e: field("i8", 32),
    f: field("i64", 40),
  };
  const view = new DataView(new ArrayBuffer(48));
  const [d, c] = [2n ** 64n - 1n, [1, 2, 4294967295]];
  write(view, { size: 48, fields }, { a: 200, b: -2, c, d, e: -128, f: -5n });
  assert.deepEqual(new Uint8Array(view.buffer), expected);
  assert.deepEqual([read(view, fields.a), read(view, fields.b), read(view, fields.e)], [
    200,
    -2,
    -128,
  ]);
});

test("write() writes false and true as 0 and 1", () => {
  const view = memory();
  write(view, layout("u8"), { value: true });
  assert.equal(view.getUint8(8), 1);
  write(view, layout("u8"), { value: false });
  assert.equal(view.getUint8(8), 0);
});

test("write() fills an array from its start and leaves the rest", () => {
  const view = memory();
  write(view, layout("u16", 4), { value: [1, 2, 3, 4] });
  write(view, layout("u16", 4), { value: [5, 6n] });
  write(view, layout("u16", 4), { value: [] });
  const elements = [0, 1, 2, 3].map((i) => read(view, field("u16", 8 + 2 * i)));
  assert.deepEqual(elements, [5, 6, 3, 4]);
});

test("write() takes an array of the length of its field and refuses a longer one", () => {
  const view = memory();
  write(view, layout("u32", 2), { value: [1, 2] });
  const error = { name: "RangeError", message: /^value holds 2 values, not 3$/ };
  assert.throws(() => write(view, layout("u32", 2), { value: [7, 8, 9] }), error);
  assert.deepEqual([view.getUint32(8, true), view.getUint32(12, true)], [1, 2]);
});

test("write() refuses a fraction", () => {
  assert.throws(() => write(memory(), layout("u32"), { value: 1.5 }), RangeError);
  assert.throws(() => write(memory(), layout("u32"), { value: NaN }), RangeError);
});

test("write() refuses a field beyond its memory", () => {
  const small = new DataView(new ArrayBuffer(8));
  assert.throws(() => write(small, layout("u32"), { value: 1 }), RangeError);
  assert.throws(() => read(small, field("u32", 8)), RangeError);
});

test("write() honours the offset of a view", () => {
  const buffer = new ArrayBuffer(128);
  write(new DataView(buffer, 64), layout("u32"), { value: 7 });
  assert.equal(new DataView(buffer).getUint32(72, true), 7);
  assert.equal(read(new DataView(buffer, 64), field("u32", 8)), 7);
});
