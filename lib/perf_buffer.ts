/**
 * Perf buffers.
 *
 * @module
 */

import { DisposedError } from "./error.ts";
import type { Pointer } from "./ffi.ts";
import type { Libbpf } from "./libbpf.ts";
import type { BpfMap } from "./map.ts";

const EINTR = 4;

// How struct batch of the shim begins.
const COUNT = 0;
const DISORDERED = 1;

/** Samples of a perf event array, taken over in batches. */
export class PerfBuffer implements Disposable {
  /**
   * Memory with the batch's samples, each at a multiple of 8 bytes. It is the same buffer for the
   * life of this object; the next {@linkcode poll} or {@linkcode drain} overwrites it.
   */
  readonly samples: ArrayBuffer;
  /**
   * Where in {@linkcode samples} each sample begins, in bytes; in order of time. Only as many are
   * valid as the last {@linkcode poll} or {@linkcode drain} returned.
   */
  readonly order: Uint32Array<ArrayBuffer>;
  readonly #words: Uint32Array;
  readonly #libbpf: Libbpf;
  readonly #state: Uint32Array;
  /** In all, and on each CPU. */
  readonly #lost: Float64Array;
  #batch: Pointer | null;
  #handle: Pointer | null;

  /**
   * Opens a ring buffer on each online CPU.
   *
   * @param map A BPF_MAP_TYPE_PERF_EVENT_ARRAY, to which the program outputs with BPF_F_CURRENT_CPU.
   * @param options.pages The size of each CPU's ring buffer, in pages: a power of two.
   * @param options.sampleSize The least size of a sample, in bytes. A longer one is kept whole, a
   * shorter one counts as lost.
   * @param options.timeOffset Where in a sample a `__u64` tells its time.
   * @param options.quiet A second such map. What the program outputs to it goes to the same ring
   * buffers, but wakes nobody before one of them is half full: {@linkcode drain} takes it over.
   * @throws {BpfError} EPERM without CAP_PERFMON, or if the pages pass what the user may lock; ENOMEM
   * if those of all possible CPUs pass 2 GiB.
   */
  constructor(
    libbpf: Libbpf,
    map: BpfMap,
    options: { pages: number; sampleSize: number; timeOffset: number; quiet?: BpfMap },
  ) {
    const { c } = libbpf;
    const { pages, sampleSize, timeOffset, quiet } = options;
    this.#libbpf = libbpf;
    const batch = libbpf.checkPointer("new batch", c.shim_batch_new(sampleSize, timeOffset, pages));
    this.#batch = batch;
    this.#handle = null;
    // SAFETY: the batch keeps these for its life, which this object bounds.
    this.samples = libbpf.view(c.shim_batch_samples(batch)!, c.shim_batch_size(batch));
    this.#words = new Uint32Array(this.samples);
    this.order = new Uint32Array(
      libbpf.view(c.shim_batch_order(batch)!, c.shim_batch_max(batch) * 4),
    );
    this.#state = new Uint32Array(libbpf.view(batch, 2 * 4));
    const losses = 1 + libbpf.possibleCpus;
    this.#lost = new Float64Array(libbpf.view(c.shim_batch_lost(batch)!, losses * 8));
    try {
      this.#handle = libbpf.checkPointer(
        `open perf buffer ${map.name}`,
        c.perf_buffer__new(map.fd, pages, c.shim_on_sample(), c.shim_on_lost(), batch, null),
      );
      if (quiet) libbpf.check(`join ${quiet.name}`, c.shim_add_quiet(this.#handle, quiet.fd));
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Waits for samples, and takes over all that there are.
   *
   * @param timeout In milliseconds; -1 waits without end.
   * @returns How many samples the batch has; 0 after the timeout, or if a signal came.
   * @throws {BpfError} If the ring buffers cannot be read.
   */
  poll(timeout: number): number {
    this.#wait(this.#begin(), timeout);
    return this.#end();
  }

  /**
   * Takes over what there is, of all CPUs, whether it woke anybody or not: after a wait, or at once
   * for the end of tracing.
   *
   * @param timeout In milliseconds. A wake-up or a signal ends the wait, as with {@linkcode poll}.
   * @returns How many samples the batch has.
   * @throws {BpfError} If the ring buffers cannot be read.
   */
  drain(timeout = 0): number {
    const handle = this.#begin();
    if (timeout > 0) this.#wait(handle, timeout);
    const result = this.#libbpf.c.perf_buffer__consume(handle);
    this.#libbpf.check("drain perf buffer", result);
    return this.#end();
  }

  /**
   * The size of a sample, in bytes. The kernel pads what the program output: up to 7 bytes more than
   * that (perf_output_sample() of kernel/events/core.c), so a tail of variable length must tell its own length.
   *
   * @param offset Where the sample begins: one of {@linkcode order}.
   */
  sizeOf(offset: number): number {
    return this.#words[(offset >>> 2) - 1]!;
  }

  /** How many samples were lost, on all CPUs, and not yet taken by {@linkcode takeLost}. */
  get lostCount(): number {
    this.#live();
    return this.#lost[0]!;
  }

  /** Takes the losses since the last call: the CPUs that had any, and how many each. */
  takeLost(): { cpu: number; count: number }[] {
    this.#live();
    const lost = Array.from(this.#lost.subarray(1), (count, cpu) => ({ cpu, count }))
      .filter(({ count }) => count > 0);
    this.#lost.fill(0);
    return lost;
  }

  /** The last batch is over: what C takes over now makes up the next one. */
  #begin(): Pointer {
    const handle = this.#live();
    this.#state[COUNT] = 0;
    return handle;
  }

  #wait(handle: Pointer, timeout: number): void {
    const result = this.#libbpf.c.perf_buffer__poll(handle, timeout);
    if (result < 0 && result !== -EINTR) this.#libbpf.check("poll perf buffer", result);
  }

  #end(): number {
    const state = this.#state;
    if (state[DISORDERED] !== 0) this.#libbpf.c.shim_batch_sort(this.#batch);
    return state[COUNT]!;
  }

  #live(): Pointer {
    if (this.#handle === null) throw new DisposedError("the perf buffer");
    return this.#handle;
  }

  /** Closes the ring buffers. `samples` and `order` must not be touched any more. */
  [Symbol.dispose](): void {
    if (this.#handle !== null) this.#libbpf.c.perf_buffer__free(this.#handle);
    if (this.#batch !== null) this.#libbpf.c.shim_batch_free(this.#batch);
    this.#handle = null;
    this.#batch = null;
  }
}
