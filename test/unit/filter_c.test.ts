/** bpf/filter.h, compiled for this machine: what it lets pass, beside what the options mean. */

import assert from "node:assert/strict";
import test from "node:test";
import { write } from "../../lib/mod.ts";
import { comm } from "../../src/cli/values.ts";
import { networks } from "../../src/cli/addresses.ts";
import { rodata } from "../../src/event/layout.gen.ts";
import { filterConstants } from "../../src/kernel/filter_constants.ts";
import {
  type CommPattern,
  type Filters,
  type Network,
  passAll,
  type PortRange,
  type Selection,
} from "../../src/kernel/filters.ts";
import { leftOutBy } from "../../src/kernel/left_out.ts";
import { runC } from "./c.ts";
import { ascii, encode, type Sample } from "./events.ts";
import { Random } from "./random.ts";

const fields = Object.entries(rodata.fields).filter(([name]) => name.startsWith("filter_"));

/** Reads constants and one event after the other, and says which groups of filters let each pass. */
const program = `
#include <stdbool.h>
#include <linux/bpf.h>
#define KERNEL_H /* its types are those of the kernel */
#define const    /* its constants are set here */
#include "filter.h"

int main(void)
{
	struct event ev;

	for (;;) {
${
  fields.map(([name]) => `if (fread((void *)&${name}, 1, sizeof(${name}), stdin) == 0)\nreturn 0;`)
    .join("\n")
}
		fread(&ev, 1, sizeof(ev), stdin);
		putchar('0' + caller_passes(&ev) + 2 * destination_passes(&ev, false) +
			4 * destination_passes(&ev, true));
	}
}`;

/** What the program says of each event: bits as above. */
function ask(cases: readonly { filters: Filters; sample: Sample }[]): number[] {
  const events = encode(cases.map(({ sample }) => sample));
  const size = events.length / cases.length;
  const input = cases.flatMap(({ filters }, i) => {
    const memory = new DataView(new ArrayBuffer(rodata.size));
    write(memory, rodata, filterConstants(filters, false));
    const constants = fields.map(([, { offset, type, length }]) =>
      new Uint8Array(memory.buffer, offset, Number(type.slice(1)) / 8 * length)
    );
    return [...constants, events.subarray(i * size, (i + 1) * size)];
  });
  return [...runC(program, Buffer.concat(input))].map((byte) => byte - 0x30);
}

const random = new Random(99);
const some = <T>(max: number, one: () => T): Selection<T> => ({
  values: Array.from({ length: random.below(max + 1) }, one),
  except: random.below(2) === 0,
});
const passes = <T>({ values, except }: Selection<T>, matches: (value: T) => boolean) =>
  values.length === 0 || values.some(matches) !== except;

/** Of few letters, so that names have much in common. */
const word = (min: number) =>
  Array.from({ length: min + random.below(16 - min) }, () => random.pick(["a", "b"])).join("");

const matchesComm = (name: string) => ({ name: pattern, part }: CommPattern) =>
  part === "whole"
    ? name === pattern
    : part === "begin"
    ? name.startsWith(pattern)
    : name.endsWith(pattern);

test("caller_passes() compares COMM as a whole, from its begin and from its end", () => {
  const cases = Array.from({ length: 4000 }, () => {
    const name = word(0);
    const part = name.slice(0, random.below(16)) || "a";
    const pattern = () => {
      const text = random.pick([part, word(1), name.slice(random.below(15)) || "b"]);
      return comm(random.pick([text, `${text}*`, `*${text}`]));
    };
    // What an older kernel leaves behind the NUL.
    const rest = Array.from({ length: 15 - name.length }, () => random.pick([0, 0x61, 0x62]));
    const sample = { comm: [...ascii(name), 0, ...rest] };
    return { name, filters: { ...passAll, comms: some(4, pattern) }, sample };
  });
  let passing = 0;
  ask(cases).forEach((bits, i) => {
    const { name, filters: { comms } } = cases[i]!;
    const expected = passes(comms, matchesComm(name));
    assert.equal(Boolean(bits & 1), expected, `${name} of ${JSON.stringify(comms)}`);
    if (expected) passing++;
  });
  assert.ok(passing > 500 && passing < 3500, `${passing}`);
});

