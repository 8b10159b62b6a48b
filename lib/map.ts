/**
 * BPF maps: look up, set and walk.
 *
 * @example
 * ```ts
 * import type { Skeleton } from "./mod.ts";
 *
 * function total(skeleton: Skeleton): bigint {
 *   let sum = 0n;
 *   for (const { values } of skeleton.map("counts").entries()) {
 *     for (const value of values) sum += value.getBigUint64(0, true);
 *   }
 *   return sum;
 * }
 * ```
 *
 * @module
 */

import type { Pointer } from "./ffi.ts";
import type { Libbpf } from "./libbpf.ts";

// enum bpf_map_type, include/uapi/linux/bpf.h
const PERCPU_TYPES = [5, 6, 10, 21]; // PERCPU_HASH, PERCPU_ARRAY, LRU_PERCPU_HASH, PERCPU_CGROUP_STORAGE
const ENOENT = 2;

/** An entry of a map, copied. */
export interface MapEntry {
  /** `keySize` bytes. */
  readonly key: DataView<ArrayBuffer>;
  /** One value of `valueSize` bytes; in a per-CPU map one for each possible CPU, by its number. */
  readonly values: readonly DataView<ArrayBuffer>[];
}

/** A loaded map, from {@linkcode Skeleton.map}; valid as long as the skeleton, which owns it. */
export class BpfMap {
  /** The map's file descriptor, owned by the skeleton. */
  readonly fd: number;
  /** In bytes. */
  readonly keySize: number;
  /** Of one value, in bytes. */
  readonly valueSize: number;
  readonly #libbpf: Libbpf;
  readonly #perCpu: boolean;
  readonly #cpus: number;

  /** @ignore */
  constructor(libbpf: Libbpf, readonly name: string, handle: Pointer) {
    const { c } = libbpf;
    this.#libbpf = libbpf;
    this.fd = libbpf.check(`map ${name}`, c.bpf_map__fd(handle));
    this.keySize = c.bpf_map__key_size(handle);
    this.valueSize = c.bpf_map__value_size(handle);
    this.#perCpu = PERCPU_TYPES.includes(c.bpf_map__type(handle));
    this.#cpus = this.#perCpu ? libbpf.possibleCpus : 1;
  }

  /**
   * Looks a key up.
   *
   * @param key `keySize` bytes.
   * @returns Copies: one value, or one for each possible CPU in a per-CPU map; undefined if the key
   * is not there.
   * @throws {BpfError} On any other failure.
   */
  lookup(key: ArrayBufferView<ArrayBuffer>): readonly DataView<ArrayBuffer>[] | undefined {
    // The kernel rounds a per-CPU value up to 8 bytes (kernel/bpf/syscall.c, bpf_map_value_size).
    const stride = (this.valueSize + 7) & ~7;
    const value = new Uint8Array(stride * this.#cpus);
    const result = this.#libbpf.c.bpf_map_lookup_elem(this.fd, key, value);
    if (result === -ENOENT) return undefined;
    this.#libbpf.check(`look up in ${this.name}`, result);
    return Array.from(
      { length: this.#cpus },
      (_, cpu) => new DataView(value.buffer, cpu * stride, this.valueSize),
    );
  }

  /**
   * Sets the value of a key; adds the key if it is not there.
   *
   * @param key `keySize` bytes.
   * @param value `valueSize` bytes. A per-CPU map is refused: it has a value for each CPU.
   * @throws {RangeError} If key or value have another size, or the map is per-CPU.
   * @throws {BpfError} If the kernel refuses it: E2BIG, or ENOSPC in an LPM trie, if the map is full.
   */
  update(key: ArrayBufferView<ArrayBuffer>, value: ArrayBufferView<ArrayBuffer>): void {
    if (this.#perCpu) throw new RangeError(`${this.name} has a value for each CPU`);
    // The kernel reads as many bytes as the map's sizes say, whatever is there.
    if (key.byteLength !== this.keySize || value.byteLength !== this.valueSize) {
      const given = `${key.byteLength} and ${value.byteLength}`;
      const wanted = `${this.keySize} and ${this.valueSize}`;
      throw new RangeError(`${this.name} has keys and values of ${wanted} bytes, not ${given}`);
    }
    const result = this.#libbpf.c.bpf_map_update_elem(this.fd, key, value, 0); // BPF_ANY
    this.#libbpf.check(`update ${this.name}`, result);
  }

  /**
   * Walks all entries, in no order. While the program changes the map, entries may be missing; after
   * each deletion the walk may begin anew, and entries come twice.
   *
   * @throws {BpfError} If the kernel cannot read the map.
   */
  *entries(): Generator<MapEntry> {
    let last: Uint8Array<ArrayBuffer> | null = null;
    for (;;) {
      const key = new Uint8Array(this.keySize);
      const result = this.#libbpf.c.bpf_map_get_next_key(this.fd, last, key);
      if (result === -ENOENT) return;
      this.#libbpf.check(`walk ${this.name}`, result);
      const values = this.lookup(key);
      if (values) yield { key: new DataView(key.buffer), values };
      last = key;
    }
  }
}
