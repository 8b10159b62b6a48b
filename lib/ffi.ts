/**
 * What a runtime's FFI must offer. `bun.ts` and `deno.ts` implement it; nothing else in the
 * library knows which runtime it runs on.
 *
 * @example Functions of another library, typed by their table
 * ```ts
 * import type { Functions, Runtime, Symbols } from "./ffi.ts";
 *
 * const table = { getppid: { args: [], returns: "i32" } } as const satisfies Symbols;
 * const bind = (runtime: Runtime, path: string): Functions<typeof table> =>
 *   runtime.load(path, table);
 * ```
 *
 * @module
 */

/** An address that a C function returned; never null. `Pointer | null` is one that may be NULL. */
export interface Pointer {
  /** Never there; it tells the type of a pointer from that of any other object. */
  readonly pointer: never;
}

/** The C types of arguments and results, and what each is in TypeScript. */
export interface CTypes {
  /** For results only. */
  void: void;
  /** `bool`. */
  bool: boolean;
  /** `int`, `int32_t`. */
  i32: number;
  /** `unsigned int`, `uint32_t`. */
  u32: number;
  /** `size_t`; at most 2^53 - 1. */
  usize: number;
  /** `double`. */
  f64: number;
  /** Any pointer. */
  pointer: Pointer | null;
  /** For arguments only: the memory of a typed array. C may use it until the call returns. */
  buffer: ArrayBufferView<ArrayBuffer> | null;
  /** For arguments only: a NUL-terminated copy of a string, freed when the call returns. */
  string: string | null;
}

/** The name of a type in a {@linkcode Signature}. */
export type CType = keyof CTypes;

/** A C function: its arguments' types and its result's. */
export interface Signature {
  /** In order. */
  readonly args: readonly CType[];
  /** `void` for none. */
  readonly returns: CType;
}

/** C functions by name. */
export type Symbols = Readonly<Record<string, Signature>>;

/** What a function takes in TypeScript, by the C types of its arguments. */
export type Values<A extends readonly CType[]> = { -readonly [I in keyof A]: CTypes[A[I]] };

/** The TypeScript functions that call the C functions of a table. */
export type Functions<S extends Symbols> = {
  readonly [N in keyof S]: (...args: Values<S[N]["args"]>) => CTypes[S[N]["returns"]];
};

/** One runtime's FFI. */
export interface Runtime {
  /**
   * Loads a shared object and binds functions of it.
   *
   * @param path An absolute path. A bare name is searched for, also where others may write.
   * @param symbols The functions to bind, by name.
   * @throws {Error} Of the runtime's own, if the object cannot be loaded or lacks one of the symbols.
   */
  load<const S extends Symbols>(path: string, symbols: S): Functions<S>;
  /**
   * Memory of C as an ArrayBuffer: a view, not a copy. It is valid as long as C keeps the memory; the
   * runtime never frees it.
   */
  view(pointer: Pointer, byteLength: number): ArrayBuffer;
  /** A copy of the NUL-terminated UTF-8 string at an address. */
  text(pointer: Pointer): string;
}
