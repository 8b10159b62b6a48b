/**
 * How the library fails.
 *
 * @module
 */

import { errnoName } from "./errno.ts";

/** A call of libbpf or of the kernel that failed. */
export class BpfError extends Error {
  override readonly name = "BpfError";

  /**
   * @param operation What was to be done, such as `attach fexit_v4`.
   * @param errno Why it was not: a positive errno.
   * @param text The errno in words.
   * @param log What libbpf logged since the last error; holds the verifier's log of a refused program.
   */
  constructor(
    readonly operation: string,
    readonly errno: number,
    text: string,
    readonly log: string = "",
  ) {
    super(`${operation}: ${errnoName(errno)}: ${text}`);
  }

  /** The errno's name, such as `EPERM`. */
  get code(): string {
    return errnoName(this.errno);
  }
}

/** The shim cannot be loaded: there is none, it lacks a function, or the system denies it. */
export class LoadError extends Error {
  override readonly name = "LoadError";

  /**
   * @param reason Why, in the words of the runtime or of dlopen(3).
   * @param options.cause What was thrown first, if anything.
   */
  constructor(reason: string, options?: ErrorOptions) {
    super(`load libbpf: ${reason}`, options);
  }

  /** What loading threw, as a LoadError; one that is already passes. */
  static from(error: unknown): LoadError {
    if (error instanceof LoadError) return error;
    return new LoadError(error instanceof Error ? error.message : `${error}`, { cause: error });
  }
}

/** Thrown when an owner is used after it was disposed. */
export class DisposedError extends Error {
  override readonly name = "DisposedError";

  constructor(what: string) {
    super(`${what} is disposed`);
  }
}
