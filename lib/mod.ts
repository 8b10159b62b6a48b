/**
 * libbpf for TypeScript: open, configure, load and attach a BPF skeleton; read its maps and its perf
 * buffers. Take `open()` from `bun.ts` or `deno.ts`, and everything else from here.
 *
 * ```ts
 * import { open } from "./lib/bun.ts";
 * import { OpenSkeleton, PerfBuffer } from "./lib/mod.ts";
 *
 * const libbpf = open("/usr/lib/mytool.so");
 * using opened = new OpenSkeleton(libbpf);
 * opened.setConstants(rodata, { filter_pids: [42] });
 * using skeleton = opened.load(["fexit_v4"]);
 * skeleton.attach("fexit_v4");
 * using buffer = new PerfBuffer(libbpf, skeleton.map("events"), {
 *   pages: 64,
 *   sampleSize: event.size,
 *   timeOffset: event.fields.time.offset,
 * });
 * libbpf.trim();
 * const count = buffer.poll(100);
 * ```
 *
 * @module
 */

export { errnoName } from "./errno.ts";
export { BpfError, DisposedError, LoadError } from "./error.ts";
export { type Field, type FieldValue, type Layout, read, write } from "./layout.ts";
export { type Libbpf, LogLevel } from "./libbpf.ts";
export { BpfMap, type MapEntry } from "./map.ts";
export { PerfBuffer } from "./perf_buffer.ts";
export { OpenSkeleton, Skeleton } from "./skeleton.ts";
