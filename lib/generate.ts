/**
 * A script that writes C types as TypeScript. It reads a BPF object's BTF from standard input, as
 * `bpftool -j btf dump file OBJECT` prints it, and prints a module with a {@linkcode Layout} for each
 * struct and each section of global variables that an argument names, and an object for each enum.
 *
 * @example
 * ```sh
 * bpftool -j btf dump file mytool.bpf.o | bun generate.ts event .rodata >layout.gen.ts
 * ```
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";
import type { Field, Layout, ScalarType } from "./layout.ts";

interface BtfType {
  id: number;
  kind: string;
  name: string;
  size?: number;
  encoding?: string;
  type_id?: number;
  nr_elems?: number;
  members?: { name: string; type_id: number; bits_offset: number; bitfield_size?: number }[];
  values?: { name: string; val: string }[];
  vars?: { type_id: number; offset: number; size: number }[];
}

// An enum's -1 is printed as 2^64 - 1, which a JSON number would round.
const json = readFileSync(0, "utf8").replace(/"val":(\d+)/g, '"val":"$1"');
const types: BtfType[] = JSON.parse(json).types;
const byId = new Map(types.map((type) => [type.id, type]));

function field(typeId: number, offset: number, length = 1): Field {
  const type = byId.get(typeId)!;
  switch (type.kind) {
    case "ARRAY":
      return field(type.type_id!, offset, type.nr_elems! * length);
    case "INT":
    case "ENUM": {
      const sign = type.encoding === "SIGNED" || type.kind === "ENUM" ? "i" : "u";
      return { offset, type: `${sign}${type.size! * 8}` as ScalarType, length };
    }
    case "TYPEDEF":
    case "CONST":
    case "VOLATILE":
    case "VAR":
      return field(type.type_id!, offset, length);
    default:
      throw new Error(`no layout for ${type.kind} ${type.name}`);
  }
}

function layout(type: BtfType): Layout {
  const bits = type.members?.find((m) => m.bitfield_size);
  if (bits) throw new Error(`no layout for bit field ${bits.name}`);
  const members = type.kind === "DATASEC"
    ? type.vars!.map((v) => [byId.get(v.type_id)!.name, field(v.type_id, v.offset)])
    : type.members!.map((m) => [m.name, field(m.type_id, m.bits_offset / 8)]);
  return { size: type.size!, fields: Object.fromEntries(members) };
}

console.log("// Generated from the BTF of the BPF object: do not edit, run `make generate`.");
for (const name of process.argv.slice(2)) {
  const kinds = ["STRUCT", "ENUM", "DATASEC"];
  const type = types.find((type) => type.name === name && kinds.includes(type.kind));
  if (!type) throw new Error(`no struct, enum or section ${name} in the BTF`);
  const value = type.kind === "ENUM"
    ? Object.fromEntries(
      type.values!.map(({ name, val }) => [name, Number(BigInt.asIntN(32, BigInt(val)))]),
    )
    : layout(type);
  console.log(`\nexport const ${name.replace(/^\./, "")} = ${JSON.stringify(value)} as const;`);
}
