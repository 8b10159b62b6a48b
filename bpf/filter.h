/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Filters. A list lets its values pass, or with `except` all others; an empty list lets everything
 * pass. Each group of lists has one constant: if it is false, the verifier removes their code.
 */
#ifndef FILTER_H
#define FILTER_H

#include "maps.h"

/* A list of networks: the address and the mask of each as an event has them. */
#define NETWORKS(list)                                                                             \
	const volatile __u32 list##_count = 0;                                                     \
	const volatile bool list##_except = false;                                                 \
	const volatile __u8 list##_families[MAX_NETWORKS];                                         \
	const volatile __u8 list##_addrs[MAX_NETWORKS * 16] __attribute__((aligned(8)));           \
	const volatile __u8 list##_masks[MAX_NETWORKS * 16] __attribute__((aligned(8)))

const volatile bool filter_caller = false; /* whether a list for the caller is in use */
const volatile __u32 filter_pids[MAX_PIDS];
const volatile __u32 filter_pid_count = 0;
const volatile bool filter_pid_except = false;
const volatile __u64 filter_pid_ns = 0;	 /* inode of their PID namespace; 0: the host's */
const volatile __u64 filter_pid_dev = 0; /* device of that inode */
const volatile __u32 filter_uids[MAX_UIDS];
const volatile __u32 filter_uid_count = 0;
const volatile bool filter_uid_except = false;
/* Names: first the beginnings of COMM, then its ends. */
const volatile __u32 filter_comm_count = 0;
const volatile __u32 filter_comm_begins = 0; /* how many beginnings */
const volatile bool filter_comm_except = false;
const volatile __u8 filter_comm_names[MAX_COMMS * 16] __attribute__((aligned(8)));
const volatile __u8 filter_comm_masks[MAX_COMMS * 16] __attribute__((aligned(8)));

const volatile bool filter_ends = false;	/* whether some need both addresses */
const volatile bool filter_destination = false; /* whether one for the destination is in use */
const volatile __u16 filter_family = 0;		/* 4, 6 or 0 for both */
const volatile bool filter_port = false;
const volatile bool filter_port_except = false;
const volatile __u8 filter_ports[PORT_BYTES]; /* a bit for each destination port in the list */
NETWORKS(filter_dst);

const volatile bool filter_source = false; /* whether one for the source is in use */
const volatile bool filter_sport = false;
const volatile bool filter_sport_except = false;
const volatile __u8 filter_sports[PORT_BYTES];
NETWORKS(filter_src);

const volatile bool filter_outcome = false; /* whether one for the result is in use */
const volatile __s16 filter_results[MAX_RESULTS];
const volatile __u32 filter_result_count = 0;
const volatile bool filter_result_except = false;
const volatile __u64 min_latency = 0; /* ns */

