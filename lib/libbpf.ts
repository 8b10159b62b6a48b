/**
 * A loaded shim: libbpf's functions, the check of their results, log, clock, signals.
 *
 * @example A function of libbpf that has no method here
 * ```ts
 * import type { Libbpf, Pointer } from "./mod.ts";
 *
 * function setEntries(libbpf: Libbpf, map: Pointer, entries: number): void {
 *   libbpf.check("resize map", libbpf.c.bpf_map__set_max_entries(map, entries));
 * }
 * ```
 *
 * @module
 */

import { BpfError, LoadError } from "./error.ts";
import type { Functions, Pointer, Runtime } from "./ffi.ts";
import { symbols } from "./symbols.ts";

const EPERM = 1;

/** How much of libbpf's log is collected; each level has those before it. */
export enum LogLevel {
  /** What went wrong. */
  Warn,
  /** What is worth knowing. */
  Info,
  /** Every step, and all of the verifier's log. */
  Debug,
}

/** libbpf, loaded with one program's skeleton; from `open()` of `bun.ts` or `deno.ts`. */
export class Libbpf {
  /**
   * The C functions. A wrong argument, or a pointer that is freed already, may crash the process;
   * results are not checked: pass them to {@linkcode check} or {@linkcode checkPointer}.
   */
  readonly c: Functions<typeof symbols>;
  readonly #runtime: Runtime;
  readonly #signals: Int32Array;

  /**
   * Loads a shim.
   *
   * @param runtime The FFI to load it with.
   * @param path An absolute path.
   * @throws {LoadError} If there is none, it lacks a function, or the system denies it.
   */
  constructor(runtime: Runtime, path: string) {
    this.#runtime = runtime;
    try {
      this.c = runtime.load(path, symbols);
    } catch (error) {
      throw LoadError.from(error);
    }
    // SAFETY: a variable of the shim, which is never unloaded.
    this.#signals = new Int32Array(this.view(this.c.shim_signal_count()!, 4));
    this.logLevel(LogLevel.Info);
  }

  /**
   * Sets how much of libbpf's log is collected from now on.
   *
   * @default level {@linkcode LogLevel.Info}
   */
  logLevel(level: LogLevel): void {
    this.c.shim_log_start(level);
  }

  /**
   * Takes what libbpf logged since the last call, in lines; "" if nothing. At most 4 MiB are kept, the
   * oldest. A {@linkcode BpfError} takes it too.
   */
  takeLog(): string {
    const log = this.c.shim_log_take();
    return log === null ? "" : this.#runtime.text(log);
  }

  /**
   * Returns a result that is not negative.
   *
   * @param operation What the error is to name, such as `load object`.
   * @param result A C function's: negative is an errno.
   * @throws {BpfError} If the result is negative.
   */
  check(operation: string, result: number): number {
    if (result < 0) throw this.#error(operation, -result);
    return result;
  }

  /**
   * Returns a pointer that is not null. To be called right after the function that returned it, for
   * errno is read here.
   *
   * @param operation What the error is to name, such as `open object`.
   * @param pointer A C function's result.
   * @throws {BpfError} If it is null.
   */
  checkPointer(operation: string, pointer: Pointer | null): Pointer {
    // At once, before another call can change errno.
    if (pointer === null) throw this.#error(operation, -this.c.libbpf_get_error(null));
    return pointer;
  }

  /** How many CPUs the kernel may ever bring up; per-CPU maps have a value for each. */
  get possibleCpus(): number {
    return this.check("count CPUs", this.c.libbpf_num_possible_cpus());
  }

  /** The size of a memory page, in bytes: 4096, or up to 65536 on arm64. */
  get pageSize(): number {
    return this.c.shim_page_size();
  }

  /**
   * Now, on the clock of `bpf_ktime_get_ns()`: CLOCK_MONOTONIC, in nanoseconds; exact for the first
   * 104 days of uptime.
   */
  get monotonic(): number {
    return this.c.shim_monotonic();
  }

  /**
   * CLOCK_REALTIME minus CLOCK_MONOTONIC, in microseconds, to a quarter of one. It changes whenever
   * the clock is set or adjusted: ask again for each batch of events.
   */
  get wallClockOffset(): number {
    return this.c.shim_wall_clock_offset();
  }

  /**
   * By how many seconds local time is ahead of UTC, as the environment variable TZ or /etc/localtime
   * say.
   *
   * @param when Seconds since 1970: the offset differs in summer.
   */
  utcOffset(when: number): number {
    return this.c.shim_utc_offset(when);
  }

  /**
   * Counts a signal in {@linkcode signalCount} from now on, in place of its action. It also ends a
   * wait in C, such as a poll, even one that begins just after the signal. This holds for the whole
   * process and cannot be undone. Once a counted signal has come, SIGALRM and the timer
   * `ITIMER_REAL` are used for this; until then an alarm keeps its action.
   *
   * A signal that is ignored stays ignored: nohup(1) wants that of SIGHUP, and a shell without job
   * control of SIGINT for what it starts in the background.
   *
   * @param signal Its number, from `os.constants.signals`.
   * @throws {BpfError} EINVAL for a signal that cannot be caught.
   */
  catchSignal(signal: number): void {
    this.check(`catch signal ${signal}`, this.c.shim_signal_catch(signal));
  }

  /** How many signals have come that {@linkcode catchSignal} counts. */
  get signalCount(): number {
    return this.#signals[0]!;
  }

  /**
   * Checks whether the kernel takes fentry and fexit programs (Linux 5.5). It loads the smallest one,
   * which takes less than a millisecond; a whole object that is refused takes tens of them.
   *
   * @throws {BpfError} EPERM if it does not take them, or not from this process.
   */
  checkFentry(): void {
    if (this.c.shim_try_fentry() === -EPERM) throw this.#error("load fentry program", EPERM);
  }

  /**
   * Whether a sockops program may call the helpers for the PID, UID and COMM of the current task.
   * Linux 6.18 allows it, 6.12 does not; there the program must read them from the task, by BTF.
   */
  get taskHelpers(): boolean {
    return this.c.shim_try_task_helpers() === 0;
  }

  /**
   * Returns memory to the system that only the start needed: libbpf's copy of the kernel's BTF, some
   * 10 MB, and code of the runtime that has run, which is read again from the page cache if it is
   * needed again. To be called once all programs are attached.
   */
  trim(): void {
    this.c.shim_trim();
  }

  /**
   * Keeps the calling thread from preempting a program when that program's sample wakes it: the
   * thread runs once the program waits or has used its time slice. It sets SCHED_BATCH of sched(7),
   * but only in place of SCHED_OTHER: any other policy was chosen on purpose. Children inherit it.
   */
  neverPreempt(): void {
    this.c.shim_never_preempt();
  }

  /**
   * Memory of C as an ArrayBuffer: a view, not a copy, valid as long as its owner keeps the memory.
   *
   * @param byteLength In bytes.
   */
  view(pointer: Pointer, byteLength: number): ArrayBuffer {
    return this.#runtime.view(pointer, byteLength);
  }

  #error(operation: string, errno: number): BpfError {
    const text = new Uint8Array(128);
    this.c.libbpf_strerror(errno, text, text.length);
    const words = new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
    return new BpfError(operation, errno, words.toLowerCase(), this.takeLog());
  }
}
