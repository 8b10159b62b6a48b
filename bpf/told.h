/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* An error that the program learned of before it closed the socket. */
#ifndef TOLD_H
#define TOLD_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * An ICMP error that arrives while connect() holds the socket, as that of a local rule or of a host
 * next door does, ends nothing: the next SYN may be answered (tcp_v4_err(), tcp_v6_err()). It goes
 * to sk_err_soft, where SO_ERROR takes it away. But since 5.9 it goes to the error queue too, which
 * wakes poll(2) and which SO_ERROR leaves alone. (For IPv6 only with IPV6_RECVERR: without it,
 * nothing wakes the program before the next SYN, and that one's error ends the attempt.)
 *
 * Returns the errno if SO_ERROR gave it to the program, or if the program, not blocked in
 * connect(), was woken for it; 0 if it gave up without.
 */
static __always_inline int told(struct inet_sock *inet)
{
	struct sock_exterr_skb *report;
	struct sk_buff *last;

	if (!BPF_CORE_READ(inet, sk.sk_error_queue.qlen))
		return 0;
	last = BPF_CORE_READ(inet, sk.sk_error_queue.prev);
	report = (struct sock_exterr_skb *)__builtin_preserve_access_index(&last->cb);
	switch (BPF_CORE_READ(report, ee.ee_origin)) {
	case SO_EE_ORIGIN_ICMP:
	case SO_EE_ORIGIN_ICMP6:
		break;
	default:
		return 0;
	}
	if (BPF_CORE_READ(inet, sk.sk_err_soft) &&
	    !(BPF_CORE_READ(inet, sk.sk_socket, file, f_flags) & O_NONBLOCK))
		return 0;
	return BPF_CORE_READ(report, ee.ee_errno);
}

#endif
