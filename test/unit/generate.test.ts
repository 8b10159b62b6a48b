import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { scriptCommand } from "./runtime.ts";

interface BtfType {
  kind: string;
  name: string;
  [key: string]: unknown;
}

const int = (name: string, size: number, encoding = "(none)") => ({
  ...{ kind: "INT", name, size, encoding },
  ...{ bits_offset: 0, nr_bits: size * 8 },
});
const member = (name: string, type_id: number, bits_offset: number, bitfield_size = 0) => ({
  ...{ name, type_id, bits_offset, bitfield_size },
});

/** As bpftool prints them; the id of each is its place, from 1 on. */
const types: BtfType[] = [
  int("unsigned int", 4), // 1
  int("char", 1, "SIGNED"), // 2
  int("_Bool", 1, "BOOL"), // 3
  int("unsigned long long", 8), // 4
  int("short", 2, "SIGNED"), // 5
  { kind: "TYPEDEF", name: "__u32", type_id: 1 }, // 6
  { kind: "TYPEDEF", name: "u32_again", type_id: 6 }, // 7
  { kind: "ARRAY", name: "(anon)", type_id: 2, index_type_id: 1, nr_elems: 16 }, // 8
  { kind: "ARRAY", name: "(anon)", type_id: 7, index_type_id: 1, nr_elems: 3 }, // 9
  { kind: "ARRAY", name: "(anon)", type_id: 9, index_type_id: 1, nr_elems: 2 }, // 10
  { kind: "VOLATILE", name: "(anon)", type_id: 7 }, // 11
  { kind: "CONST", name: "(anon)", type_id: 11 }, // 12
  { kind: "VAR", name: "filter_uid", type_id: 12, linkage: "global" }, // 13
  { kind: "VAR", name: "flag", type_id: 15, linkage: "global" }, // 14
  { kind: "CONST", name: "(anon)", type_id: 3 }, // 15
  { kind: "PTR", name: "(anon)", type_id: 1 }, // 16
  {
    ...{ kind: "STRUCT", name: "sample", size: 64, vlen: 5 },
    members: [
      member("name", 8, 0),
      member("grid", 10, 128),
      member("port", 5, 320),
      member("count", 4, 384),
      member("state", 18, 448),
    ],
  }, // 17
  {
    ...{ kind: "ENUM", name: "state", size: 4, vlen: 4 },
    values: [
      { name: "STATE_OK", val: 0 },
      { name: "STATE_TOP", val: 2147483647 },
      { name: "STATE_BAD", val: -1 },
      { name: "STATE_WORSE", val: "WORSE" },
    ],
  }, // 18
  {
    ...{ kind: "DATASEC", name: ".rodata", size: 24, vlen: 2 },
    vars: [{ type_id: 13, offset: 0, size: 4 }, { type_id: 14, offset: 16, size: 1 }],
  }, // 19
  { kind: "STRUCT", name: "linked", size: 8, vlen: 1, members: [member("next", 16, 0)] }, // 20
  { kind: "STRUCT", name: "bits", size: 4, vlen: 1, members: [member("b", 1, 3, 5)] }, // 21
  { kind: "STRUCT", name: "outer", size: 64, vlen: 1, members: [member("in", 17, 0)] }, // 22
];

// bpftool 7.1 prints -4 as 2^64 - 4; JSON.stringify() would round it.
const json = JSON.stringify({ types: types.map((type, i) => ({ id: i + 1, ...type })) })
  .replace('"WORSE"', "18446744073709551612");

function generate(...names: string[]) {
  const [command, ...args] = scriptCommand("lib/generate.ts", ...names);
  return spawnSync(command!, args, { input: json, encoding: "utf8" });
}

/** The module's exports, by name. */
function exported(source: string): Record<string, unknown> {
  const exports = source.matchAll(/^export const (\w+) = (.*) as const;$/gm);
  return Object.fromEntries([...exports].map(([, name, value]) => [name, JSON.parse(value!)]));
}

test("generate prints the types asked for, in that order, and nothing else", () => {
  const { stdout, stderr, status } = generate("state", "sample", ".rodata");
  assert.equal(stderr, "");
  assert.equal(status, 0);
  assert.match(stdout, /^\/\/ Generated .*: do not edit, run `make generate`\.\n/);
  const rest = stdout.replace(/^\/\/ .*\n/, "").replace(
    /^\nexport const \w+ = .* as const;\n/gm,
    "",
  );
  assert.equal(rest, "");
  assert.deepEqual(Object.keys(exported(stdout)), ["state", "sample", "rodata"]);
});

test("generate prints a struct's arrays, typedefs, signs and enums", () => {
  assert.deepEqual(exported(generate("sample").stdout), {
    sample: {
      size: 64,
      fields: {
        name: { offset: 0, type: "i8", length: 16 },
        grid: { offset: 16, type: "u32", length: 6 },
        port: { offset: 40, type: "i16", length: 1 },
        count: { offset: 48, type: "u64", length: 1 },
        state: { offset: 56, type: "i32", length: 1 },
      },
    },
  });
});

test("generate prints an enum's values with their signs, however bpftool prints them", () => {
  assert.deepEqual(exported(generate("state").stdout), {
    state: { STATE_OK: 0, STATE_TOP: 2147483647, STATE_BAD: -1, STATE_WORSE: -4 },
  });
});

test("generate prints the variables of a section through their qualifiers", () => {
  assert.deepEqual(exported(generate(".rodata").stdout), {
    rodata: {
      size: 24,
      fields: {
        filter_uid: { offset: 0, type: "u32", length: 1 },
        flag: { offset: 16, type: "u8", length: 1 },
      },
    },
  });
});

/** What has no layout that could be right. */
const refused: [string, string, RegExp][] = [
  ["a type that is not there", "nothing", /no struct, enum or section nothing in the BTF/],
  ["a typedef's name", "__u32", /no struct, enum or section __u32 in the BTF/],
  ["a struct within a struct", "outer", /no layout for STRUCT sample/],
  ["a pointer, which is not what it points to", "linked", /no layout for PTR/],
  ["a bit field, which does not begin at a byte", "bits", /no layout for/],
];

for (const [title, name, message] of refused) {
  test(`generate refuses ${title}`, () => {
    const { status, stderr } = generate(name);
    assert.notEqual(status, 0);
    assert.match(stderr, message);
  });
}
