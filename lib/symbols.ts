/**
 * The C functions in use, each argument with its declaration beside it. The shim exports all of
 * libbpf: a function that is missing here needs an entry, and nothing else.
 *
 * @example
 * ```ts
 * import type { Functions } from "./ffi.ts";
 * import type { symbols } from "./symbols.ts";
 *
 * const cpus = (c: Functions<typeof symbols>): number => c.libbpf_num_possible_cpus();
 * ```
 *
 * @module
 */

import type { Symbols } from "./ffi.ts";

/** What a skeleton shim exports: libbpf's own functions, and `shim_*` from `shim/`. */
export const symbols = {
  shim_log_start: {
    args: ["i32"], // int level
    returns: "void",
  },
  shim_log_take: {
    args: [],
    returns: "pointer", // const char *, owned by the shim until the next call
  },
  libbpf_get_error: {
    args: ["pointer"], // const void *ptr: NULL to ask for -errno
    returns: "i32", // long, in fact: an errno fits
  },
  libbpf_strerror: {
    args: ["i32", "buffer", "usize"], // int err, char *buf, size_t size
    returns: "i32",
  },
  libbpf_num_possible_cpus: {
    args: [],
    returns: "i32",
  },
  shim_page_size: {
    args: [],
    returns: "u32", // bytes
  },
  shim_monotonic: {
    args: [],
    returns: "f64", // ns
  },
  shim_wall_clock_offset: {
    args: [],
    returns: "f64", // us
  },
  shim_utc_offset: {
    args: ["f64"], // double when: seconds since 1970
    returns: "i32", // seconds
  },
  // write(2) and send(2), but with a negative errno. 32 bits: Bun converts 64 in a call of its own.
  shim_write: {
    args: ["i32", "buffer", "u32"], // int fd, const void *data, uint32_t size
    returns: "i32",
  },
  shim_send: {
    args: ["i32", "buffer", "u32"], // int fd, const void *data, uint32_t size
    returns: "i32",
  },
  // poll(2) of one descriptor: its revents, 0 after the timeout, or a negative errno.
  shim_poll: {
    args: ["i32", "i32", "i32"], // int fd, int events, int ms
    returns: "i32",
  },
  shim_signal_catch: {
    args: ["i32"], // int signal
    returns: "i32",
  },
  shim_signal_count: {
    args: [],
    returns: "pointer", // volatile int *, never freed
  },

  shim_open: {
    args: ["string"], // const char *btf_path: NULL for the kernel's own, "" for none
    returns: "pointer", // struct SKELETON *, ours to close
  },
  shim_close: {
    args: ["pointer"], // struct SKELETON *opened
    returns: "void",
  },
  shim_skeleton: {
    args: ["pointer"], // const struct SKELETON *opened
    returns: "pointer", // struct bpf_object_skeleton *, owned by it
  },
  shim_object: {
    args: ["pointer"], // const struct SKELETON *opened
    returns: "pointer", // struct bpf_object *, owned by it
  },
  shim_try_fentry: {
    args: [],
    returns: "i32",
  },
  shim_try_task_helpers: {
    args: [],
    returns: "i32",
  },
  shim_trim: {
    args: [],
    returns: "void",
  },
  shim_never_preempt: {
    args: [],
    returns: "void",
  },
  bpf_object__load_skeleton: {
    args: ["pointer"], // struct bpf_object_skeleton *s
    returns: "i32",
  },
  bpf_object__find_map_by_name: {
    args: ["pointer", "string"], // const struct bpf_object *obj, const char *name
    returns: "pointer", // struct bpf_map *, owned by the object
  },
  bpf_object__find_program_by_name: {
    args: ["pointer", "string"], // const struct bpf_object *obj, const char *name
    returns: "pointer", // struct bpf_program *, owned by the object
  },
  bpf_object__next_program: {
    args: ["pointer", "pointer"], // const struct bpf_object *obj, struct bpf_program *prev
    returns: "pointer", // struct bpf_program *, owned by the object
  },

  bpf_program__set_autoload: {
    args: ["pointer", "bool"], // struct bpf_program *prog, bool autoload
    returns: "i32",
  },
  bpf_program__fd: {
    args: ["pointer"], // const struct bpf_program *prog
    returns: "i32",
  },
  shim_recursion_misses: {
    args: ["i32"], // int program_fd
    returns: "f64",
  },
  bpf_program__attach: {
    args: ["pointer"], // const struct bpf_program *prog
    returns: "pointer", // struct bpf_link *, ours to destroy
  },
  bpf_program__attach_cgroup: {
    args: ["pointer", "i32"], // const struct bpf_program *prog, int cgroup_fd
    returns: "pointer", // struct bpf_link *, ours to destroy
  },
  bpf_link__destroy: {
    args: ["pointer"], // struct bpf_link *link
    returns: "i32",
  },

  bpf_map__initial_value: {
    args: ["pointer", "buffer"], // struct bpf_map *map, size_t *psize
    returns: "pointer", // void *, owned by the map
  },
  bpf_map__set_type: {
    args: ["pointer", "u32"], // struct bpf_map *map, enum bpf_map_type type
    returns: "i32",
  },
  bpf_map__set_max_entries: {
    args: ["pointer", "u32"], // struct bpf_map *map, __u32 max_entries
    returns: "i32",
  },
  bpf_map__fd: {
    args: ["pointer"], // const struct bpf_map *map
    returns: "i32",
  },
  bpf_map__type: {
    args: ["pointer"], // const struct bpf_map *map
    returns: "u32", // enum bpf_map_type
  },
  bpf_map__key_size: {
    args: ["pointer"], // const struct bpf_map *map
    returns: "u32",
  },
  bpf_map__value_size: {
    args: ["pointer"], // const struct bpf_map *map
    returns: "u32",
  },
  bpf_map_get_next_key: {
    args: ["i32", "buffer", "buffer"], // int fd, const void *key, void *next_key
    returns: "i32",
  },
  bpf_map_lookup_elem: {
    args: ["i32", "buffer", "buffer"], // int fd, const void *key, void *value
    returns: "i32",
  },
  bpf_map_update_elem: {
    // int fd, const void *key, const void *value, __u64 flags (usize: as wide where this runs)
    args: ["i32", "buffer", "buffer", "usize"],
    returns: "i32",
  },

  shim_batch_new: {
    args: ["u32", "u32", "u32"], // uint32_t sample_size, uint32_t time_offset, uint32_t pages
    returns: "pointer", // struct batch *, ours to free
  },
  shim_batch_free: {
    args: ["pointer"], // struct batch *batch
    returns: "void",
  },
  shim_batch_size: {
    args: ["pointer"], // const struct batch *batch
    returns: "u32", // bytes
  },
  shim_batch_max: {
    args: ["pointer"], // const struct batch *batch
    returns: "u32", // samples
  },
  shim_batch_samples: {
    args: ["pointer"], // const struct batch *batch
    returns: "pointer", // char *, owned by the batch
  },
  shim_batch_order: {
    args: ["pointer"], // const struct batch *batch
    returns: "pointer", // uint32_t *, owned by the batch
  },
  shim_batch_lost: {
    args: ["pointer"], // struct batch *batch
    returns: "pointer", // double *: in all, and on each CPU; owned by the batch
  },
  shim_batch_sort: {
    args: ["pointer"], // struct batch *batch
    returns: "void",
  },
  shim_on_sample: {
    args: [],
    returns: "pointer", // perf_buffer_sample_fn, whose ctx is a struct batch *
  },
  shim_on_lost: {
    args: [],
    returns: "pointer", // perf_buffer_lost_fn, whose ctx is a struct batch *
  },
  perf_buffer__new: {
    // int map_fd, size_t page_cnt, perf_buffer_sample_fn sample_cb, perf_buffer_lost_fn lost_cb,
    // void *ctx, const struct perf_buffer_opts *opts
    args: ["i32", "usize", "pointer", "pointer", "pointer", "pointer"],
    returns: "pointer", // struct perf_buffer *, ours to free
  },
  shim_add_quiet: {
    args: ["pointer", "i32"], // const struct perf_buffer *buffer, int map_fd
    returns: "i32",
  },
  perf_buffer__poll: {
    args: ["pointer", "i32"], // struct perf_buffer *pb, int timeout_ms
    returns: "i32",
  },
  perf_buffer__consume: {
    args: ["pointer"], // struct perf_buffer *pb
    returns: "i32",
  },
  perf_buffer__free: {
    args: ["pointer"], // struct perf_buffer *pb
    returns: "void",
  },
} as const satisfies Symbols;
