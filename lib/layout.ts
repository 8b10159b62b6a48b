/**
 * Layouts of C structs, as `generate.ts` writes them from a BPF object's BTF, and functions that read
 * and write memory by them.
 *
 * @example
 * ```ts
 * import { read, write } from "./layout.ts";
 *
 * const flow = {
 *   size: 8,
 *   fields: {
 *     port: { offset: 0, type: "u16", length: 1 },
 *     address: { offset: 4, type: "u8", length: 4 },
 *   },
 * } as const;
 * const memory = new DataView(new ArrayBuffer(flow.size));
 * write(memory, flow, { port: 443, address: [127, 0, 0, 1] });
 * console.log(read(memory, flow.fields.port)); // 443
 * ```
 *
 * @module
 */

/** The type of a scalar: signed or unsigned, and its bits. */
export type ScalarType = "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64";

/** A field of a struct, or a global variable. */
export interface Field {
  /** Where it begins, in bytes. */
  readonly offset: number;
  /** The type of its scalars. */
  readonly type: ScalarType;
  /** How many scalars it has: 1, or more in an array. */
  readonly length: number;
}

/** A struct, or a section of global variables. */
export interface Layout {
  /** In bytes. */
  readonly size: number;
  /** By name. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** A value for a field: a scalar, or the first elements of an array. A boolean is 0 or 1. */
export type FieldValue = number | bigint | boolean | readonly (number | bigint)[];

const widths: Record<ScalarType, number> = {
  u8: 1,
  u16: 2,
  u32: 4,
  u64: 8,
  i8: 1,
  i16: 2,
  i32: 4,
  i64: 8,
};

/**
 * Writes values into the memory of a struct, little-endian as x86-64 and arm64 are. Fields that are
 * not given, and elements beyond those given, keep their content.
 *
 * @param memory It begins where the struct does.
 * @param layout The struct's layout.
 * @param values By field.
 * @throws {RangeError} If the layout has no such field, an array is longer than its field, or a
 * value does not fit.
 */
export function write<L extends Layout>(
  memory: DataView,
  layout: L,
  values: { readonly [N in keyof L["fields"]]?: FieldValue },
): void {
  for (const [name, value] of Object.entries(values) as [string, FieldValue][]) {
    const field = layout.fields[name];
    if (!field) throw new RangeError(`no field ${name}`);
    const elements = Array.isArray(value) ? value : [value];
    if (elements.length > field.length) {
      throw new RangeError(`${name} holds ${field.length} values, not ${elements.length}`);
    }
    const bits = widths[field.type] * 8;
    const wrap = field.type.startsWith("u") ? BigInt.asUintN : BigInt.asIntN;
    elements.forEach((element, i) => {
      const integer = BigInt(element);
      if (wrap(bits, integer) !== integer) {
        throw new RangeError(`${name} is ${field.type} and cannot hold ${element}`);
      }
      store(memory, field.offset + i * widths[field.type], bits, integer);
    });
  }
}

function store(memory: DataView, at: number, bits: number, value: bigint): void {
  for (let i = 0; i < bits; i += 8) memory.setUint8(at + i / 8, Number(value >> BigInt(i) & 0xffn));
}

/**
 * Reads a scalar field, or the first element of an array. A 64-bit one is exact up to 2^53.
 *
 * @param memory It begins where the struct does.
 * @throws {RangeError} If the field is beyond the memory.
 */
export function read(memory: DataView, { offset, type }: Field): number {
  switch (type) {
    case "u8":
      return memory.getUint8(offset);
    case "u16":
      return memory.getUint16(offset, true);
    case "u32":
      return memory.getUint32(offset, true);
    case "u64":
      return Number(memory.getBigUint64(offset, true));
    case "i8":
      return memory.getInt8(offset);
    case "i16":
      return memory.getInt16(offset, true);
    case "i32":
      return memory.getInt32(offset, true);
    case "i64":
      return Number(memory.getBigInt64(offset, true));
  }
}
