/**
 * libbpf for TypeScript: open, configure, load and attach a BPF skeleton; read its maps and its perf
 * buffers. Take `open()` from `bun.ts` or `deno.ts`, and everything else from here.
 *
 * It runs on Linux on x86-64 and arm64, with CAP_BPF and CAP_PERFMON, or as root. The least kernel
 * is that of the program and of the functions that are called, where they name one.
 *
 * @example A whole tool
 * ```ts
 * import { open } from "./bun.ts";
 * import { OpenSkeleton, PerfBuffer, read } from "./mod.ts";
 *
 * // generate.ts writes these layouts from the program's BTF.
 * const rodata = { size: 4, fields: { pid: { offset: 0, type: "u32", length: 1 } } } as const;
 * const event = { size: 8, fields: { time: { offset: 0, type: "u64", length: 1 } } } as const;
 *
 * const libbpf = open("/usr/lib/mytool.so");
 * using opened = new OpenSkeleton(libbpf);
 * opened.setConstants(rodata, { pid: 42 });
 * using skeleton = opened.load(["on_connect"]);
 * using buffer = new PerfBuffer(libbpf, skeleton.map("events"), {
 *   pages: 64,
 *   sampleSize: event.size,
 *   timeOffset: event.fields.time.offset,
 * });
 * skeleton.attach("on_connect");
 * libbpf.trim();
 * const count = buffer.poll(100);
 * for (const offset of buffer.order.subarray(0, count)) {
 *   console.log(read(new DataView(buffer.samples, offset), event.fields.time));
 * }
 * ```
 *
 * @module
 */

export { errnoName, namedErrnos } from "./errno.ts";
export { BpfError, DisposedError, LoadError } from "./error.ts";
export type {
  CType,
  CTypes,
  Functions,
  Pointer,
  Runtime,
  Signature,
  Symbols,
  Values,
} from "./ffi.ts";
export {
  type Field,
  type FieldValue,
  type Layout,
  read,
  type ScalarType,
  write,
} from "./layout.ts";
export { type Libbpf, LogLevel } from "./libbpf.ts";
export { BpfMap, type MapEntry } from "./map.ts";
export { PerfBuffer } from "./perf_buffer.ts";
export { OpenSkeleton, Skeleton } from "./skeleton.ts";
export type { symbols } from "./symbols.ts";
