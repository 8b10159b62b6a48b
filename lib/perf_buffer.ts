/**
 * Perf buffers: samples that a program outputs, taken over in batches.
 *
 * @example
 * ```ts
 * import type { PerfBuffer } from "./mod.ts";
 *
 * function print(buffer: PerfBuffer): void {
 *   const count = buffer.poll(100);
 *   for (const offset of buffer.order.subarray(0, count)) {
 *     console.log(new Uint8Array(buffer.samples, offset, buffer.sizeOf(offset)));
 *   }
 *   for (const { cpu, count } of buffer.takeLost()) console.error(`CPU ${cpu} lost ${count}`);
 * }
 * ```
 *
 * @module
 */

import { DisposedError } from "./error.ts";
import type { Pointer } from "./ffi.ts";
import type { Libbpf } from "./libbpf.ts";
import type { BpfMap } from "./map.ts";

const EINTR = 4;

// The first words of the shim's struct batch.
const COUNT = 0;
const DISORDERED = 1;

/**
 * Samples of a perf event array, taken over in batches. A batch is in order of time; one that comes
 * later may hold an older sample.
 */
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
  /** The sum, then the losses of each CPU. */
  readonly #lost: Float64Array;
  #batch: Pointer | null;
  #handle: Pointer | null;

  /**
   * Opens a ring buffer on each CPU that is online. What a program outputs on a CPU that comes up
   * later is lost.
   *
   * @param libbpf The library that loaded the map.
   * @param map A BPF_MAP_TYPE_PERF_EVENT_ARRAY, to which the program outputs with BPF_F_CURRENT_CPU.
   * @param options.pages The size of each CPU's ring buffer, in pages of {@linkcode Libbpf.pageSize};
   * a power of two.
   * @param options.sampleSize The least size of a sample, in bytes. A longer one is kept whole, a
   * shorter one counts as lost.
   * @param options.timeOffset Where in a sample its time is, in bytes: a `__u64` by which batches are
   * sorted.
   * @param options.quiet A second such map. What the program outputs to it goes to the same ring
   * buffers, but causes no wake-up before one of them is half full: {@linkcode drain} takes it over.
   * @default options.quiet none
   * @throws {BpfError} EPERM without CAP_PERFMON, or if the pages are more than the user may lock;
   * ENOMEM if those of all possible CPUs are more than 2 GiB.
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
    // SAFETY: the batch keeps this memory until it is freed, which is with this object.
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
   * Waits until a sample wakes it, and takes over what is in the ring buffers of the CPUs that did.
   *
   * @param timeout In milliseconds; -1 waits without end, 0 does not wait.
   * @returns How many samples the batch has; 0 after the timeout, or if a signal came.
   * @throws {BpfError} If the ring buffers cannot be read.
   */
  poll(timeout: number): number {
    this.#wait(this.#begin(), timeout);
    return this.#end();
  }

  /**
   * Takes over what is in the ring buffers of all CPUs, whether it caused a wake-up or not.
   *
   * @param timeout How long to wait first, in milliseconds. A wake-up or a signal ends the wait, as
   * with {@linkcode poll}.
   * @default timeout 0
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
   * The size of a sample, in bytes. The kernel pads it: it is up to 7 bytes longer than what the
   * program output (raw data in perf_prepare_sample(), kernel/events/core.c). So a sample with a tail
   * must hold the tail's length.
   *
   * @param offset Where the sample begins: one of {@linkcode order}.
   */
  sizeOf(offset: number): number {
    return this.#words[(offset >>> 2) - 1]!;
  }

  /**
   * How many samples were lost on all CPUs since the last {@linkcode takeLost}: a ring buffer was
   * full, or a sample was too short. The kernel tells of a full ring buffer with the next sample that
   * finds room.
   */
  get lostCount(): number {
    this.#live();
    return this.#lost[0]!;
  }

  /** Takes the losses since the last call: each CPU that had any, and how many. */
  takeLost(): { cpu: number; count: number }[] {
    this.#live();
    const lost = Array.from(this.#lost.subarray(1), (count, cpu) => ({ cpu, count }))
      .filter(({ count }) => count > 0);
    this.#lost.fill(0);
    return lost;
  }

  /** Begins a new batch. */
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

  /**
   * Closes the ring buffers. The memory of {@linkcode samples} and {@linkcode order} is freed: to read
   * them later crashes the process.
   */
  [Symbol.dispose](): void {
    if (this.#handle !== null) this.#libbpf.c.perf_buffer__free(this.#handle);
    if (this.#batch !== null) this.#libbpf.c.shim_batch_free(this.#batch);
    this.#handle = null;
    this.#batch = null;
  }
}
