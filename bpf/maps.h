/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What user space sets before load, and what it reads. */
#ifndef MAPS_H
#define MAPS_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include "tcpconnect.h"

const volatile bool want_uid = false;	  /* else the UID of an event is 0 */
const volatile bool want_tail = false;	  /* samples have the tail of struct event */
const volatile bool count_flows = false;  /* count in the flows map, no samples */
const volatile bool flow_sport = false;	  /* tell flows apart by source port */
const volatile bool want_result = false;  /* one record per attempt, when its fate is known */
const volatile bool from_state = false;	  /* tracepoint: attempts begin at the state change */
const volatile bool task_helpers = false; /* sockops may ask helpers for PID, UID and COMM */

const volatile enum result result_codes = 0; /* unread: takes the enum into the BTF */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

/* The same ring buffers, but a sample wakes nobody before one is half full. */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} quiet_events SEC(".maps");

/* Set by user space while it is busy, and looks at the ring buffers by itself. */
volatile __u32 quiet = 0;

/* Set by the program with a loss that user space is to report soon, which looks and resets it. */
volatile __u32 lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* Attempts that wait for their end, by socket. */
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

/* By thread. LRU, so that what a missed return leaves behind cannot fill it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/*
 * A greatest latency is kept for each CPU, since a maximum that CPUs share needs a compare and swap
 * (Linux 5.12). Without want_result user space makes it a plain hash: its size is that of the CPUs.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 65536);
	__type(key, struct flow);
	__type(value, struct flow_stats);
} flows SEC(".maps");

#define BOOK(field)                                                                                \
	do {                                                                                       \
		__u32 zero = 0;                                                                    \
		struct counters *c = bpf_map_lookup_elem(&counters, &zero);                        \
		if (c)                                                                             \
			__sync_fetch_and_add(&c->field, 1);                                        \
	} while (0)

/* The flag is written once: other CPUs go on to read its cache line, which has quiet in it too. */
#define LOSE(field)                                                                                \
	do {                                                                                       \
		BOOK(field);                                                                       \
		if (!lost)                                                                         \
			lost = 1;                                                                  \
	} while (0)

#endif
