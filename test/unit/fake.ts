/** A libbpf whose C functions are the test's own, to see how and when the library calls them. */

import type { Functions, Pointer, Runtime } from "../../lib/ffi.ts";
import { Libbpf } from "../../lib/libbpf.ts";
import type { symbols } from "../../lib/symbols.ts";

/** C functions for a test; any that is missing must not be called. */
export type Parts = Partial<Functions<typeof symbols>>;

/** An address that is never read. */
export const pointer = (name: string) => ({ name }) as unknown as Pointer;

export interface Fake {
  libbpf: Libbpf;
  /** The names of the functions that were called, with their arguments where these are simple. */
  calls: string[];
}

function show(arg: unknown): string {
  if (ArrayBuffer.isView(arg)) return "[]";
  return arg !== null && typeof arg === "object"
    ? String((arg as { name?: string }).name)
    : `${arg}`;
}

/**
 * @param parts What the C functions do.
 * @param memory What stands at an address, by its name; zeros where nothing is said.
 */
export function fake(parts: Parts, memory: Record<string, ArrayBuffer> = {}): Fake {
  const calls: string[] = [];
  // What the library may call at any time.
  const always: Record<string, () => unknown> = {
    shim_log_start: () => {},
    shim_log_take: () => null,
    libbpf_strerror: () => 0,
    shim_signal_count: () => pointer("signals"),
  };
  const runtime: Runtime = {
    load: (_path, table) => {
      const functions = Object.keys(table).map((name) => {
        const quiet = always[name];
        const part = parts[name as keyof Parts] as ((...args: unknown[]) => unknown) | undefined;
        return [
          name,
          quiet ?? ((...args: unknown[]) => {
            calls.push(`${name}(${args.map(show).join()})`);
            if (part === undefined) throw new Error(`${name}() was not to be called`);
            return part(...args);
          }),
        ];
      });
      return Object.fromEntries(functions);
    },
    view: (pointer, byteLength) => memory[show(pointer)] ?? new ArrayBuffer(byteLength),
    text: () => "",
  };
  return { libbpf: new Libbpf(runtime, "/nowhere"), calls };
}
