/**
 * libbpf under Deno. Needs `--allow-ffi`; a tool that reads /proc needs `--allow-all`.
 *
 * @example
 * ```ts
 * import { open } from "./deno.ts";
 * import { OpenSkeleton } from "./mod.ts";
 *
 * using opened = new OpenSkeleton(open("/usr/lib/mytool.so"));
 * ```
 *
 * @module
 */

import type { CType, Functions, Pointer, Runtime, Symbols } from "./ffi.ts";
import { Libbpf } from "./libbpf.ts";

const types: Record<CType, Deno.NativeResultType> = {
  void: "void",
  bool: "bool",
  i32: "i32",
  u32: "u32",
  usize: "usize",
  f64: "f64",
  pointer: "pointer",
  buffer: "buffer",
  string: "buffer",
};

const address = (pointer: Pointer) => pointer as unknown as Deno.PointerObject;

const runtime: Runtime = {
  load<S extends Symbols>(path: string, symbols: S): Functions<S> {
    const table = Object.entries(symbols).map(([name, { args, returns }]) => [
      name,
      { parameters: args.map((type) => types[type]), result: types[returns] },
    ]);
    const library = Deno.dlopen(path, Object.fromEntries(table) as Deno.ForeignLibraryInterface);
    const bound = Object.entries(symbols).map(([name, { args, returns }]) => {
      const call = library.symbols[name] as (...values: unknown[]) => unknown;
      return [name, args.includes("string") || returns === "usize" ? converting(call) : call];
    });
    return Object.fromEntries(bound);
  },
  // SAFETY: the caller keeps the memory; Deno never frees it.
  view: (pointer, byteLength) =>
    Deno.UnsafePointerView.getArrayBuffer(address(pointer), byteLength),
  text: (pointer) => Deno.UnsafePointerView.getCString(address(pointer)),
};

function converting(call: (...values: unknown[]) => unknown) {
  const encoder = new TextEncoder();
  return (...values: unknown[]) => {
    const result = call(
      ...values.map((value) => typeof value === "string" ? encoder.encode(`${value}\0`) : value),
    );
    return typeof result === "bigint" ? Number(result) : result;
  };
}

/**
 * Loads a skeleton shim from a file. It stays loaded as long as the process runs.
 *
 * @param path An absolute path.
 * @throws {LoadError} If there is none, it lacks a function, or the system denies it.
 */
export function open(path: string): Libbpf {
  return new Libbpf(runtime, path);
}
