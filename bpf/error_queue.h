/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* ICMP errors in the error queue of a socket that its program closes. */
#ifndef ERROR_QUEUE_H
#define ERROR_QUEUE_H

#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/*
 * An ICMP error may arrive while connect() holds the lock of the socket: it does if a local
 * firewall rule or a host in the same network sends it. Such an error does not end the attempt,
 * since the next SYN may be answered (tcp_v4_err(), tcp_v6_err()). The kernel stores it in
 * sk_err_soft, and getsockopt(SO_ERROR) takes it from there. Since 5.9 the kernel also puts it into
 * the error queue. That wakes poll(2), and SO_ERROR does not remove it. (For IPv6 only with
 * IPV6_RECVERR. Without it nothing wakes the program before the next SYN, and the error after that
 * SYN ends the attempt.)
 *
 * Returns the errno if the program got it by SO_ERROR, or if poll(2) could wake the program for it,
 * as the socket is non-blocking; 0 if the program gave up without an error.
 */
static __always_inline int reported_error(struct inet_sock *inet)
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
