/* SPDX-License-Identifier: MIT */
/*
 * The skeleton shim: one shared object that holds a bpftool skeleton, libbpf, and the little that
 * a runtime's FFI cannot do well. Its functions return NULL with errno set, as libbpf's do.
 */
#ifndef SHIM_H
#define SHIM_H

#define EXPORT __attribute__((visibility("default")))

#endif
