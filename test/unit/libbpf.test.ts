/** The real shim, as far as it goes without privileges: nothing here reaches the kernel's bpf(). */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import test from "node:test";
import {
  BpfError,
  BpfMap,
  LoadError,
  LogLevel,
  OpenSkeleton,
  PerfBuffer,
  read,
} from "../../lib/mod.ts";
import { event, rodata } from "../../src/event/layout.gen.ts";
import { linesC } from "./c.ts";
import { fake } from "./fake.ts";
import { loadShim, scriptCommand } from "./runtime.ts";

const libbpf = await loadShim();

/** Matches a BpfError by what it says was to be done, and its errno. */
const failure = (operation: string, code: string) => (error: unknown) => {
  assert.ok(error instanceof BpfError, `not a BpfError: ${error}`);
  assert.deepEqual([error.operation, error.code], [operation, code]);
  assert.ok(error.message.startsWith(`${operation}: ${code}: `), error.message);
  return true;
};

const disposed = { name: "DisposedError" };

test("Libbpf.check() passes what is not negative and throws what is", () => {
  assert.equal(libbpf.check("x", 0), 0);
  assert.equal(libbpf.check("x", 7), 7);
  assert.throws(() => libbpf.check("attach it", -13), failure("attach it", "EACCES"));
  assert.throws(() => libbpf.check("x", -1), { message: "x: EPERM: operation not permitted" });
});

test("Libbpf.check() has words for libbpf's own errors and for unknown ones", () => {
  assert.throws(() => libbpf.check("x", -4000), /^BpfError: x: 4000: .*libelf/);
  assert.throws(() => libbpf.check("x", -524), /^BpfError: x: ENOTSUPP: ./);
});

test("Libbpf.checkFentry() throws where the kernel does not take such programs, and only there", () => {
  const asked = (result: number) => fake({ shim_try_fentry: () => result }).libbpf;
  assert.throws(() => asked(-1).checkFentry(), failure("load fentry program", "EPERM"));
  for (const result of [-22, -524, 0]) asked(result).checkFentry();
});

test("Libbpf.taskHelpers is true only where the kernel takes the program that asks", () => {
  const asked = (result: number) => fake({ shim_try_task_helpers: () => result }).libbpf;
  assert.equal(asked(0).taskHelpers, true);
  for (const result of [-1, -22]) assert.equal(asked(result).taskHelpers, false);
});

