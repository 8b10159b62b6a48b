/**
 * A BPF object in its two phases: open, where constants are set and programs chosen; loaded, where
 * programs attach and maps have content.
 *
 * @example
 * ```ts
 * import { type Libbpf, OpenSkeleton, type Skeleton } from "./mod.ts";
 *
 * function start(libbpf: Libbpf): Skeleton {
 *   using opened = new OpenSkeleton(libbpf);
 *   opened.setMaxEntries("flows", 1024);
 *   const skeleton = opened.load(["on_connect"]);
 *   skeleton.attach("on_connect");
 *   return skeleton;
 * }
 * ```
 *
 * @module
 */

import { DisposedError } from "./error.ts";
import type { Pointer } from "./ffi.ts";
import { type FieldValue, type Layout, write } from "./layout.ts";
import type { Libbpf } from "./libbpf.ts";
import { BpfMap } from "./map.ts";

// enum bpf_map_type, include/uapi/linux/bpf.h
const BPF_MAP_TYPE_HASH = 1;

/** A BPF object that is not in the kernel yet. */
export class OpenSkeleton implements Disposable {
  readonly #libbpf: Libbpf;
  #handle: Pointer | null;

  /**
   * Opens the skeleton that is built into the shim.
   *
   * @param libbpf The library to open it with.
   * @param options.btf A file with the kernel's BTF, for a kernel without `/sys/kernel/btf/vmlinux`.
   * It serves relocations only: fentry, fexit and tp_btf programs still need the kernel's own. `null`
   * reads no BTF, which saves most of the time that libbpf takes: only if no code that runs in the
   * programs to be loaded has a relocation.
   * @default options.btf the kernel's own
   * @throws {BpfError} If libbpf refuses the object.
   */
  constructor(libbpf: Libbpf, options: { btf?: string | null | undefined } = {}) {
    this.#libbpf = libbpf;
    const btf = options.btf === null ? "" : options.btf ?? null;
    this.#handle = libbpf.checkPointer("open object", libbpf.c.shim_open(btf));
  }

