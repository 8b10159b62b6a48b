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

/* The result of an attempt; a positive value is an errno. */
enum result {
	RESULT_OK = 0,
	RESULT_CLOSED = -1,  /* the program gave up before an answer */
	RESULT_PENDING = -2, /* the kernel waits for an answer */
	RESULT_CALLING = -3, /* the connect call has not returned */
	RESULT_REFUSED = -4, /* the call failed; its return will tell the errno */
};

/* There is no result yet, or the kernel skipped the program that reads the number. */
#define RETRANS_UNKNOWN 0xffffffff

/* One row: a perf buffer sample, and the value in the map of attempts that have no result yet. */
struct event {
	__u64 time; /* CLOCK_MONOTONIC, ns: of this record; in the map of attempts, of the start */
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

/* The size of a sample. */
#define EVENT_SIZE(tail) ((tail) ? sizeof(struct event) : offsetof(struct event, tid))

/* The key that -c counts by. */
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

/* Accounting: seen = samples + connects in flows + filtered_* + lost_*. */
struct counters {
	__u64 seen; /* attempts that began; only counted with want_result */
	__u64 filtered_result;
	__u64 filtered_latency;
	__u64 filtered_destination; /* by a destination that was not known at first */
	__u64 filtered_source;
	__u64 lost_output; /* no room in the perf buffer */
	__u64 lost_cpu;	   /* the CPU came up later than the ring buffers were made */
	__u64 lost_full;   /* no room in a map */
	__u64 lost_missed; /* of an entry and a return, only one was seen */
};

/* A network in the trie. */
struct network_key {
	__u32 bits;    /* how many bits after this field are compared: 32 and the prefix length */
	__u16 family;  /* 4 or 6 */
	__u16 source;  /* 1 for the list of sources, 0 for that of destinations */
	__u8 addr[16]; /* as an event has it */
};

#endif