test("Libbpf.trim() unmaps the code that the start ran", () => {
  const mapped = () =>
    Number(/^RssFile:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  const before = mapped();
  libbpf.trim();
  const after = mapped();
  assert.ok(after < before - 1024, `${before} KiB, then ${after}`);
});

test("a shim that cannot be loaded is a LoadError, in one line", async () => {
  for (const path of ["/nonexistent/shim.so", "/proc/self/exe", "/dev/null"]) {
    await assert.rejects(loadShim(path), (error) => {
      assert.ok(error instanceof LoadError, `not a LoadError: ${error}`);
      assert.match(error.message, /^load libbpf: [^\n]+$/);
      return true;
    });
  }
});

test("PerfBuffer refuses more memory than an ArrayBuffer can be", () => {
  const map = { fd: -1, name: "events" } as BpfMap;
  const options = { pages: 1 << 20, sampleSize: 80, timeOffset: 0 };
  assert.throws(() => new PerfBuffer(libbpf, map, options), failure("new batch", "ENOMEM"));
});

test("Libbpf.neverPreempt() makes SCHED_OTHER SCHED_BATCH, and leaves any other policy", () => {
  // In processes of their own: without root none gets from SCHED_IDLE back to SCHED_OTHER.
  for (const [chosen, then] of [["--other", "SCHED_BATCH"], ["--idle", "SCHED_IDLE"]]) {
    const command = [chosen!, "0", ...scriptCommand("test/unit/policy_child.ts")];
    assert.equal(execFileSync("chrt", command, { encoding: "utf8" }), `${then}\n`);
  }
});

test("Libbpf.checkPointer() passes a pointer and throws for null, with errno", () => {
  const opened = libbpf.c.shim_open(null);
  assert.equal(libbpf.checkPointer("open", opened), opened);
  const none = libbpf.c.bpf_object__find_map_by_name(libbpf.c.shim_object(opened), "none");
  assert.throws(() => libbpf.checkPointer("find", none), failure("find", "ENOENT"));
  libbpf.c.shim_close(opened);
});

test("Libbpf.possibleCpus is what the kernel says", () => {
  const source = `
int main(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "r");
	int first, last, cpus = 0;
	char end;

	do {
		if (fscanf(f, "%d", &first) != 1)
			return 1;
		last = first;
		end = fgetc(f);
		if (end == '-' && (fscanf(f, "%d", &last) != 1 || (end = fgetc(f)) == '-'))
			return 1;
		cpus = last + 1;
	} while (end == ',');
	printf("%d\\n", cpus);
	return 0;
}`;
  assert.deepEqual([String(libbpf.possibleCpus)], linesC(source));
});

test("Libbpf.takeLog() takes what libbpf logged, once, by level", () => {
  const quietly = () => {
    using opened = new OpenSkeleton(libbpf);
    opened.setMaxEntries("flows", 7);
  };
  libbpf.logLevel(LogLevel.Debug);
  libbpf.takeLog();
  quietly();
  const log = libbpf.takeLog();
  assert.match(log, /libbpf: loading .*tcpconnect_bpf/);
  assert.equal(libbpf.takeLog(), "");
  libbpf.logLevel(LogLevel.Warn);
  quietly();
  assert.equal(libbpf.takeLog(), "");
  libbpf.logLevel(LogLevel.Info);
});

test("OpenSkeleton opens twice, and each is its own", () => {
  using one = new OpenSkeleton(libbpf);
  const two = new OpenSkeleton(libbpf);
  two[Symbol.dispose]();
  one.setMaxEntries("flows", 1);
  assert.throws(() => two.setMaxEntries("flows", 1), disposed);
});

test("OpenSkeleton.setMaxEntries() takes the maps that there are", () => {
  using opened = new OpenSkeleton(libbpf);
  for (const map of ["calls", "flows", "attempts"]) opened.setMaxEntries(map, 1);
});

test("OpenSkeleton.setMaxEntries() throws ENOENT for an unknown map", () => {
  using opened = new OpenSkeleton(libbpf);
  assert.throws(() => opened.setMaxEntries("nothing", 1), failure("find map nothing", "ENOENT"));
  assert.throws(() => opened.setMaxEntries("", 1), failure("find map ", "ENOENT"));
});

test("OpenSkeleton.setConstants() takes lists up to their length", () => {
  using opened = new OpenSkeleton(libbpf);
  const filter_pids = Array.from({ length: 64 }, (_, i) => i + 1);
  opened.setConstants(rodata, { filter_pids, filter_pid_count: 64, min_latency: 5n });
});

test("OpenSkeleton.setConstants() refuses a list that is too long", () => {
  using opened = new OpenSkeleton(libbpf);
  const filter_pids = Array.from({ length: 65 }, (_, i) => i + 1);
  const error = { name: "RangeError", message: "filter_pids holds 64 values, not 65" };
  assert.throws(() => opened.setConstants(rodata, { filter_pids }), error);
});

test("OpenSkeleton.setConstants() refuses an unknown variable", () => {
  using opened = new OpenSkeleton(libbpf);
  // @ts-expect-error: the types refuse it, and so must the code.
  assert.throws(() => opened.setConstants(rodata, { nothing: 1 }));
});

test("OpenSkeleton.setConstants() refuses a layout that is longer than the section", () => {
  using opened = new OpenSkeleton(libbpf);
  const beyond = { x: { offset: rodata.size, type: "u32", length: 1 } } as const;
  assert.throws(() => opened.setConstants({ size: 8, fields: beyond }, { x: 1 }), RangeError);
});

test("OpenSkeleton.load() throws ENOENT for an unknown program, and stays open", () => {
  using opened = new OpenSkeleton(libbpf);
  assert.throws(() => opened.load(["nothing"]), failure("find program nothing", "ENOENT"));
  opened.setMaxEntries("flows", 1);
});

test("OpenSkeleton throws DisposedError after its disposal, which may happen twice", () => {
  const opened = new OpenSkeleton(libbpf);
  opened[Symbol.dispose]();
  opened[Symbol.dispose]();
  assert.throws(() => opened.setMaxEntries("flows", 1), disposed);
  assert.throws(() => opened.setConstants(rodata, { filter_family: 4 }), disposed);
  assert.throws(() => opened.load([]), disposed);
});

test("rodata is as long as the section, and begins as the program has it", () => {
  const opened = libbpf.c.shim_open(null);
  const object = libbpf.c.shim_object(opened);
  const map = libbpf.c.bpf_object__find_map_by_name(object, ".rodata");
  assert.equal(libbpf.c.bpf_map__value_size(map), rodata.size);
  const size = new BigUint64Array(1);
  const memory = libbpf.c.bpf_map__initial_value(map, size)!;
  assert.equal(Number(size[0]), rodata.size);
  const view = new DataView(libbpf.view(memory, rodata.size));
  for (const field of Object.values(rodata.fields)) assert.equal(read(view, field), 0);
  libbpf.c.shim_close(opened);
});

test("BpfMap refuses a map that is not in the kernel yet", () => {
  const opened = libbpf.c.shim_open(null);
  const object = libbpf.c.shim_object(opened);
  const map = libbpf.c.bpf_object__find_map_by_name(object, "flows")!;
  assert.throws(() => new BpfMap(libbpf, "flows", map), { name: "BpfError" });
  libbpf.c.shim_close(opened);
});

test("PerfBuffer names the map when it cannot be opened", () => {
  const map = { name: "events", fd: -1 } as BpfMap;
  const options = { pages: 1, sampleSize: event.size, timeOffset: 0 };
  assert.throws(() => new PerfBuffer(libbpf, map, options), (error) => {
    assert.ok(error instanceof BpfError);
    assert.equal(error.operation, "open perf buffer events");
    return true;
  });
});
