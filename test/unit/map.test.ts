import assert from "node:assert/strict";
import test from "node:test";
import { BpfMap } from "../../lib/mod.ts";
import { fake, type Parts, pointer } from "./fake.ts";

const HASH = 1;
const PERCPU_HASH = 5;
const PERCPU_TYPES = [PERCPU_HASH, 6, 10, 21];
const CPUS = 3;

type Bytes = ArrayBufferView<ArrayBuffer>;
const bytes = ({ buffer, byteOffset, byteLength }: Bytes) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A map of one-byte keys in the order given, as the kernel walks them. */
function open(type: number, content: Map<number, number>, parts: Parts = {}, valueSize = 12) {
  const { libbpf } = fake({
    libbpf_num_possible_cpus: () => CPUS,
    bpf_map__fd: () => 7,
    bpf_map__key_size: () => 1,
    bpf_map__value_size: () => valueSize,
    bpf_map__type: () => type,
    bpf_map_get_next_key: (_fd, key, next) => {
      const keys = [...content.keys()];
      // A key that is not there any more begins the walk again.
      const at = key === null ? 0 : keys.indexOf(bytes(key)[0]!) + 1;
      if (at >= keys.length) return -2;
      bytes(next!)[0] = keys[at]!;
      return 0;
    },
    bpf_map_lookup_elem: (_fd, key, value) => {
      const found = content.get(bytes(key!)[0]!);
      if (found === undefined) return -2;
      bytes(value!).forEach((_, i, memory) => memory[i] = found + i);
      return 0;
    },
    bpf_map_update_elem: (_fd, key, value, flags) => {
      assert.equal(flags, 0);
      content.set(bytes(key!)[0]!, bytes(value!)[0]!);
      return 0;
    },
    ...parts,
  });
  return new BpfMap(libbpf, "test", pointer("map"));
}

test("BpfMap tells its descriptor, its name and its sizes", () => {
  const { fd, name, keySize, valueSize } = open(HASH, new Map());
  assert.deepEqual([fd, name, keySize, valueSize], [7, "test", 1, 12]);
});

test("BpfMap refuses a map without a descriptor", () => {
  const parts = { bpf_map__fd: () => -22 };
  assert.throws(() => open(HASH, new Map(), parts), /^BpfError: map test: EINVAL: /);
});

test("lookup() returns one value of a map that all CPUs share", () => {
  for (const type of [HASH, 2, 9]) {
    const values = open(type, new Map([[1, 50]])).lookup(Uint8Array.of(1))!;
    assert.equal(values.length, 1);
    assert.equal(values[0]!.byteLength, 12);
    assert.equal(values[0]!.getUint8(0), 50);
  }
});

test("lookup() returns a value for each CPU, eight bytes aligned", () => {
  for (const type of PERCPU_TYPES) {
    const values = open(type, new Map([[1, 50]])).lookup(Uint8Array.of(1))!;
    assert.deepEqual(values.map((value) => value.getUint8(0)), [50, 66, 82]);
    assert.deepEqual(values.map((value) => value.byteLength), [12, 12, 12]);
  }
  const whole = open(PERCPU_HASH, new Map([[1, 50]]), {}, 16).lookup(Uint8Array.of(1))!;
  assert.deepEqual(whole.map((value) => value.getUint8(0)), [50, 66, 82]);
});

test("lookup() returns undefined for a key that is not there", () => {
  assert.equal(open(HASH, new Map()).lookup(Uint8Array.of(1)), undefined);
});

test("lookup() throws on any other failure", () => {
  const map = open(HASH, new Map(), { bpf_map_lookup_elem: () => -1 });
  assert.throws(() => map.lookup(Uint8Array.of(1)), /^BpfError: look up in test: EPERM: /);
});

test("entries() yields every entry, each with memory of its own", () => {
  const content = new Map([[3, 30], [1, 10], [2, 20]]);
  const entries = [...open(HASH, content).entries()];
  const pairs = entries.map(({ key, values }) => [key.getUint8(0), values[0]!.getUint8(0)]);
  assert.deepEqual(pairs, [...content]);
  assert.deepEqual([...open(HASH, new Map()).entries()], []);
});

test("entries() leaves out what is deleted between key and value", () => {
  const content = new Map([[1, 10], [2, 20], [3, 30]]);
  const map = open(HASH, content, {
    bpf_map_lookup_elem: (_fd, key) => bytes(key!)[0] === 2 ? -2 : 0,
  });
  assert.deepEqual([...map.entries()].map(({ key }) => key.getUint8(0)), [1, 3]);
});

test("entries() goes on when the last key was deleted, and comes to an end", () => {
  const content = new Map([[1, 10], [2, 20], [3, 30]]);
  const keys: number[] = [];
  for (const { key } of open(HASH, content).entries()) {
    keys.push(key.getUint8(0));
    if (keys.length === 2) content.delete(2);
  }
  assert.ok(keys.includes(3));
  assert.deepEqual(new Set(keys), new Set([1, 2, 3]));
});

test("entries() throws on a failure", () => {
  const map = open(HASH, new Map(), { bpf_map_get_next_key: () => -9 });
  assert.throws(() => [...map.entries()], /^BpfError: walk test: EBADF: /);
});

test("update() adds a key, and sets the value of one that is there", () => {
  const map = open(HASH, new Map([[1, 10]]), {}, 1);
  map.update(Uint8Array.of(1), Uint8Array.of(11));
  map.update(Uint8Array.of(2), Uint8Array.of(20));
  const value = (key: number) => map.lookup(Uint8Array.of(key))![0]!.getUint8(0);
  assert.deepEqual([value(1), value(2)], [11, 20]);
});

test("update() refuses a key or a value of another size, and a per-CPU map", () => {
  const map = open(HASH, new Map(), {}, 2);
  const sizes = /^RangeError: test has keys and values of 1 and 2 bytes, not /;
  assert.throws(() => map.update(new Uint8Array(2), new Uint8Array(2)), sizes);
  assert.throws(() => map.update(new Uint8Array(1), new Uint8Array(1)), sizes);
  for (const type of PERCPU_TYPES) {
    const perCpu = open(type, new Map(), {}, 2);
    assert.throws(() => perCpu.update(new Uint8Array(1), new Uint8Array(2)), /each CPU/);
  }
});

test("update() throws if the kernel refuses", () => {
  const map = open(HASH, new Map(), { bpf_map_update_elem: () => -7 });
  const update = () => map.update(new Uint8Array(1), new Uint8Array(12));
  assert.throws(update, /^BpfError: update test: E2BIG: /);
});
