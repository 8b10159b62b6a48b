import assert from "node:assert/strict";
import test from "node:test";
import type { Layout } from "../../lib/mod.ts";
import { maxValues } from "../../src/cli/values.ts";
import {
  counters,
  event,
  flow,
  flow_stats,
  network_key,
  result,
  rodata,
} from "../../src/event/layout.gen.ts";
import { linesC } from "./c.ts";

const structs: Record<string, Layout> = { event, flow, flow_stats, counters, network_key };

/** The same layout, as C has it. */
function layoutC(name: string, layout: Layout): Layout {
  const fields = Object.keys(layout.fields);
  const print = Object.entries(layout.fields).map(([field, { length }]) => {
    // Does not compile if it is an array for one side only.
    const element = `((struct ${name} *)0)->${field}${length > 1 ? "[0]" : ""}`;
    return `
	printf("%zu %c%zu %zu\\n", offsetof(struct ${name}, ${field}),
	       (__typeof__(${element}))-1 < 1 ? 'i' : 'u', 8 * sizeof(${element}),
	       sizeof(((struct ${name} *)0)->${field}) / sizeof(${element}));`;
  });
  const [size, ...rows] = linesC(`
int main(void)
{
	printf("%zu\\n", sizeof(struct ${name}));
	${print.join("")}
	return 0;
}`);
  const entries = rows.map((row, i) => {
    const [offset, type, length] = row.split(" ");
    return [fields[i], { offset: Number(offset), type, length: Number(length) }];
  });
  return { size: Number(size), fields: Object.fromEntries(entries) };
}

const width = (type: string) => Number(type.slice(1)) / 8;

for (const [name, layout] of Object.entries(structs)) {
  test(`layout of struct ${name} is the one of C`, () => {
    assert.deepEqual(layout, layoutC(name, layout));
  });

  test(`layout of struct ${name} leaves no byte without a field`, () => {
    let end = 0;
    for (const { offset, type, length } of Object.values(layout.fields)) {
      assert.equal(offset, end);
      end += width(type) * length;
    }
    assert.equal(layout.size, end);
  });
}

test("layout of struct event fits EventView, which reads words", () => {
  assert.equal(event.size % 8, 0);
});

test("result has the values of enum result", () => {
  const names = Object.keys(result);
  const print = names.map((name) => `printf("%d\\n", ${name});`);
  const values = linesC(`int main(void) { ${print.join(" ")} return 0; }`);
  assert.deepEqual(Object.values(result).map(String), values);
});

test("result has every name of enum result", () => {
  // A switch over all names but one is what -Wswitch, an error here, complains of.
  const cases = Object.keys(result).map((name) => `case ${name}:`);
  linesC(`
int main(void)
{
	enum result r = 0;

	switch (r) { ${cases.join(" ")} break; }
	return 0;
}`);
});

test("rodata has lists as long as tcpconnect.h says, which parse() knows", () => {
  const print =
    `printf("%d\\n%d\\n%d\\n%d\\n%d\\n", MAX_PIDS, MAX_UIDS, PORT_BYTES, MAX_COMMS, MAX_RESULTS);`;
  const [pids, uids, bytes, comms, results] = linesC(`int main(void) { ${print} return 0; }`).map(
    Number,
  );
  const { filter_pids, filter_uids, filter_ports } = rodata.fields;
  assert.deepEqual([filter_pids.length, filter_uids.length], [pids, uids]);
  assert.deepEqual([pids, uids, comms, results], Array(4).fill(maxValues));
  assert.equal(rodata.fields.filter_results.length, results);
  assert.equal(rodata.fields.filter_comm_names.length, 16 * comms!);
  assert.deepEqual([filter_ports.length, filter_ports.type], [bytes, "u8"]);
  assert.equal(bytes! * 8, 65536);
});

test("rodata has no two variables in the same place", () => {
  let end = 0;
  const variables = Object.values(rodata.fields).toSorted((a, b) => a.offset - b.offset);
  for (const { offset, type, length } of variables) {
    assert.ok(offset >= end, `offset ${offset} before ${end}`);
    assert.equal(offset % width(type), 0);
    end = offset + width(type) * length;
  }
  assert.ok(rodata.size >= end);
});
