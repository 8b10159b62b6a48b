/**
 * A loaded shim: libbpf's functions, and the checks that every call of them passes.
 *
 * @module
 */

import { BpfError, LoadError } from "./error.ts";
import type { Functions, Pointer, Runtime } from "./ffi.ts";
import { symbols } from "./symbols.ts";

const EPERM = 1;

/** How much libbpf logs. */
export enum LogLevel {
  Warn,
  Info,
  Debug,
}

/** libbpf, loaded with one program's skeleton. From `open()` of `bun.ts` or `deno.ts`. */
export class Libbpf {
  /** The C functions, to call as libbpf's manual says. */
  readonly c: Functions<typeof symbols>;
  readonly #runtime: Runtime;
  readonly #signals: Int32Array;

  /** @throws {LoadError} */
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

  /** Sets how much of libbpf's log is collected; {@linkcode LogLevel.Info} until then. */
  logLevel(level: LogLevel): void {
    this.c.shim_log_start(level);
  }

  /** Takes what libbpf logged since the last call; "" if nothing. */
  takeLog(): string {
    const log = this.c.shim_log_take();
    return log === null ? "" : this.#runtime.text(log);
  }

  /**
   * Passes a result that is not negative.
   *
   * @throws {BpfError} that names the operation, if the result is a negative errno.
   */
  check(operation: string, result: number): number {
    if (result < 0) throw this.#error(operation, -result);
    return result;
  }

  /**
   * Passes a pointer that is not null.
   *
   * @throws {BpfError} that names the operation, with the errno that libbpf left.
   */
  checkPointer(operation: string, pointer: Pointer | null): Pointer {
    // Asked for at once, before another call can change errno.
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

  /** Now, as `bpf_ktime_get_ns()` tells it: CLOCK_MONOTONIC, in nanoseconds. */
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

  /** How many signals were caught. */
  get signalCount(): number {
    return this.#signals[0]!;
  }

  /**
   * Asks the kernel whether it takes fentry and fexit programs at all. That costs less than a
   * millisecond; to load a real one in vain costs as much as all the rest of a start.
   *
   * @throws {BpfError} EPERM if it does not, or not from this process.
   */
  checkFentry(): void {
    if (this.c.shim_try_fentry() === -EPERM) throw this.#error("load fentry program", EPERM);
  }

  /**
   * Whether the kernel lets a sockops program ask helpers for the PID, UID and COMM of who calls, as
   * some kernel after 6.12 does (6.18, not 6.12); else it must read them from the task, by BTF.
   */
  get taskHelpers(): boolean {
    return this.c.shim_try_task_helpers() === 0;
  }

  /**
   * Gives memory back that only the start needed: to be called once all is attached. libbpf had the
   * kernel's BTF in it, some 10 MB, and the runtime ran code that is not needed again.
   */
  trim(): void {
    this.c.shim_trim();
  }

  /**
   * Lets programs run on when a sample of theirs wakes the calling thread: it takes the CPU once they
   * wait, or have had their share. SCHED_BATCH of sched(7), and only instead of SCHED_OTHER: any other
   * policy was chosen by somebody.
   */
  neverPreempt(): void {
    this.c.shim_never_preempt();
  }

  /** Memory of C as an ArrayBuffer, valid as long as its owner keeps it. */
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