  /**
   * Sets `const volatile` variables of the program. The verifier takes them as constants and
   * removes the code that they make unreachable (Linux 5.5). Those not given keep their value.
   *
   * @param layout The variables of `.rodata`, from `generate.ts`.
   * @param values By variable.
   * @throws {RangeError} If an array is longer than its variable, or a value does not fit.
   */
  setConstants<L extends Layout>(
    layout: L,
    values: { readonly [N in keyof L["fields"]]?: FieldValue },
  ): void {
    const map = this.#map(".rodata");
    const size = new BigUint64Array(1);
    // SAFETY: libbpf keeps this memory until load; no reference to it remains here.
    const memory = this.#libbpf.checkPointer(
      "constants",
      this.#libbpf.c.bpf_map__initial_value(map, size),
    );
    write(new DataView(this.#libbpf.view(memory, Number(size[0]))), layout, values);
  }

  /**
   * Makes a per-CPU hash a plain one: all CPUs share a value, which takes atomic operations, and the
   * map's size no longer grows with the CPUs.
   *
   * @throws {BpfError} ENOENT if there is no map of that name.
   */
  shareHash(map: string): void {
    const result = this.#libbpf.c.bpf_map__set_type(this.#map(map), BPF_MAP_TYPE_HASH);
    this.#libbpf.check(`share ${map}`, result);
  }

  /**
   * Sets how many entries a map holds.
   *
   * @param map Its name in the program.
   * @throws {BpfError} ENOENT if there is no map of that name.
   */
  setMaxEntries(map: string, entries: number): void {
    const result = this.#libbpf.c.bpf_map__set_max_entries(this.#map(map), entries);
    this.#libbpf.check(`resize ${map}`, result);
  }

  /**
   * Loads the object into the kernel, with the named programs and no others. The result owns it from
   * then on, and this object is disposed; if loading fails, it is not. libbpf raises RLIMIT_MEMLOCK
   * where the kernel (before 5.11) charges maps to it.
   *
   * @param programs Their names in the program's source.
   * @returns The loaded object, for the caller to dispose.
   * @throws {BpfError} ENOENT if there is no program of a name; else the kernel refused a map or a
   * program, and `log` has the verifier's log.
   */
  load(programs: readonly string[]): Skeleton {
    const { c } = this.#libbpf;
    const object = this.#object();
    for (let program = c.bpf_object__next_program(object, null); program;) {
      c.bpf_program__set_autoload(program, false);
      program = c.bpf_object__next_program(object, program);
    }
    for (const name of programs) {
      const program = c.bpf_object__find_program_by_name(object, name);
      c.bpf_program__set_autoload(this.#libbpf.checkPointer(`find program ${name}`, program), true);
    }
    const result = c.bpf_object__load_skeleton(c.shim_skeleton(this.#handle));
    this.#libbpf.check("load object", result);
    const skeleton = new Skeleton(this.#libbpf, this.#handle!);
    this.#handle = null;
    return skeleton;
  }

  #object(): Pointer {
    if (this.#handle === null) throw new DisposedError("the open skeleton");
    return this.#libbpf.c.shim_object(this.#handle)!;
  }

  #map(name: string): Pointer {
    const map = this.#libbpf.c.bpf_object__find_map_by_name(this.#object(), name);
    return this.#libbpf.checkPointer(`find map ${name}`, map);
  }

  /** Frees the object, unless it was loaded. May be called again. */
  [Symbol.dispose](): void {
    if (this.#handle !== null) this.#libbpf.c.shim_close(this.#handle);
    this.#handle = null;
  }
}

/** A BPF object in the kernel, from {@linkcode OpenSkeleton.load}. */
export class Skeleton implements Disposable {
  readonly #libbpf: Libbpf;
  readonly #links: Pointer[] = [];
  #handle: Pointer | null;

  /** @ignore */
  constructor(libbpf: Libbpf, handle: Pointer) {
    this.#libbpf = libbpf;
    this.#handle = handle;
  }

  /**
   * Attaches a program where its section says: kprobe, kretprobe, fentry, fexit, tp, raw_tp, tp_btf ...
   * It stays attached until {@linkcode detach} or disposal.
   *
   * @param program Its name; it must be among those that were loaded. A cgroup program is for
   * {@linkcode attachCgroup} instead.
   * @throws {BpfError} If libbpf or the kernel refuses it: ENOENT for a function that is not there.
   */
  attach(program: string): void {
    const link = this.#libbpf.c.bpf_program__attach(this.#program(program));
    this.#links.push(this.#libbpf.checkPointer(`attach ${program}`, link));
  }

  /**
   * Attaches a cgroup program to a cgroup v2 directory and all below it (Linux 5.7). Mutually
   * exclusive with {@linkcode attach}, which takes programs of all other types.
   *
   * @param program Its name; it must be among those that were loaded.
   * @param fd The open directory; it may be closed afterwards.
   * @throws {BpfError} If libbpf or the kernel refuses it: EPERM without CAP_NET_ADMIN.
   */
  attachCgroup(program: string, fd: number): void {
    const link = this.#libbpf.c.bpf_program__attach_cgroup(this.#program(program), fd);
    this.#links.push(this.#libbpf.checkPointer(`attach ${program}`, link));
  }

  /** Detaches all programs, the last attached first. Maps keep their content. */
  detach(): void {
    for (const link of this.#links.splice(0).reverse()) this.#libbpf.c.bpf_link__destroy(link);
  }

  /**
   * How often the kernel skipped a program because it interrupted itself on the same CPU
   * (`recursion_misses` of struct bpf_prog_info, Linux 5.12; 0 before).
   *
   * @throws {BpfError} ENOENT if there is no program of that name.
   */
  recursionMisses(program: string): number {
    const { c } = this.#libbpf;
    const fd = c.bpf_program__fd(this.#program(program));
    return this.#libbpf.check(`ask after ${program}`, c.shim_recursion_misses(fd));
  }

  /**
   * A map of the object, valid as long as the skeleton, which owns it.
   *
   * @throws {BpfError} ENOENT if there is none of that name.
   */
  map(name: string): BpfMap {
    const map = this.#libbpf.c.bpf_object__find_map_by_name(this.#object(), name);
    return new BpfMap(this.#libbpf, name, this.#libbpf.checkPointer(`find map ${name}`, map));
  }

  /**
   * Memory of the program's global variables, shared with it: each side sees at once what the other
   * writes (Linux 5.5). It is valid as long as the skeleton; to touch it later crashes the process.
   *
   * @param section `.bss` for variables that begin as zero, `.data` for the others.
   * @throws {BpfError} ENOENT if the program has no variable there.
   */
  variables(section: ".bss" | ".data"): ArrayBuffer {
    const { c } = this.#libbpf;
    const map = c.bpf_object__find_map_by_name(this.#object(), section);
    const size = new BigUint64Array(1);
    // SAFETY: libbpf has the map mapped at this address until the object is closed.
    const memory = c.bpf_map__initial_value(
      this.#libbpf.checkPointer(`find ${section}`, map),
      size,
    );
    return this.#libbpf.view(this.#libbpf.checkPointer(section, memory), Number(size[0]));
  }

  #object(): Pointer {
    if (this.#handle === null) throw new DisposedError("the skeleton");
    return this.#libbpf.c.shim_object(this.#handle)!;
  }

  #program(name: string): Pointer {
    const program = this.#libbpf.c.bpf_object__find_program_by_name(this.#object(), name);
    return this.#libbpf.checkPointer(`find program ${name}`, program);
  }

  /** Detaches and unloads. May be called again. */
  [Symbol.dispose](): void {
    this.detach();
    if (this.#handle !== null) this.#libbpf.c.shim_close(this.#handle);
    this.#handle = null;
  }
}
