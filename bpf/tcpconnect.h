/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What the kernel program and user space share. TypeScript gets it through BTF: `make generate`. */
#ifndef TCPCONNECT_H
#define TCPCONNECT_H

#include <stddef.h>
#include <linux/types.h>

#define MAX_PIDS     64
#define MAX_UIDS     64
#define MAX_COMMS    64
#define MAX_RESULTS  64
#define MAX_NETWORKS 32	  /* as constants; more go into a trie */
#define PORT_BYTES   8192 /* a bit for each port */

/* How an attempt ended; a positive value is the errno. */
enum result {
	RESULT_OK = 0,
	RESULT_CLOSED = -1,  /* given up by the program before an answer */
	RESULT_PENDING = -2, /* the kernel took the attempt and waits for an answer */
	RESULT_CALLING = -3, /* still inside the connect call */
	RESULT_REFUSED = -4, /* the kernel turned the call down; its return has the errno */
};

/* The attempt waits, or the kernel skipped the program that reads the number. */
#define RETRANS_UNKNOWN 0xffffffff

/* One row: a perf buffer sample, and the value of an attempt that waits for its end. */
struct event {
	__u64 time;	/* of this record, CLOCK_MONOTONIC, ns; a waiting attempt holds its start */
	__u64 latency;	/* from the attempt to this record, ns; 0 unless want_result */
	__u8 saddr[16]; /* IPv4 in the first four bytes */
	__u8 daddr[16];
	char comm[16];
	__u32 pid; /* thread group id */
	__u32 uid;
	__u16 sport; /* host byte order, as dport */
	__u16 dport;
	__u16 family; /* 4 or 6 */
	__s16 result; /* enum result or errno */

	/* The tail: a sample has it only with want_tail. */
	__u32 tid;     /* thread id */
	__u32 retrans; /* of the SYN, or RETRANS_UNKNOWN */
	__u64 rtt;     /* round-trip time, ns; 0 if not known */
};

/* How long a sample is. */
#define EVENT_SIZE(tail) ((tail) ? sizeof(struct event) : offsetof(struct event, tid))

/* What -c counts by. */
struct flow {
	__u8 saddr[16];
	__u8 daddr[16];
	__u16 sport; /* 0 unless flow_sport */
	__u16 dport;
	__u16 family;
	__s16 result; /* 0 unless want_result */
};

struct flow_stats {
	__u64 count;
	__u64 latency_sum; /* ns */
	__u64 latency_max; /* ns */
};

/* Accounting: seen = samples + counted + filtered_* + lost_*. */
struct counters {
	__u64 seen; /* attempts that began; only kept with want_result */
	__u64 filtered_result;
	__u64 filtered_latency;
	__u64 filtered_destination; /* only known in the end */
	__u64 filtered_source;
	__u64 lost_output; /* no room in the perf buffer */
	__u64 lost_cpu;	   /* its CPU came up after the ring buffers */
	__u64 lost_full;   /* no room in a map */
	__u64 lost_missed; /* a probe did not fire for its pair */
};

/* A network in the trie. */
struct network_key {
	__u32 bits;    /* how many of the following count: 32 and the prefix's length */
	__u16 family;  /* 4 or 6 */
	__u16 source;  /* 1 for the list of sources, 0 for that of destinations */
	__u8 addr[16]; /* as an event has it */
};

#endif
