/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Fills in an event: caller, source and destination. Stops where a filter rejects it. */
#ifndef EVENT_H
#define EVENT_H

#include "filter.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>

/* Programs with BTF arguments load kernel fields directly; the others need a helper to read them.
 */
#define READ(direct, dst, src)                                                                     \
	do {                                                                                       \
		if (direct)                                                                        \
			(dst) = (src);                                                             \
		else                                                                               \
			bpf_core_read(&(dst), sizeof(dst), &(src));                                \
	} while (0)

static __always_inline bool v4_mapped(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

static __always_inline void set_v4(__u8 *addr, __u32 v4)
{
	__u32 *words = (__u32 *)addr;

	words[0] = v4;
	words[1] = 0;
	words[2] = 0;
	words[3] = 0;
}

/* False on a kernel without IPv6 (CONFIG_IPV6=n), which lacks the fields. */
#define HAS_V6(inet) bpf_core_field_exists((inet)->sk.__sk_common.skc_v6_daddr)

/* Fills in who calls; false if a filter rejects that. */
static __always_inline bool fill_caller(struct event *ev)
{
	ev->pid = bpf_get_current_pid_tgid() >> 32;
	ev->uid = want_uid ? bpf_get_current_uid_gid() : 0;
	if (filter_caller && filter_comm_count)
		bpf_get_current_comm(ev->comm, sizeof(ev->comm));
	return caller_passes(ev);
}

static __always_inline void fill_tail(struct event *ev, __u32 tid)
{
	ev->tid = tid;
	ev->retrans = 0;
	ev->rtt = 0;
}

/* Fills in what is left; false if a filter rejects the destination. */
static __always_inline bool fill_rest(struct event *ev)
{
	if (!destination_passes(ev, want_result))
		return false;
	ev->time = bpf_ktime_get_ns();
	ev->latency = 0;
	fill_tail(ev, want_tail ? bpf_get_current_pid_tgid() : 0);
	bpf_get_current_comm(ev->comm, sizeof(ev->comm));
	return true;
}

/* The work of fill_caller() and fill_rest() where sockops may not call helpers (task_helpers). */
static __always_inline bool fill_task(struct event *ev)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (!destination_passes(ev, want_result))
		return false;
	ev->pid = BPF_CORE_READ(task, tgid);
	ev->uid = want_uid ? BPF_CORE_READ(task, cred, uid.val) : 0;
	bpf_core_read(ev->comm, sizeof(ev->comm), &task->comm);
	if (!caller_passes(ev))
		return false;
	ev->time = bpf_ktime_get_ns();
	ev->latency = 0;
	fill_tail(ev, want_tail ? BPF_CORE_READ(task, pid) : 0);
	return true;
}

/* The source port of a socket that has one, or had one until now. */
static __always_inline __u16 source_port(struct inet_sock *inet, bool direct)
{
	__u16 port, sport = 0;

	READ(direct, port, inet->sk.__sk_common.skc_num);
	if (port)
		return port;
	/* The kernel releases the port before TCP_CLOSE; the field inet_sport still has it. */
	bpf_core_read(&sport, sizeof(sport), &inet->inet_sport);
	return bpf_ntohs(sport);
}

/* Fills in the addresses and ports of a socket that the kernel has begun to connect. */
static __always_inline void fill_sock(struct event *ev, struct inet_sock *inet, bool direct)
{
	__u16 family, dport;
	__u32 v4;

	READ(direct, dport, inet->sk.__sk_common.skc_dport);
	ev->dport = bpf_ntohs(dport);
	ev->sport = source_port(inet, direct);
	READ(direct, family, inet->sk.__sk_common.skc_family);
	if (family == AF_INET6 && HAS_V6(inet)) {
		bpf_core_read(ev->daddr, sizeof(ev->daddr), &inet->sk.__sk_common.skc_v6_daddr);
		if (!v4_mapped(ev->daddr)) {
			ev->family = 6;
			bpf_core_read(ev->saddr, sizeof(ev->saddr),
				      &inet->sk.__sk_common.skc_v6_rcv_saddr);
			return;
		}
	}
	ev->family = 4;
	READ(direct, v4, inet->sk.__sk_common.skc_daddr);
	set_v4(ev->daddr, v4);
	READ(direct, v4, inet->sk.__sk_common.skc_rcv_saddr);
	set_v4(ev->saddr, v4);
}

