// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Traces active TCP connects. Three ways to attach share the same functions:
 *
 *   fentry      tcp_v4_connect/tcp_v6_connect, on return (and on entry with want_result)
 *   kprobe      the same functions, by kprobe and kretprobe
 *   tracepoint  sockops; with want_result, or without cgroup v2, sock:inet_sock_set_state
 *
 * Only the programs of one way are loaded. The verifier removes code that is off by a constant.
 */
#include "attempt.h"
#include "error_queue.h"
#include <bpf/bpf_tracing.h>

/*
 * Whether tcp_v6_connect() called this tcp_v4_connect(), as it does for an AF_INET6 socket and an
 * IPv4-mapped address. The event then comes from the outer call only.
 */
static __always_inline bool nested(struct inet_sock *inet, bool direct)
{
	__u16 family;

	READ(direct, family, inet->sk.__sk_common.skc_family);
	return family == AF_INET6;
}

/* tcp_v4_connect or tcp_v6_connect is called. Used with want_result only. */
static __always_inline int connect_entry(struct inet_sock *inet, struct sockaddr *uaddr, int len)
{
	struct event ev;

	if (!fill_caller(&ev) || !fill_sockaddr(&ev, uaddr, len, false) || !fill_rest(&ev))
		return 0;
	ev.result = RESULT_CALLING;
	COUNT(seen);
	remember((__u64)inet, &ev);
	return 0;
}

/*
 * tcp_v4_connect or tcp_v6_connect returns: 0 once the SYN is queued. The caller still holds the
 * socket's lock, so the attempt cannot end before this returns.
 */
static __always_inline int connect_return(void *ctx, struct inet_sock *inet, int ret, bool direct)
{
	struct event ev, *attempt;
	__u64 key = (__u64)inet;

	if (!want_result) {
		if (ret || !fill_caller(&ev))
			return 0;
		fill_sock(&ev, inet, direct);
		if (!fill_rest(&ev))
			return 0;
		ev.result = RESULT_OK;
		submit(ctx, &ev);
		return 0;
	}

	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 0;
	if (ret) {
		attempt->retrans = 0; /* no SYN was sent */
		fill_bound(attempt, inet, direct);
		verdict(ctx, key, attempt, -ret);
		return 0;
	}
	fill_sock(attempt, inet, direct);
	attempt->result = RESULT_PENDING;
	return 0;
}

/* fentry: a program at the return has the arguments too. */

SEC("fentry/tcp_v4_connect")
int BPF_PROG(fentry_v4, struct inet_sock *inet, struct sockaddr *uaddr, int addr_len)
{
	return nested(inet, true) ? 0 : connect_entry(inet, uaddr, addr_len);
}

SEC("fentry/tcp_v6_connect")
int BPF_PROG(fentry_v6, struct inet_sock *inet, struct sockaddr *uaddr, int addr_len)
{
	return connect_entry(inet, uaddr, addr_len);
}

