// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Trace active TCP connects. Three ways to attach share one body:
 *
 *   fentry      tcp_v4_connect/tcp_v6_connect, on return (and on entry with want_result)
 *   kprobe      the same functions, by kprobe and kretprobe
 *   tracepoint  sock:inet_sock_set_state, with sockops for the source port
 *
 * Only the programs of one way are loaded, and constants cut out what is not asked for.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "tcpconnect.h"

/* Filters: an empty list lets everything pass. */
const volatile __u32 filter_pids[MAX_PIDS];
const volatile __u32 filter_pid_count = 0;
const volatile __u32 filter_uids[MAX_UIDS];
const volatile __u32 filter_uid_count = 0;
const volatile __u16 filter_ports[MAX_PORTS]; /* destination, host byte order */
const volatile __u32 filter_port_count = 0;
const volatile __u16 filter_family = 0; /* 4, 6 or 0 for both */

const volatile bool count_flows = false; /* count in the flows map, no samples */
const volatile bool flow_sport = false;	 /* tell flows apart by source port */
const volatile bool want_result = false; /* one record per attempt, when its fate is known */
const volatile bool only_failed = false; /* leave out RESULT_OK */
const volatile __u64 min_latency = 0;	 /* leave out what took less, ns */
const volatile bool from_state = false;	 /* tracepoint: attempts begin at the state change */

const volatile enum result result_codes = 0; /* unread: takes the enum into the BTF */

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} events SEC(".maps");

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
	__u64 sk;    /* 0 until the call reached a socket */
	__u64 uaddr; /* user pointer; tracepoint only */
	__u64 time;  /* tracepoint only */
	__u64 ipv6;  /* tcp_v6_connect; kprobe only */
};

/* By thread. LRU, so that what a missed return leaves behind cannot fill it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct call);
} calls SEC(".maps");

/* Per CPU, so that a busy flow does not bounce a cache line between CPUs. */
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

/* Who calls, unless filtered. */
static __always_inline bool fill_caller(struct event *ev)
{
	bool pass;

	ev->pid = bpf_get_current_pid_tgid() >> 32;
	if (filter_pid_count) {
		pass = false;
		for (__u32 i = 0; i < MAX_PIDS && i < filter_pid_count; i++)
			if (filter_pids[i] == ev->pid)
				pass = true;
		if (!pass)
			return false;
	}

	ev->uid = bpf_get_current_uid_gid();
	if (filter_uid_count) {
		pass = false;
		for (__u32 i = 0; i < MAX_UIDS && i < filter_uid_count; i++)
			if (filter_uids[i] == ev->uid)
				pass = true;
		if (!pass)
			return false;
	}
	return true;
}

/* Whether the destination passes the filters; completes the event if so. */
static __always_inline bool fill_rest(struct event *ev, __u64 time)
{
	if (filter_family && filter_family != ev->family)
		return false;
	if (filter_port_count) {
		bool pass = false;

		for (__u32 i = 0; i < MAX_PORTS && i < filter_port_count; i++)
			if (filter_ports[i] == ev->dport)
				pass = true;
		if (!pass)
			return false;
	}
	ev->time = time;
	ev->latency = 0;
	bpf_get_current_comm(ev->comm, sizeof(ev->comm));
	return true;
}

/* The source port: skc_num, which is already 0 on the way to TCP_CLOSE, where inet_sport is left.
 */
static __always_inline void fill_sport(struct event *ev, struct sock *sk, bool direct)
{
	READ(direct, ev->sport, sk->__sk_common.skc_num);
	if (!ev->sport) {
		__u16 sport = 0;

		bpf_core_read(&sport, sizeof(sport), &((struct inet_sock *)sk)->inet_sport);
		ev->sport = bpf_ntohs(sport);
	}
}

/* Addresses and ports of a socket that the kernel has begun to connect. */
static __always_inline void fill_sock(struct event *ev, struct sock *sk, bool direct)
{
	struct sock_common *skc = &sk->__sk_common;
	__u16 family, dport;
	__u32 v4;

	READ(direct, dport, skc->skc_dport);
	ev->dport = bpf_ntohs(dport);
	fill_sport(ev, sk, direct);

	READ(direct, family, skc->skc_family);
	if (family == AF_INET6) {
		bpf_core_read(ev->daddr, sizeof(ev->daddr), &skc->skc_v6_daddr);
		if (!v4_mapped(ev->daddr)) {
			ev->family = 6;
			bpf_core_read(ev->saddr, sizeof(ev->saddr), &skc->skc_v6_rcv_saddr);
			return;
		}
	}
	ev->family = 4;
	READ(direct, v4, skc->skc_daddr);
	set_v4(ev->daddr, v4);
	READ(direct, v4, skc->skc_rcv_saddr);
	set_v4(ev->saddr, v4);
}