/* The same from the context of a sockops program. */
static __always_inline void fill_ops(struct event *ev, struct bpf_sock_ops *ctx)
{
	__u32 *daddr = (__u32 *)ev->daddr, *saddr = (__u32 *)ev->saddr;

	ev->dport = bpf_ntohl(ctx->remote_port);
	ev->sport = ctx->local_port;
	if (ctx->family == AF_INET6) {
		daddr[0] = ctx->remote_ip6[0];
		daddr[1] = ctx->remote_ip6[1];
		daddr[2] = ctx->remote_ip6[2];
		daddr[3] = ctx->remote_ip6[3];
		if (!v4_mapped(ev->daddr)) {
			ev->family = 6;
			saddr[0] = ctx->local_ip6[0];
			saddr[1] = ctx->local_ip6[1];
			saddr[2] = ctx->local_ip6[2];
			saddr[3] = ctx->local_ip6[3];
			return;
		}
	}
	ev->family = 4;
	set_v4(ev->daddr, ctx->remote_ip4);
	set_v4(ev->saddr, ctx->local_ip4);
}

/*
 * Fills in the destination from the caller's sockaddr; the source is not known yet. Bytes beyond
 * the length that the caller gave were not passed: they are zero here.
 */
static __always_inline bool fill_sockaddr(struct event *ev, const void *from, __u32 len, bool user)
{
	__u64 bytes[4] = {};
	const struct sockaddr_in *in = (const struct sockaddr_in *)bytes;
	const struct sockaddr_in6 *addr = (const struct sockaddr_in6 *)bytes;

	if (len > sizeof(*addr))
		len = sizeof(*addr);
	/* The verifiers of 5.10 and 6.1 do not see that limit. They see this mask: 31 <
	 * sizeof(bytes). */
	asm volatile("%0 &= 31" : "+r"(len));
	if (user)
		bpf_probe_read_user(bytes, len, from);
	else
		bpf_probe_read_kernel(bytes, len, from);

	ev->sport = 0;
	ev->dport = bpf_ntohs(addr->sin6_port);
	set_v4(ev->saddr, 0);
	if (addr->sin6_family == AF_INET) {
		ev->family = 4;
		set_v4(ev->daddr, in->sin_addr);
	} else if (addr->sin6_family == AF_INET6) {
		__builtin_memcpy(ev->daddr, addr->sin6_addr, sizeof(ev->daddr));
		ev->family = v4_mapped(ev->daddr) ? 4 : 6;
		if (ev->family == 4)
			set_v4(ev->daddr, addr->sin6_addr[3]);
	} else {
		return false;
	}
	return true;
}

/* Fills in the source of a call that failed: the socket may be bound. */
static __always_inline void fill_bound(struct event *ev, struct inet_sock *inet, bool direct)
{
	__u16 family;

	READ(direct, ev->sport, inet->sk.__sk_common.skc_num);
	READ(direct, family, inet->sk.__sk_common.skc_family);
	if (family == AF_INET && ev->family == 4) {
		__u32 v4;

		READ(direct, v4, inet->sk.__sk_common.skc_rcv_saddr);
		set_v4(ev->saddr, v4);
	} else if (family == AF_INET6 && HAS_V6(inet)) {
		__u8 saddr[16];

		bpf_core_read(saddr, sizeof(saddr), &inet->sk.__sk_common.skc_v6_rcv_saddr);
		if (ev->family == 6)
			__builtin_memcpy(ev->saddr, saddr, sizeof(saddr));
		else if (v4_mapped(saddr))
			set_v4(ev->saddr, ((__u32 *)saddr)[3]);
	}
}

#endif
