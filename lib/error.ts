/**
 * The errors that the library throws, beside RangeError for a value that does not fit.
 *
 * @example
 * ```ts
 * import { BpfError, type Skeleton } from "./mod.ts";
 *
 * function attach(skeleton: Skeleton): void {
 *   try {
 *     skeleton.attach("on_connect");
 *   } catch (error) {
 *     if (!(error instanceof BpfError)) throw error;
 *     console.error(error.code === "EPERM" ? "run it as root" : error.message);
 *   }
 * }
 * ```
 *
 * @module
 */

import { errnoName } from "./errno.ts";

/**
 * A call of libbpf or of the kernel failed. The message has operation, errno and its text:
 * `load object: EPERM: operation not permitted`.
 */
export class BpfError extends Error {
  /** `BpfError`. */
  override readonly name = "BpfError";

  /**
   * Makes an error; {@linkcode Libbpf.check} throws it.
   *
   * @param operation What was to be done, such as `attach on_connect`.
   * @param errno The reason, a positive errno.
   * @param text The errno in words.
   * @param log What libbpf logged since the last error. If the kernel refused a program, the
   * verifier's log is in it.
   * @default log ""
   * @param options.cause What was thrown first, if anything.
   */
  constructor(
    readonly operation: string,
    readonly errno: number,
    text: string,
    readonly log: string = "",
    options?: ErrorOptions,
  ) {
    super(`${operation}: ${errnoName(errno)}: ${text}`, options);
  }

  /** The errno's name, such as `EPERM`. */
  get code(): string {
    return errnoName(this.errno);
  }
}

/**
 * The shim cannot be loaded: there is none, it lacks a function, or the system denies it. What the
 * runtime threw is the `cause`.
 */
export class LoadError extends Error {
  /** `LoadError`. */
  override readonly name = "LoadError";

  /**
   * Makes an error.
   *
   * @param reason Why, in the words of the runtime or of dlopen(3).
   * @param options.cause What was thrown first, if anything.
   */
  constructor(reason: string, options?: ErrorOptions) {
    super(`load libbpf: ${reason}`, options);
  }

  /** Makes a LoadError of what loading threw, with it as `cause`; a LoadError is returned as it is. */
  static from(error: unknown): LoadError {
    if (error instanceof LoadError) return error;
    return new LoadError(error instanceof Error ? error.message : `${error}`, { cause: error });
  }
}

/** An owner was used after it had been disposed. */
export class DisposedError extends Error {
  /** `DisposedError`. */
  override readonly name = "DisposedError";

  /**
   * Makes an error.
   *
   * @param what The owner, such as `the perf buffer`.
   */
  constructor(what: string) {
    super(`${what} is disposed`);
  }
}
