import assert from "node:assert/strict";
import test from "node:test";
import { OpenSkeleton } from "../../lib/mod.ts";
import { fake, type Parts, pointer } from "./fake.ts";

const names = ["one", "two", "three"];
const programs = names.map((name) => pointer(name));

const working: Parts = {
  shim_open: () => pointer("shim"),
  shim_close: () => {},
  shim_object: () => pointer("object"),
  shim_skeleton: () => pointer("skeleton"),
  bpf_object__next_program: (_object, last) =>
    programs[last === null ? 0 : programs.indexOf(last) + 1] ?? null,
  bpf_object__find_program_by_name: (_object, name) => programs[names.indexOf(name!)] ?? null,
  bpf_object__find_map_by_name: () => null,
  bpf_object__load_skeleton: () => 0,
  bpf_program__set_autoload: () => 0,
  bpf_program__attach: (program) => pointer(`link-${names[programs.indexOf(program!)]}`),
  bpf_program__attach_cgroup: () => pointer("link-cgroup"),
  bpf_program__fd: () => 33,
  bpf_link__destroy: () => 0,
  libbpf_get_error: () => -2,
};

const only = (calls: string[], pattern: RegExp) => calls.filter((call) => pattern.test(call));

function open(parts: Parts = {}) {
  const { libbpf, calls } = fake({ ...working, ...parts });
  return { opened: new OpenSkeleton(libbpf), calls };
}

function load(parts: Parts = {}) {
  const { opened, calls } = open(parts);
  const skeleton = opened.load(names);
  calls.splice(0);
  return { opened, skeleton, calls };
}

test("OpenSkeleton opens with the kernel's own BTF, with a file's, or with none", () => {
  const { libbpf, calls } = fake(working);
  new OpenSkeleton(libbpf);
  new OpenSkeleton(libbpf, { btf: "/a/file" });
  new OpenSkeleton(libbpf, { btf: null });
  assert.deepEqual(calls, ["shim_open(null)", "shim_open(/a/file)", "shim_open()"]);
});

test("OpenSkeleton throws when libbpf does not take the object", () => {
  assert.throws(() => open({ shim_open: () => null }), /^BpfError: open object: ENOENT: /);
});

test("OpenSkeleton.shareHash() makes a map a BPF_MAP_TYPE_HASH", () => {
  const parts: Parts = {
    bpf_object__find_map_by_name: () => pointer("map"),
    bpf_map__set_type: () => 0,
  };
  const { opened, calls } = open(parts);
  opened.shareHash("flows");
  assert.deepEqual(only(calls, /set_type/), ["bpf_map__set_type(map,1)"]);
  assert.throws(
    () => open({ ...parts, bpf_map__set_type: () => -16 }).opened.shareHash("flows"),
    /^BpfError: share flows: EBUSY: /,
  );
});

test("OpenSkeleton.load() loads the named programs and no others", () => {
  const { opened, calls } = open();
  opened.load(["three", "one"]);
  assert.deepEqual(only(calls, /autoload|load_skeleton/), [
    ...names.map((name) => `bpf_program__set_autoload(${name},false)`),
    "bpf_program__set_autoload(three,true)",
    "bpf_program__set_autoload(one,true)",
    "bpf_object__load_skeleton(skeleton)",
  ]);
});

test("OpenSkeleton.load() hands the object on: it closes once, with the skeleton", () => {
  const { opened, skeleton, calls } = load();
  opened[Symbol.dispose]();
  assert.deepEqual(calls, []);
  assert.throws(() => opened.load([]), { name: "DisposedError" });
  skeleton[Symbol.dispose]();
  skeleton[Symbol.dispose]();
  assert.deepEqual(only(calls, /close/), ["shim_close(shim)"]);
});

test("OpenSkeleton.load() keeps the object when the kernel refuses it", () => {
  const { opened, calls } = open({ bpf_object__load_skeleton: () => -13 });
  assert.throws(() => opened.load(["one"]), /^BpfError: load object: EACCES: /);
  assert.deepEqual(only(calls, /close/), []);
  opened[Symbol.dispose]();
  assert.deepEqual(only(calls, /close/), ["shim_close(shim)"]);
});

test("Skeleton.detach() destroys the links, the last attached first, and once", () => {
  const { skeleton, calls } = load();
  skeleton.attach("one");
  skeleton.attachCgroup("two", 5);
  skeleton.attach("three");
  assert.ok(calls.includes("bpf_program__attach_cgroup(two,5)"));
  skeleton.detach();
  skeleton.detach();
  assert.deepEqual(only(calls, /destroy/), [
    "bpf_link__destroy(link-three)",
    "bpf_link__destroy(link-cgroup)",
    "bpf_link__destroy(link-one)",
  ]);
});

test("Skeleton detaches before it closes", () => {
  const { skeleton, calls } = load();
  skeleton.attach("one");
  calls.splice(0);
  skeleton[Symbol.dispose]();
  assert.deepEqual(calls, ["bpf_link__destroy(link-one)", "shim_close(shim)"]);
});

test("Skeleton.attach() throws what the kernel said, and keeps no link", () => {
  const { skeleton, calls } = load({ bpf_program__attach: () => null });
  assert.throws(() => skeleton.attach("one"), /^BpfError: attach one: ENOENT: /);
  skeleton.detach();
  assert.deepEqual(only(calls, /destroy/), []);
});

test("Skeleton.attach() throws for an unknown program", () => {
  const { skeleton } = load();
  const error = /^BpfError: find program four: ENOENT: /;
  assert.throws(() => skeleton.attach("four"), error);
  assert.throws(() => skeleton.attachCgroup("four", 5), error);
});

test("Skeleton.map() throws for an unknown map", () => {
  assert.throws(() => load().skeleton.map("none"), /^BpfError: find map none: ENOENT: /);
});

test("Skeleton.variables() is the memory that the program shares", () => {
  const { skeleton } = load({
    bpf_object__find_map_by_name: (_object, name) => name === ".bss" ? pointer("map") : null,
    bpf_map__initial_value: (map, size) => {
      (size as BigUint64Array)[0] = 12n;
      return map;
    },
  });
  assert.equal(skeleton.variables(".bss").byteLength, 12);
  assert.throws(() => skeleton.variables(".data"), /^BpfError: find .data: ENOENT: /);
});

test("Skeleton.recursionMisses() asks by the program's descriptor", () => {
  const { skeleton, calls } = load({ shim_recursion_misses: () => 12 });
  assert.equal(skeleton.recursionMisses("two"), 12);
  assert.deepEqual(only(calls, /misses/), ["shim_recursion_misses(33)"]);
  const broken = load({ shim_recursion_misses: () => -9 }).skeleton;
  assert.throws(() => broken.recursionMisses("two"), /^BpfError: ask after two: EBADF: /);
});

test("Skeleton throws DisposedError after its disposal, and calls no C", () => {
  const { skeleton, calls } = load();
  skeleton[Symbol.dispose]();
  calls.splice(0);
  const error = { name: "DisposedError", message: "the skeleton is disposed" };
  assert.throws(() => skeleton.attach("one"), error);
  assert.throws(() => skeleton.attachCgroup("one", 3), error);
  assert.throws(() => skeleton.map("events"), error);
  assert.throws(() => skeleton.variables(".bss"), error);
  assert.throws(() => skeleton.recursionMisses("one"), error);
  skeleton.detach();
  assert.deepEqual(calls, []);
});