SEC("fexit/tcp_v4_connect")
int BPF_PROG(fexit_v4, struct inet_sock *inet, struct sockaddr *uaddr, int addr_len, int ret)
{
	return nested(inet, true) ? 0 : connect_return(ctx, inet, ret, true);
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(fexit_v6, struct inet_sock *inet, struct sockaddr *uaddr, int addr_len, int ret)
{
	return connect_return(ctx, inet, ret, true);
}

/* kprobe: a map keeps the socket from the entry to the return. */

static __always_inline int kprobe_entry(struct inet_sock *inet, struct sockaddr *uaddr, int len,
					bool ipv6)
{
	struct call call = {.sk = (__u64)inet, .ipv6 = ipv6};
	__u32 tid = bpf_get_current_pid_tgid();
	struct event ev;
	long err;

	if (!fill_caller(&ev))
		return 0;
	err = bpf_map_update_elem(&calls, &tid, &call, BPF_NOEXIST);
	if (err == -EEXIST) {
		/* With want_result, the state change still ends the attempt. */
		if (!want_result)
			COUNT(lost_missed);
		err = bpf_map_update_elem(&calls, &tid, &call, BPF_ANY);
	}
	if (err)
		LOSE(lost_full);
	return want_result ? connect_entry(inet, uaddr, len) : 0;
}

static __always_inline int kprobe_return(void *ctx, int ret, bool ipv6)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct event ev;
	struct inet_sock *inet;

	if (!call) {
		if (!want_result && !ret && fill_caller(&ev))
			COUNT(lost_missed);
		return 0;
	}
	/* Nested: the entry in the map belongs to the outer call. */
	if (call->ipv6 && !ipv6)
		return 0;
	inet = (struct inet_sock *)call->sk;
	bpf_map_delete_elem(&calls, &tid);
	return connect_return(ctx, inet, ret, false);
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(kprobe_v4, struct inet_sock *inet, struct sockaddr *uaddr, int addr_len)
{
	return nested(inet, false) ? 0 : kprobe_entry(inet, uaddr, addr_len, false);
}

SEC("kprobe/tcp_v6_connect")
int BPF_KPROBE(kprobe_v6, struct inet_sock *inet, struct sockaddr *uaddr, int addr_len)
{
	return kprobe_entry(inet, uaddr, addr_len, true);
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

/* State changes: where attempts begin with tracepoint, and end with every back end. */

/* CLOSE -> SYN_SENT, in the caller's context. Addresses are set; there is no source port yet. */
static __always_inline int state_begin(struct inet_sock *inet, bool direct)
{
	struct event ev;
	__u32 tid;

	if (!fill_caller(&ev))
		return 0;
	fill_sock(&ev, inet, direct);
	/* Not the port of the socket's attempt before this one: 0, unless it is bound. */
	READ(direct, ev.sport, inet->sk.__sk_common.skc_num);
	if (!fill_rest(&ev))
		return 0;
	ev.result = want_result ? RESULT_PENDING : RESULT_OK;
	if (want_result) {
		struct call *call;

		tid = bpf_get_current_pid_tgid();
		call = bpf_map_lookup_elem(&calls, &tid);
		if (call) {
			/* With MPTCP it was the outer socket so far. */
			call->sk = (__u64)inet;
			call->begun = true;
			ev.time = call->time;
		}
		COUNT(seen);
	}
	remember((__u64)inet, &ev);
	return 0;
}

/* Whether this thread is still in the connect call that began the attempt. */
static __always_inline bool calling(__u64 sk, const struct event *attempt)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *call;

	if (!from_state)
		return attempt->result == RESULT_CALLING;
	call = bpf_map_lookup_elem(&calls, &tid);
	return call && call->begun && call->sk == sk;
}

/*
 * SYN_SENT (or SYN_RECV, after a simultaneous open) -> anything; mostly in softirq. The kernel
 * holds the lock of a socket here and in the connect functions, so only one program writes to an
 * attempt at a time. A program that runs without the lock must not write to an attempt: it may end
 * at any time, and the map may give its memory to another one.
 */
static __always_inline int state_end(void *ctx, struct inet_sock *inet, int state, bool direct)
{
	__u64 key = (__u64)inet;
	struct event *attempt;
	int err = 0;

	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 0;
	if (want_result && state == TCP_SYN_RECV)
		return 0;
	if (!attempt->sport) {
		/* The call has not returned, or no sockops program set the port. */
		fill_sock(attempt, inet, direct);
	} else if (attempt->sport != source_port(inet, direct)) {
		/* Its end was missed, and this is another socket, which is not traced. */
		COUNT(lost_missed);
		bpf_map_delete_elem(&attempts, &key);
		return 0;
	}
	if (state == TCP_CLOSE) {
		__u8 shutdown;

		READ(direct, err, inet->sk.sk_err);
		READ(direct, shutdown, inet->sk.sk_shutdown);
		/* No error and no shutdown: the connect call itself fails. */
		if (!err && !shutdown) {
			if (!want_result) {
				bpf_map_delete_elem(&attempts, &key);
				return 0;
			}
			if (attempt->result == RESULT_REFUSED || calling(key, attempt)) {
				attempt->result = RESULT_REFUSED;
				return 0;
			}
		}
		if (!err && want_result)
			err = reported_error(inet);
		/* Without a port, none was free: inet_hash_connect() has no other reason to fail.
		 */
		if (!err)
			err = attempt->sport ? RESULT_CLOSED : EADDRNOTAVAIL;
	}
	if (want_result) {
		verdict(ctx, key, attempt, err);
	} else {
		submit(ctx, attempt);
		bpf_map_delete_elem(&attempts, &key);
	}
	return 0;
}

/* Whether a change from this state can end an attempt. */
static __always_inline bool ends(int from)
{
	return from == TCP_SYN_SENT || (want_result && from == TCP_SYN_RECV);
}

static __always_inline int state_change(void *ctx, struct inet_sock *inet, int from, int to,
					bool direct)
{
	__u16 protocol;

	if (ends(from))
		return state_end(ctx, inet, to, direct);
	if (!from_state || from != TCP_CLOSE || to != TCP_SYN_SENT)
		return 0;
	/* The outer socket of MPTCP changes its state too, but only its subflow connects. */
	READ(direct, protocol, inet->sk.sk_protocol);
	return protocol == IPPROTO_TCP ? state_begin(inet, direct) : 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_btf, struct inet_sock *inet, int from, int to)
{
	return state_change(ctx, inet, from, to, true);
}

/*
 * The kernel skips a program on a CPU that already runs it (since Linux 6.1). A softirq may
 * interrupt state_btf and change the state of another socket: state_btf is skipped, and this
 * program sees that end. If both run, the second one finds no attempt in the map.
 */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(state_btf_ends, struct inet_sock *inet, int from, int to)
{
	return ends(from) ? state_end(ctx, inet, to, true) : 0;
}

/* For kernels whose BTF comes from --btf: tp_btf needs the kernel's own. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state_raw, struct inet_sock *inet, int from, int to)
{
	return state_change(ctx, inet, from, to, false);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state_raw_ends, struct inet_sock *inet, int from, int to)
{
	return ends(from) ? state_end(ctx, inet, to, false) : 0;
}

/*
 * Reads what TCP has measured, for the columns that need it, and is loaded only for them. It
 * attaches before the programs above, which remove the attempt from the map. It is a program of its
 * own, because struct tcp_sock would make each start of -r with fentry or kprobe a millisecond
 * longer.
 */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(measure, struct tcp_sock *tcp, int from, int to)
{
	__u64 key = (__u64)tcp;
	struct event *attempt;
	__u32 srtt;

	if (!ends(from) || to == TCP_SYN_RECV)
		return 0;
	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (!attempt)
		return 0;
	bpf_core_read(&attempt->retrans, sizeof(attempt->retrans), &tcp->total_retrans);
	/* After a retransmit it is not known which SYN the answer belongs to. */
	if (to == TCP_ESTABLISHED && !attempt->retrans) {
		bpf_core_read(&srtt, sizeof(srtt), &tcp->srtt_us);
		attempt->rtt = (srtt >> 3) * 1000ULL;
	}
	return 0;
}

/* The source port is chosen, and the SYN will be sent next; in the caller's context. */
SEC("sockops")
int connect_cb(struct bpf_sock_ops *ctx)
{
	struct event ev, *attempt;
	__u64 key;

	if (ctx->op != BPF_SOCK_OPS_TCP_CONNECT_CB)
		return 1;
	if (!want_result) {
		fill_ops(&ev, ctx);
		if (task_helpers ? fill_caller(&ev) && fill_rest(&ev) : fill_task(&ev)) {
			ev.result = RESULT_OK;
			submit(ctx, &ev);
		}
		return 1;
	}
	key = (__u64)ctx->sk;
	attempt = bpf_map_lookup_elem(&attempts, &key);
	if (attempt && !attempt->sport)
		attempt->sport = ctx->local_port;
	return 1;
}

/* The connect system call: failures without a change of state (tracepoint, want_result). */

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

/* The socket of a descriptor if it is a TCP socket that connect() would connect, or NULL. */
static __always_inline struct inet_sock *connectable(__u32 fd)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(fdt, fd), *file = NULL;
	struct socket *socket;
	struct inet_sock *inet;
	__u16 family, protocol;

	if (fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	inet = BPF_CORE_READ(socket, sk);
	if (!inet || BPF_CORE_READ(socket, state) != SS_UNCONNECTED ||
	    BPF_CORE_READ(inet, sk.__sk_common.skc_state) != TCP_CLOSE)
		return NULL;
	family = BPF_CORE_READ(inet, sk.__sk_common.skc_family);
	protocol = BPF_CORE_READ(inet, sk.sk_protocol);
	if ((family != AF_INET && family != AF_INET6) ||
	    BPF_CORE_READ(inet, sk.sk_type) != SOCK_STREAM ||
	    (protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP))
		return NULL;
	return inet;
}

/* The sequence number of the next byte to send; 0 for the outer socket of MPTCP, which sends none.
 */
static __always_inline __u32 sequence(struct inet_sock *inet)
{
	if (BPF_CORE_READ(inet, sk.sk_protocol) != IPPROTO_TCP)
		return 0;
	return BPF_CORE_READ((struct tcp_sock *)inet, write_seq);
}

/*
 * Whether a call that failed without a change of state was an attempt. It was one if it asked a TCP
 * socket, neither connected nor connecting, to connect to a destination, whatever rejected it: the
 * address (EINVAL, EAFNOSUPPORT), routing (ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL), a lack of
 * ports or memory (EADDRNOTAVAIL, ENOBUFS, ENOMEM), a security module or a cgroup program (EPERM,
 * EACCES, or an errno of its own).
 *
 * It was none if another thread called connect() on the same socket first. Then this call fails
 * with EISCONN, EALREADY or EINPROGRESS. Or it waits for the end of the other one's attempt, and
 * returns with its error, with ECONNABORTED if another call has taken the error, or by a signal. An
 * attempt that a call can wait for has changed the socket's sequence number, so that tells them
 * apart.
 */
static __always_inline bool was_attempt(const struct call *call, __s64 ret)
{
	struct inet_sock *inet = (struct inet_sock *)call->sk;

	switch (-ret) {
	case EFAULT: /* the kernel could not read the address, and neither can this program */
	case EISCONN:
	case EALREADY:
	case EINPROGRESS:
	case ECONNABORTED:
	case EINTR:
	case ERESTARTSYS:
		return false;
	}
	return sequence(inet) == call->write_seq;
}

SEC("tp/syscalls/sys_enter_connect")
int sys_enter_connect(struct sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct inet_sock *inet;
	struct call call = {};
	int len = ctx->args[2];
	struct event ev;

	/* move_addr_to_kernel() and inet_stream_connect() reject others before TCP is called. */
	if (len < (int)sizeof(__u16) || len > SOCKADDR_STORAGE_SIZE || !fill_caller(&ev))
		return 0;
	inet = connectable(ctx->args[0]);
	if (!inet)
		return 0;
	call.sk = (__u64)inet;
	call.len = len;
	call.write_seq = sequence(inet);
	call.uaddr = ctx->args[1];
	call.time = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		LOSE(lost_full);
	return 0;
}

SEC("tp/syscalls/sys_exit_connect")
int sys_exit_connect(struct sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct call *found = bpf_map_lookup_elem(&calls, &tid);
	struct event ev, *attempt;
	struct call call;

	if (!found)
		return 0;
	call = *found;
	bpf_map_delete_elem(&calls, &tid);

	if (call.begun) {
		attempt = bpf_map_lookup_elem(&attempts, &call.sk);
		if (!attempt || attempt->result != RESULT_REFUSED)
			return 0;
		/* A copy, because this program runs without the socket's lock. */
		ev = *attempt;
		verdict(ctx, call.sk, &ev, -ctx->ret);
		return 0;
	}

	if (ctx->ret >= 0 || !was_attempt(&call, ctx->ret) || !fill_caller(&ev))
		return 0;
	/* Read at the return: the kernel has read the address by then, so it is in memory. */
	if (!fill_sockaddr(&ev, (void *)call.uaddr, call.len, true) || !fill_rest(&ev))
		return 0;
	fill_bound(&ev, (struct inet_sock *)call.sk, false);
	ev.time = call.time;
	COUNT(seen);
	verdict(ctx, 0, &ev, -ctx->ret);
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
