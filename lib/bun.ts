/**
 * libbpf under Bun.
 *
 * @example
 * ```ts
 * import { open } from "./bun.ts";
 * import { OpenSkeleton } from "./mod.ts";
 *
 * using opened = new OpenSkeleton(open("/usr/lib/mytool.so"));
 * ```
 *
 * @module
 */

import { CString, dlopen, type FFITypeOrString, toArrayBuffer } from "bun:ffi";
import { closeSync, writeSync } from "node:fs";
import { errnoName } from "./errno.ts";
import { LoadError } from "./error.ts";
import type { CType, Functions, Pointer, Runtime, Symbols } from "./ffi.ts";
import { Libbpf } from "./libbpf.ts";

const types: Record<CType, FFITypeOrString> = {
  void: "void",
  bool: "bool",
  i32: "i32",
  u32: "u32",
  usize: "u64",
  f64: "f64",
  pointer: "ptr",
  buffer: "ptr",
  string: "ptr",
};

// For bun:ffi a pointer is a number; only this file knows that.
type Address = Parameters<typeof toArrayBuffer>[0];
const address = (pointer: Pointer) => pointer as unknown as Address;

const runtime: Runtime = {
  load<S extends Symbols>(path: string, symbols: S): Functions<S> {
    const table = Object.entries(symbols).map(([name, { args, returns }]) => [
      name,
      { args: args.map((type) => types[type]), returns: types[returns] },
    ]);
    const library = dlopen(path, Object.fromEntries(table));
    const bound = Object.entries(symbols).map(([name, { args }]) => {
      const call = library.symbols[name] as (...values: unknown[]) => unknown;
      return [name, args.includes("string") ? withStrings(call) : call];
    });
    return Object.fromEntries(bound);
  },
  // SAFETY: the caller keeps the memory; without a finalizer Bun never frees it.
  view: (pointer, byteLength) => toArrayBuffer(address(pointer), 0, byteLength),
  text: (pointer) => new CString(address(pointer)).toString(),
};

function withStrings(call: (...values: unknown[]) => unknown) {
  return (...values: unknown[]) =>
    call(...values.map((value) => typeof value === "string" ? Buffer.from(`${value}\0`) : value));
}

/**
 * Loads a skeleton shim from a file. It stays loaded as long as the process runs. Mutually exclusive
 * with {@linkcode openBytes}, which loads one from memory.
 *
 * @param path An absolute path.
 * @throws {LoadError} If there is none, it lacks a function, or the system denies it.
 */
export function open(path: string): Libbpf {
  return new Libbpf(runtime, path);
}

/**
 * Loads a skeleton shim that is held in memory, such as one embedded in an executable. It goes
 * through a memfd (memfd_create(2), Linux 3.17), so no directory needs to be writable; /proc must be
 * mounted.
 *
 * @param shim The shared object's bytes; not kept.
 * @throws {LoadError} If the system denies a memfd or executable memory, or has no /proc.
 */
export function openBytes(shim: Uint8Array): Libbpf {
  try {
    const fd = createMemfd();
    try {
      for (let at = 0; at < shim.length;) at += writeSync(fd, shim, at);
      return open(`/proc/self/fd/${fd}`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw LoadError.from(error);
  }
}

function createMemfd(): number {
  const MFD_CLOEXEC = 1;
  // libc.so.6 is loaded already, so this name is not searched for.
  const libc = runtime.load("libc.so.6", {
    memfd_create: { args: ["string", "u32"], returns: "i32" }, // const char *name, unsigned flags
    __errno_location: { args: [], returns: "pointer" },
  });
  const fd = libc.memfd_create("libbpf", MFD_CLOEXEC);
  if (fd < 0) {
    // SAFETY: this thread's errno, which lives as long as the thread.
    const [errno] = new Int32Array(runtime.view(libc.__errno_location()!, 4));
    throw new LoadError(`memfd_create: ${errnoName(errno!)}`);
  }
  return fd;
}