test("caller_passes() takes lists of 64 names, PIDs and UIDs", () => {
  const many = <T>(one: (i: number) => T, except = false) => ({
    values: Array.from({ length: 64 }, (_, i) => one(i)),
    except,
  });
  const filters: Filters = {
    ...passAll,
    pids: many((i) => i + 1),
    uids: many((i) => i),
    comms: many((i) => comm(`*-${i}`)),
  };
  const sample = { pid: 64, uid: 63, comm: ascii("worker-63") };
  const others = { ...filters, comms: { ...filters.comms, except: true } };
  const [all, ...wrong] = ask([
    { filters, sample },
    { filters, sample: { ...sample, pid: 65 } },
    { filters, sample: { ...sample, uid: 64 } },
    { filters, sample: { ...sample, comm: ascii("worker-64") } },
    { filters: others, sample },
  ]);
  assert.deepEqual([all! & 1, ...wrong.map((bits) => bits & 1)], [1, 0, 0, 0, 0]);
});

test("destination_passes() lets pass what leftOutBy() does", () => {
  const cases = Array.from({ length: 2000 }, () => {
    const address = () => random.pick(["10.0.0", "10.0.1", "11.0.0"]) + `.${random.below(4)}`;
    const wide = () => `2001:db8::${random.below(4).toString(16)}`;
    const network = (): Network =>
      networks(random.pick([address(), wide(), "10.0.0.0/16", "2001:db8::/126", "::/0"]))[0]!;
    const range = (): PortRange => {
      const from = 1 + random.below(9);
      return { from, to: from + random.below(3) };
    };
    const family = random.pick([4, 6] as const);
    const [{ address: daddr }] = networks(family === 4 ? address() : wide()) as [Network];
    const filters: Filters = {
      ...passAll,
      ports: some(2, range),
      destinations: some(5, network),
      family: random.pick([0, 0, 4, 6]),
    };
    return { filters, sample: { family, daddr, dport: random.below(12) } };
  });
  const events = encode(cases.map(({ sample }) => sample));
  let passing = 0;
  ask(cases).forEach((bits, i) => {
    const { filters, sample } = cases[i]!;
    const size = events.length / cases.length;
    const event = new DataView(events.buffer, events.byteOffset + i * size, size);
    const port = passes(
      filters.ports,
      ({ from, to }) => from <= sample.dport && sample.dport <= to,
    );
    const expected = port && leftOutBy(filters)(event) === undefined;
    assert.equal(
      Boolean(bits & 2),
      expected,
      JSON.stringify([filters.ports, filters.destinations, filters.family, sample]),
    );
    if (expected) passing++;
  });
  assert.ok(passing > 200 && passing < 1800, `${passing}`);
});

test("destination_passes() lets an unspecified destination pass until the kernel has replaced it", () => {
  const to = (filters: Partial<Filters>, sample: Sample) => ({
    filters: { ...passAll, ...filters },
    sample: { daddr: [], ...sample },
  });
  const loopback = { destinations: { values: networks("loopback"), except: false } };
  const ports = { values: [{ from: 80, to: 80 }], except: false };
  const bits = ask([
    to(loopback, { family: 4 }),
    to(loopback, { family: 6 }),
    to({ family: 4 }, { family: 6 }), // of a socket that is bound to a mapped address
    to({ ...loopback, ports }, { family: 4, dport: 81 }),
    to(loopback, { family: 4, daddr: [10, 0, 0, 1] }),
    to(loopback, { family: 6, daddr: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2] }),
  ]);
  assert.deepEqual(bits.map((b) => b >> 1), [2, 2, 2, 0, 0, 0]);
});
