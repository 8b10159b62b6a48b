/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Constants that user space sets before load, variables and maps. */
#ifndef MAPS_H
#define MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "tcpconnect.h"

const volatile bool want_uid = false;	  /* fill in the UID; else it is 0 */
const volatile bool want_tail = false;	  /* samples have the tail of struct event */
const volatile bool count_flows = false;  /* count in the flows map, no samples */
const volatile bool flow_sport = false;	  /* count each source port by itself */
const volatile bool want_result = false;  /* one event per attempt, when its result is known */
const volatile bool from_state = false;	  /* tracepoint: attempts begin at the state change */
const volatile bool task_helpers = false; /* sockops may call helpers for PID, UID and COMM */

const volatile enum result result_codes = 0; /* not read: it puts the enum into the BTF */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

/* The same ring buffers, but no wake-up of user space before one is half full. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} quiet_events SEC(".maps");

/* Set by user space while it reads the ring buffers at intervals and needs no wake-up. */
volatile __u32 quiet = 0;

/* Set by the program when it counts a loss. User space reads the counters and resets it. */
volatile __u32 lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* Attempts that have no result yet, by socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct event);
} attempts SEC(".maps");

/* A connect call under way. */
struct call {
	__u64 sk;
	/* kprobe only */
	__u8 ipv6; /* tcp_v6_connect */
	/* tracepoint only */
	__u8 begun; /* sk has changed its state: it is an attempt, and has its event */
	__u16 len;  /* of the address */
	__u32 write_seq;
	__u64 uaddr; /* user pointer */
	__u64 time;
};

/* By thread. LRU, so that entries whose return was missed cannot fill it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/*
 * Per CPU because of the greatest latency: to share a maximum, CPUs need a compare and swap, which
 * BPF has since Linux 5.12. Without want_result there is no maximum, and user space makes this a
 * plain hash, whose size does not depend on the number of CPUs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct flow_stats);
} flows SEC(".maps");

/* Adds 1 to a counter. */
#define COUNT(field)                                                                               \
	do {                                                                                       \
		__u32 zero = 0;                                                                    \
		struct counters *c = bpf_map_lookup_elem(&counters, &zero);                        \
		if (c)                                                                             \
			__sync_fetch_and_add(&c->field, 1);                                        \
	} while (0)

/*
 * Counts a loss. Writes the flag only if it is not set: `quiet`, which all CPUs read for each
 * event, is in the same cache line.
 */
#define LOSE(field)                                                                                \
	do {                                                                                       \
		COUNT(field);                                                                      \
		if (!lost)                                                                         \
			lost = 1;                                                                  \
	} while (0)

#endif
