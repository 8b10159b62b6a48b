/* SPDX-License-Identifier: MIT */
/*
 * The skeleton shim: one shared object with a bpftool skeleton, libbpf, and functions for what a
 * runtime's FFI cannot do well. Those that return a pointer set errno with NULL, as libbpf's do.
 */
#ifndef SHIM_H
#define SHIM_H

#define EXPORT __attribute__((visibility("default")))

#endif
