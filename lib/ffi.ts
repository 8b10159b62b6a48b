/**
 * What a runtime's FFI must offer. `bun.ts` and `deno.ts` implement it; nothing else in the
 * library knows which runtime it runs on.
 *
 * @module
 */

declare const opaque: unique symbol;

/** An address that C gave out. Never null: a function that may return NULL says `Pointer | null`. */
export type Pointer = { readonly [opaque]: "pointer" };

/** The types that cross the border, and what each is in TypeScript. */
export interface CTypes {
  void: void;
  bool: boolean;
  i32: number;
  u32: number;
  /** `size_t`; at most 2^53 - 1. */
  usize: number;
  f64: number;
  pointer: Pointer | null;
  /** An argument only: memory of a typed array, borrowed for the time of the call. */
  buffer: ArrayBufferView<ArrayBuffer> | null;
  /** An argument only: a string, passed as a NUL-terminated copy for the time of the call. */
  string: string | null;
}

/** The name of a type in a {@linkcode Signature}. */
export type CType = keyof CTypes;

/** A C function: its arguments' types and its result's. */
export interface Signature {
  readonly args: readonly CType[];
  readonly returns: CType;
}

/** C functions by name. */
export type Symbols = Readonly<Record<string, Signature>>;

type Values<A extends readonly CType[]> = { -readonly [I in keyof A]: CTypes[A[I]] };

/** The TypeScript functions that call the C functions of a table. */
export type Functions<S extends Symbols> = {
  readonly [N in keyof S]: (...args: Values<S[N]["args"]>) => CTypes[S[N]["returns"]];
};

/** One runtime's FFI. */
export interface Runtime {
  /**
   * Loads a shared object and binds functions of it.
   *
   * @param path An absolute path: a bare name would be searched for, in places that others may write to.
   * @throws If the object cannot be loaded or lacks one of the symbols.
   */
  load<const S extends Symbols>(path: string, symbols: S): Functions<S>;
  /** Memory of C as an ArrayBuffer: a view, not a copy. Valid as long as C keeps the memory. */
  view(pointer: Pointer, byteLength: number): ArrayBuffer;
  /** A copy of the NUL-terminated UTF-8 string at an address. */
  text(pointer: Pointer): string;
}