/* The destination that was asked for, from the caller's sockaddr; no source is known yet. */
static __always_inline bool fill_sockaddr(struct event *ev, const struct sockaddr_in6 *addr)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

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

static __always_inline void count_flow(const struct event *ev)
{
	struct flow flow = {
		.sport = flow_sport ? ev->sport : 0,
		.dport = ev->dport,
		.family = ev->family,
		.result = ev->result,
	};
	struct flow_stats *stats;

	__builtin_memcpy(flow.saddr, ev->saddr, sizeof(flow.saddr));
	__builtin_memcpy(flow.daddr, ev->daddr, sizeof(flow.daddr));
	stats = bpf_map_lookup_elem(&flows, &flow);
	if (!stats) {
		struct flow_stats none = {};

		bpf_map_update_elem(&flows, &flow, &none, BPF_NOEXIST);
		/* Another CPU may have been first. */
		stats = bpf_map_lookup_elem(&flows, &flow);
		if (!stats) {
			BOOK(lost_full);
			return;
		}
	}
	__sync_fetch_and_add(&stats->count, 1);
	if (want_result) {
		__sync_fetch_and_add(&stats->latency_sum, ev->latency);
		if (stats->latency_max < ev->latency)
			stats->latency_max = ev->latency;
	}
}

static __always_inline void submit(void *ctx, struct event *ev)
{
	if (count_flows)
		count_flow(ev);
	else if (bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, ev, sizeof(*ev)))
		BOOK(lost_output);
}

static __always_inline void remember(__u64 sk, const struct event *ev)
{
	long err = bpf_map_update_elem(&attempts, &sk, ev, BPF_NOEXIST);

	if (err == -EEXIST) {
		/* Its end was missed, and the kernel gave the address to another socket. */
		BOOK(lost_missed);
		err = bpf_map_update_elem(&attempts, &sk, ev, BPF_ANY);
	}
	if (err)
		BOOK(lost_full);
}

/* The fate of an attempt that waited is known. */
static __always_inline void verdict(void *ctx, __u64 sk, struct event *ev, __s16 result)
{
	__u64 now = bpf_ktime_get_ns();

	ev->latency = now - ev->time;
	ev->time = now;
	ev->result = result;
	if ((only_failed && result == RESULT_OK) || ev->latency < min_latency)
		BOOK(filtered);
	else
		submit(ctx, ev);
	bpf_map_delete_elem(&attempts, &sk);
}

/*
 * The v4 function runs inside the v6 one when an AF_INET6 socket connects to a mapped address;
 * the outer call then speaks for both.
 */
static __always_inline bool nested(struct sock *sk, bool direct)
{
	__u16 family;

	READ(direct, family, sk->__sk_common.skc_family);
	return family == AF_INET6;
}

/* tcp_v4_connect or tcp_v6_connect is called; only watched with want_result. */
static __always_inline int connect_entry(struct sock *sk, struct sockaddr *uaddr)
{
	struct sockaddr_in6 addr = {};
	struct event ev;

	if (!fill_caller(&ev))
		return 0;
	bpf_probe_read_kernel(&addr, sizeof(struct sockaddr_in), uaddr);
	if (addr.sin6_family == AF_INET6)
		bpf_probe_read_kernel(&addr, sizeof(addr), uaddr);
	if (!fill_sockaddr(&ev, &addr) || !fill_rest(&ev, bpf_ktime_get_ns()))
		return 0;
	ev.result = RESULT_CALLING;
	BOOK(seen);
	remember((__u64)sk, &ev);
	return 0;
}

/* The call failed: the socket may be bound to a source all the same. */
static __always_inline void fill_bound(struct event *ev, struct sock *sk, bool direct)
{
	struct sock_common *skc = &sk->__sk_common;
	__u16 family;

	READ(direct, ev->sport, skc->skc_num);
	READ(direct, family, skc->skc_family);
	if (family == AF_INET && ev->family == 4) {
		__u32 v4;

		READ(direct, v4, skc->skc_rcv_saddr);
		set_v4(ev->saddr, v4);
	} else if (family == AF_INET6) {
		__u8 saddr[16];

		bpf_core_read(saddr, sizeof(saddr), &skc->skc_v6_rcv_saddr);
		if (ev->family == 6)
			__builtin_memcpy(ev->saddr, saddr, sizeof(saddr));
		else if (v4_mapped(saddr))
			set_v4(ev->saddr, ((__u32 *)saddr)[3]);
	}
}