/* Networks of lists that are longer than MAX_NETWORKS. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct network_key);
	__type(value, __u8);
} networks SEC(".maps");

/* Whether a list lets a value pass. */
#define PASSES(filter, value)                                                                      \
	({                                                                                         \
		bool passes = !filter##_count;                                                     \
		__u32 room = sizeof(filter##s) / sizeof(filter##s[0]);                             \
		if (!passes) {                                                                     \
			bool listed = false;                                                       \
			for (__u32 i = 0; i < room && i < filter##_count; i++)                     \
				if (filter##s[i] == (value))                                       \
					listed = true;                                             \
			passes = listed != filter##_except;                                        \
		}                                                                                  \
		passes;                                                                            \
	})

static __always_inline bool has_port(const volatile __u8 *ports, __u16 port)
{
	return ports[port >> 3] >> (port & 7) & 1;
}

/* Whether an address is in one of the networks of constants. */
static __always_inline bool in_networks(__u32 count, const volatile __u8 *families,
					const volatile __u8 *addrs, const volatile __u8 *masks,
					__u16 family, const __u8 *addr)
{
	const __u32 *a = (const __u32 *)addr;

	for (__u32 i = 0; i < MAX_NETWORKS && i < count; i++) {
		const volatile __u32 *b = (const volatile __u32 *)(addrs + 16 * i);
		const volatile __u32 *mask = (const volatile __u32 *)(masks + 16 * i);

		if (families[i] == family && !((a[0] ^ b[0]) & mask[0]) &&
		    !((a[1] ^ b[1]) & mask[1]) && !((a[2] ^ b[2]) & mask[2]) &&
		    !((a[3] ^ b[3]) & mask[3]))
			return true;
	}
	return false;
}

static __always_inline bool in_trie(bool source, __u16 family, const __u8 *addr)
{
	struct network_key key = {
		.bits = 8 * (sizeof(key) - sizeof(key.bits)), .family = family, .source = source};

	__builtin_memcpy(key.addr, addr, sizeof(key.addr));
	return bpf_map_lookup_elem(&networks, &key);
}

/* Whether a list of networks lets an address pass. */
#define NETWORK_PASSES(list, source, family, addr)                                                 \
	(!list##_count ||                                                                          \
	 (list##_count > MAX_NETWORKS ? in_trie(source, family, addr)                              \
				      : in_networks(list##_count, list##_families, list##_addrs,   \
						    list##_masks, family, addr)) != list##_except)

static __always_inline bool unspecified(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return !(words[0] | words[1] | words[2] | words[3]);
}

/*
 * Whether COMM is in the list. A whole name is listed as a beginning that includes the NUL. Ends
 * are compared with a copy of COMM that is shifted to end in the last of its 16 bytes.
 */
static __always_inline bool comm_listed(const char *comm)
{
	__u64 begin[2], end[2];
	__u32 length = 0, shift;

	__builtin_memcpy(begin, comm, sizeof(begin));
	while (length < 15 && comm[length])
		length++;
	shift = 8 * (15 - length);
	if (shift >= 64) {
		end[1] = begin[0] << (shift - 64);
		end[0] = 0;
	} else {
		end[1] = begin[1] << shift | (shift ? begin[0] >> (64 - shift) : 0);
		end[0] = begin[0] << shift;
	}
	for (__u32 i = 0; i < MAX_COMMS && i < filter_comm_count; i++) {
		const volatile __u64 *name = (const volatile __u64 *)(filter_comm_names + 16 * i);
		const volatile __u64 *mask = (const volatile __u64 *)(filter_comm_masks + 16 * i);
		__u64 low = i < filter_comm_begins ? begin[0] : end[0];
		__u64 high = i < filter_comm_begins ? begin[1] : end[1];

		if (!((low ^ name[0]) & mask[0]) && !((high ^ name[1]) & mask[1]))
			return true;
	}
	return false;
}

/*
 * The PID of the current process as filter_pids has it: in filter_pid_ns, or 0 if the process is in
 * another namespace. Without filter_pid_ns it is the given PID, the host's. sockops programs may
 * call the helper since Linux 6.10.
 */
static __always_inline __u32 pid_to_filter(__u32 pid)
{
	struct bpf_pidns_info in_ns;

	if (!filter_pid_ns)
		return pid;
	if (bpf_get_ns_current_pid_tgid(filter_pid_dev, filter_pid_ns, &in_ns, sizeof(in_ns)))
		return 0;
	return in_ns.tgid;
}

/*
 * The filters by group. They are not inline: a call that the verifier removes costs nothing. Inline
 * code makes the compiler keep values for it, also where the verifier then removes that code.
 */

static __noinline bool caller_listed(const struct event *ev)
{
	if (!PASSES(filter_pid, pid_to_filter(ev->pid)) || !PASSES(filter_uid, ev->uid))
		return false;
	return !filter_comm_count || comm_listed(ev->comm) != filter_comm_except;
}

static __noinline bool destination_listed(const struct event *ev, bool to_come)
{
	if (filter_port && has_port(filter_ports, ev->dport) == filter_port_except)
		return false;
	if (to_come && unspecified(ev->daddr))
		return true;
	if (filter_family && filter_family != ev->family)
		return false;
	return NETWORK_PASSES(filter_dst, false, ev->family, ev->daddr);
}

static __noinline bool source_listed(const struct event *ev)
{
	if (filter_sport && has_port(filter_sports, ev->sport) == filter_sport_except)
		return false;
	return NETWORK_PASSES(filter_src, true, ev->family, ev->saddr);
}

static __noinline bool outcome_listed(const struct event *ev)
{
	if (!PASSES(filter_result, ev->result)) {
		COUNT(filtered_result);
		return false;
	}
	if (ev->latency < min_latency) {
		COUNT(filtered_latency);
		return false;
	}
	return true;
}

/* Whether the filters for the caller let an event pass: PID, UID and COMM. */
static __always_inline bool caller_passes(const struct event *ev)
{
	return !filter_caller || caller_listed(ev);
}

/*
 * Whether the filters for the destination let an event pass: family, address and port. The kernel
 * replaces an unspecified address by one of the machine itself. If it may not have done so yet
 * (to_come), only the port of such a destination is compared.
 */
static __always_inline bool destination_passes(const struct event *ev, bool to_come)
{
	return !filter_destination || destination_listed(ev, to_come);
}

static __noinline bool ends_listed(const struct event *ev)
{
	if (want_result && !destination_passes(ev, false)) {
		COUNT(filtered_destination);
		return false;
	}
	if (filter_source && !source_listed(ev)) {
		COUNT(filtered_source);
		return false;
	}
	return true;
}

/*
 * Whether the filters that need both addresses let an event pass; counts it if not. The source port
 * is 0 if the kernel had not chosen one.
 */
static __always_inline bool ends_pass(const struct event *ev)
{
	return !filter_ends || ends_listed(ev);
}

/* Whether the filters for result and latency let an attempt pass; counts it if not. */
static __always_inline bool outcome_passes(const struct event *ev)
{
	return !filter_outcome || outcome_listed(ev);
}

#endif
