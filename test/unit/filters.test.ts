import assert from "node:assert/strict";
import test from "node:test";
import { networks } from "../../src/cli/addresses.ts";
import { filterConstants, networkKeys, portBits } from "../../src/kernel/filter_constants.ts";
import { type Filters, passAll, type PortRange } from "../../src/kernel/filters.ts";
import { constants } from "../../src/kernel/constants.ts";
import { backends } from "../../src/kernel/backends.ts";
import { traceAll } from "../../src/kernel/spec.ts";
import type { Libbpf } from "../../lib/mod.ts";
import { Random } from "./random.ts";

test("portBits() has a bit for each port of the ranges, and no bytes beyond", () => {
  const random = new Random(1);
  for (let round = 0; round < 20; round++) {
    const ranges: PortRange[] = Array.from({ length: 1 + random.below(8) }, () => {
      const from = 1 + random.below(65535);
      return { from, to: random.pick([from, from + random.below(65536 - from)]) };
    });
    const bits = portBits(ranges);
    for (let port = 0; port < 65536; port++) {
      const listed = ranges.some(({ from, to }) => from <= port && port <= to);
      const bit = (bits[port >> 3] ?? 0) >> (port & 7) & 1;
      if (bit !== Number(listed)) assert.fail(`port ${port}: ${bit}`);
    }
    assert.notEqual(bits.at(-1), 0);
  }
  assert.deepEqual(portBits([{ from: 8, to: 9 }]), [0, 3]);
  assert.deepEqual(portBits([]), []);
});

test("filterConstants() turns on no group of filters that is not in use", () => {
  const on = Object.entries(filterConstants(passAll, true)).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value)
  );
  assert.deepEqual(on, []);
});

test("filterConstants() turns on the group of each filter", () => {
  const one = { values: [1], except: true };
  const ports = { values: [{ from: 1, to: 2 }], except: true };
  const addresses = { values: networks("private"), except: true };
  const groups = (filters: Partial<Filters>, verdict = false) => {
    const all = filterConstants({ ...passAll, ...filters }, verdict);
    const { filter_caller, filter_destination, filter_source, filter_ends } = all;
    return [filter_caller, filter_destination, filter_source, filter_ends].map(Number).join("");
  };
  assert.equal(groups({ pids: one }), "1000");
  assert.equal(groups({ uids: one }), "1000");
  for (const to of [{ family: 6 } as const, { ports }, { destinations: addresses }]) {
    assert.equal(groups(to), "0100");
    // Only then an end may still change.
    assert.equal(groups(to, true), "0101");
  }
  assert.equal(groups({ sourcePorts: ports }), "0011");
  assert.equal(groups({ sources: addresses }), "0011");
});

test("constants() want the UID if it is filtered by, though no column shows it", () => {
  const [plan] = backends.fentry.plans({} as Libbpf, traceAll);
  const uids = { values: [0], except: true };
  assert.equal(constants(traceAll, plan!).want_uid, false);
  assert.equal(constants({ ...traceAll, uids }, plan!).want_uid, true);
});

test("filterConstants() puts up to 32 networks into constants, and more into the trie", () => {
  const list = (count: number) =>
    Array.from({ length: count }, (_, i) => networks(`10.0.${i}.0/24`)[0]!);
  for (const [count, constants, keys] of [[32, 32, 0], [33, 0, 33]] as const) {
    const values = list(count);
    const filters = { ...passAll, sources: { values, except: false } };
    const { filter_src_count, filter_src_families, filter_src_masks } = filterConstants(
      filters,
      false,
    );
    assert.equal(filter_src_count, count);
    assert.equal((filter_src_families as number[]).length, constants);
    assert.equal((filter_src_masks as number[]).length, 16 * constants);
    assert.equal(networkKeys(filters).length, keys);
  }
  const [key] = networkKeys({ ...passAll, sources: { values: list(33), except: true } });
  assert.deepEqual([...new Uint8Array(key!.buffer)], [
    ...[56, 0, 0, 0, 4, 0, 1, 0],
    ...[10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]);
});