/* tcp_v4_connect or tcp_v6_connect returns: 0 once the SYN is queued. */
static __always_inline int connect_return(void *ctx, struct sock *sk, int ret, bool direct)
{
	struct event ev, *attempt;
	__u64 key = (__u64)sk;

	if (!want_result) {
		if (ret || !fill_caller(&ev))
			return 0;
		fill_sock(&ev, sk, direct);
		if (!fill_rest(&ev, bpf_ktime_get_ns()))
			return 0;
		ev.result = RESULT_OK;
		submit(ctx, &ev);
		return 0;
	}

	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 0;
	if (ret) {
		fill_bound(attempt, sk, direct);
		verdict(ctx, key, attempt, -ret);
		return 0;
	}
	fill_sock(attempt, sk, direct);
	attempt->result = RESULT_PENDING;
	return 0;
}

/* fentry: arguments and result are at hand together. */

SEC("fentry/tcp_v4_connect")
int BPF_PROG(fentry_v4, struct sock *sk, struct sockaddr *uaddr)
{
	return nested(sk, true) ? 0 : connect_entry(sk, uaddr);
}

SEC("fentry/tcp_v6_connect")
int BPF_PROG(fentry_v6, struct sock *sk, struct sockaddr *uaddr)
{
	return connect_entry(sk, uaddr);
}

SEC("fexit/tcp_v4_connect")
int BPF_PROG(fexit_v4, struct sock *sk, struct sockaddr *uaddr, int addr_len, int ret)
{
	return nested(sk, true) ? 0 : connect_return(ctx, sk, ret, true);
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(fexit_v6, struct sock *sk, struct sockaddr *uaddr, int addr_len, int ret)
{
	return connect_return(ctx, sk, ret, true);
}

/* kprobe: the socket is kept from the entry to the return. */

static __always_inline int kprobe_entry(struct sock *sk, struct sockaddr *uaddr, bool ipv6)
{
	struct call call = {.sk = (__u64)sk, .ipv6 = ipv6};
	__u32 tid = bpf_get_current_pid_tgid();
	struct event ev;
	long err;

	if (!fill_caller(&ev))
		return 0;
	err = bpf_map_update_elem(&calls, &tid, &call, BPF_NOEXIST);
	if (err == -EEXIST) {
		/* With want_result the state change still tells the end. */
		if (!want_result)
			BOOK(lost_missed);
		err = bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	}
	if (err)
		BOOK(lost_full);
	return want_result ? connect_entry(sk, uaddr) : 0;
}

static __always_inline int kprobe_return(void *ctx, int ret, bool ipv6)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct event ev;
	struct sock *sk;

	if (!call) {
		if (!want_result && !ret && fill_caller(&ev))
			BOOK(lost_missed);
		return 0;
	}
	/* Nested: the entry is the outer call's. */
	if (call->ipv6 && !ipv6)
		return 0;
	sk = (struct sock *)call->sk;
	bpf_map_delete_elem(&calls, &tid);
	return connect_return(ctx, sk, ret, false);
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(kprobe_v4, struct sock *sk, struct sockaddr *uaddr)
{
	return nested(sk, false) ? 0 : kprobe_entry(sk, uaddr, false);
}

SEC("kprobe/tcp_v6_connect")
int BPF_KPROBE(kprobe_v6, struct sock *sk, struct sockaddr *uaddr)
{
	return kprobe_entry(sk, uaddr, true);
}

SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(kretprobe_v4, int ret)
{
	return kprobe_return(ctx, ret, false);
}

SEC("kretprobe/tcp_v6_connect")
int BPF_KRETPROBE(kretprobe_v6, int ret)
{
	return kprobe_return(ctx, ret, true);
}

/* State changes: the tracepoint's attempts, and every verdict. */

/* CLOSE -> SYN_SENT, in the caller's context; addresses are set, the source port is not chosen. */
static __always_inline int state_begin(struct sock *sk, bool direct)
{
	struct event ev;
	__u32 tid;

	if (!fill_caller(&ev))
		return 0;
	fill_sock(&ev, sk, direct);
	if (!fill_rest(&ev, bpf_ktime_get_ns()))
		return 0;
	ev.result = want_result ? RESULT_PENDING : RESULT_OK;
	if (want_result) {
		struct call *call;

		tid = bpf_get_current_pid_tgid();
		call = bpf_map_lookup_elem(&calls, &tid);
		if (call) {
			call->sk = (__u64)sk;
			ev.time = call->time;
			ev.result = RESULT_CALLING;
		}
		BOOK(seen);
	}
	remember((__u64)sk, &ev);
	return 0;
}

/* SYN_SENT (or SYN_RECV, after a simultaneous open) -> anything; mostly in softirq. */
static __always_inline int state_end(void *ctx, struct sock *sk, int state, bool direct)
{
	__u64 key = (__u64)sk;
	struct event *attempt;
	int err = 0;

	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 0;
	if (want_result && state == TCP_SYN_RECV)
		return 0;
	if (!attempt->sport)
		fill_sport(attempt, sk, direct);
	if (state == TCP_CLOSE) {
		__u8 shutdown;

		READ(direct, err, sk->sk_err);
		READ(direct, shutdown, sk->sk_shutdown);
		/* Neither an error nor a close: the connect call itself fails. */
		if (!err && !shutdown) {
			if (!want_result) {
				bpf_map_delete_elem(&attempts, &key);
				return 0;
			}
			if (attempt->result == RESULT_CALLING) {
				attempt->result = RESULT_REFUSED;
				return 0;
			}
		}
		if (!err)
			err = RESULT_CLOSED;
	}
	if (want_result) {
		verdict(ctx, key, attempt, err);
	} else {
		submit(ctx, attempt);
		bpf_map_delete_elem(&attempts, &key);
	}
	return 0;
}

static __always_inline int state_change(void *ctx, struct sock *sk, int from, int to, bool direct)
{
	__u16 protocol;

	if (from == TCP_SYN_SENT || (want_result && from == TCP_SYN_RECV))
		return state_end(ctx, sk, to, direct);
	if (!from_state || from != TCP_CLOSE || to != TCP_SYN_SENT)
		return 0;
	/* MPTCP's own socket changes its state too; its subflow is the one that connects. */
	READ(direct, protocol, sk->sk_protocol);
	return protocol == IPPROTO_TCP ? state_begin(sk, direct) : 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_btf, struct sock *sk, int from, int to)
{
	return state_change(ctx, sk, from, to, true);
}

/* For kernels whose BTF came with --btf: tp_btf would need the kernel's own. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state_raw, struct sock *sk, int from, int to)
{
	return state_change(ctx, sk, from, to, false);
}

/* The source port is chosen and the SYN about to go out; in the caller's context. */
SEC("sockops")
int connect_cb(struct bpf_sock_ops *ctx)
{
	struct event *attempt;
	__u64 key;

	if (ctx->op != BPF_SOCK_OPS_TCP_CONNECT_CB)
		return 1;
	key = (__u64)ctx->sk;
	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 1;
	attempt->sport = ctx->local_port;
	if (!want_result) {
		submit(ctx, attempt);
		bpf_map_delete_elem(&attempts, &key);
	}
	return 1;
}

/* The connect system call: tells of failures before any state change (tracepoint, want_result). */

struct sys_enter {
	__u64 common;
	__u64 nr;
	__u64 args[6];
};

struct sys_exit {
	__u64 common;
	__u64 nr;
	__s64 ret;
};

/* The TCP socket behind a descriptor, if connect() would really try to connect it. */
static __always_inline bool connectable(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd), *file = NULL;
	struct socket *socket;
	struct sock *sk;
	__u16 family, protocol;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return false;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || BPF_CORE_READ(socket, state) != SS_UNCONNECTED ||
	    BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_CLOSE)
		return false;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	protocol = BPF_CORE_READ(sk, sk_protocol);
	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_type) == SOCK_STREAM &&
	       (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}

SEC("tp/syscalls/sys_enter_connect")
int sys_enter_connect(struct sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call call = {};
	struct event ev;

	if (!fill_caller(&ev) || !connectable(ctx->args[0]))
		return 0;
	call.uaddr = ctx->args[1];
	call.time = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		BOOK(lost_full);
	return 0;
}

SEC("tp/syscalls/sys_exit_connect")
int sys_exit_connect(struct sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct sockaddr_in6 addr = {};
	struct event ev, *attempt;
	struct call call;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);

	if (call.sk) {
		attempt = bpf_map_lookup_elem(&attempts, &call.sk);
		if (!attempt)
			return 0;
		if (attempt->result == RESULT_REFUSED)
			verdict(ctx, call.sk, attempt, -ctx->ret);
		else if (attempt->result == RESULT_CALLING)
			attempt->result = RESULT_PENDING;
		return 0;
	}

	if (ctx->ret >= 0 || ctx->ret == -EFAULT || !fill_caller(&ev))
		return 0;
	/* Read now: the kernel has just read it, so it is in memory. */
	bpf_probe_read_user(&addr, sizeof(struct sockaddr_in), (void *)call.uaddr);
	if (addr.sin6_family == AF_INET6)
		bpf_probe_read_user(&addr, sizeof(addr), (void *)call.uaddr);
	if (!fill_sockaddr(&ev, &addr) || !fill_rest(&ev, call.time))
		return 0;
	BOOK(seen);
	verdict(ctx, 0, &ev, -ctx->ret);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
