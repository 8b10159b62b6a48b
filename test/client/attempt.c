// SPDX-License-Identifier: GPL-2.0
/* One attempt to connect: made, awaited, reported. */
#include "client.h"
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

void set_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

int open_socket(int family, int protocol)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);

	if (fd >= 0)
		return fd;
	if (family == AF_INET6 && errno == EAFNOSUPPORT)
		unsupported("no IPv6", errno);
	if (protocol == IPPROTO_MPTCP &&
	    (errno == EPROTONOSUPPORT || errno == ENOPROTOOPT || errno == EINVAL))
		unsupported("no MPTCP", errno);
	fail_errno("socket");
}

void set_option(int fd, int level, int name, const void *value, socklen_t len)
{
	if (setsockopt(fd, level, name, value, len))
		fail_errno("setsockopt");
}

/* A close then resets the connection: the port is free at once. */
void set_abortive(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	set_option(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void set_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail_errno("fcntl");
}

struct attempt attempt_on(int fd, const union address *dst)
{
	struct attempt a = {.fd = fd, .pid = getpid(), .dst = *dst, .result = PENDING};

	a.tid = syscall(SYS_gettid);
	a.retrans = -1;
	a.rtt = -1;
	prctl(PR_GET_NAME, a.comm);
	return a;
}

struct attempt open_attempt(const union address *dst)
{
	return attempt_on(open_socket(dst->sa.sa_family, 0), dst);
}

void settle(struct attempt *a, int result)
{
	a->end = now();
	a->result = result;
}

/* A blocking connect that has failed leaves nothing that TCP measured. */
static void learn_info(struct attempt *a)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	a->retrans = -1;
	a->rtt = -1;
	if (a->result > 0 && !(fcntl(a->fd, F_GETFL) & O_NONBLOCK))
		return;
	if (getsockopt(a->fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		return;
	a->retrans = info.tcpi_total_retrans;
	if (!a->result)
		a->rtt = info.tcpi_rtt;
}

/* A blocking connect that has failed leaves the port behind, but not the address. */
void learn_names(struct attempt *a)
{
	socklen_t len = sizeof(a->local);
	union address name;

	learn_info(a);
	if (!port_of(&a->local) && getsockname(a->fd, &a->local.sa, &len))
		fail_errno("getsockname");
	len = sizeof(name);
	if (!getpeername(a->fd, &name.sa, &len))
		a->dst = name;
}

int connect_errno(int fd, const union address *dst)
{
	return connect(fd, &dst->sa, address_len(dst)) ? errno : 0;
}

void connect_blocking(struct attempt *a)
{
	a->start = now();
	settle(a, connect_errno(a->fd, &a->dst));
	learn_names(a);
}

void connect_nonblocking(struct attempt *a)
{
	int err;

	set_nonblocking(a->fd);
	a->start = now();
	err = connect_errno(a->fd, &a->dst);
	settle(a, err == EINPROGRESS ? PENDING : err);
	learn_names(a);
}

void await_answer(struct attempt *a, int timeout_ms)
{
	struct pollfd pfd = {.fd = a->fd, .events = POLLOUT};
	socklen_t len = sizeof(int);
	int n, err = 0;

	if (a->result != PENDING)
		return;
	n = poll(&pfd, 1, timeout_ms);
	if (n < 0)
		fail_errno("poll");
	if (n > 0 && getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		fail_errno("SO_ERROR");
	settle(a, n > 0 ? err : PENDING);
	learn_names(a);
}

/* A number, or a dash if it is not known. */
static const char *known(long value, char text[24])
{
	if (value < 0)
		return "-";
	snprintf(text, 24, "%ld", value);
	return text;
}

static const char *result_text(int result)
{
	if (result == PENDING)
		return "pending";
	if (result == CLOSED)
		return "closed";
	return result ? errno_name(result) : "ok";
}

void report(const struct attempt *a)
{
	char src_text[INET6_ADDRSTRLEN], dst_text[INET6_ADDRSTRLEN], retrans[24], rtt[24];
	const char *src = address_text(&a->local, src_text);
	const char *dst = address_text(&a->dst, dst_text);
	int ip = ip_version(&a->dst);

	/* As a destination the unspecified address means loopback, unless no call got that far. */
	if (is_any(&a->local))
		src = ip == 6 ? "::" : "0.0.0.0";
	if (is_any(&a->dst) && a->result != EINVAL)
		dst = ip == 6 ? "::1" : "127.0.0.1";
	printf("%d %s %d %s %u %s %u %s %lld ", a->pid, a->comm, ip, src, port_of(&a->local), dst,
	       port_of(&a->dst), result_text(a->result), (long long)(a->end - a->start) / 1000);
	printf("%d %u %lld %s %s\n", a->tid, getuid(), (long long)wall_us(a->start),
	       known(a->retrans, retrans), known(a->rtt, rtt));
}

void finish(struct attempt *a)
{
	report(a);
	close(a->fd);
}

/* An error that ICMP brought may not end the attempt in the kernel; then only the close does. */
void finish_failed(struct attempt *a)
{
	close(a->fd);
	a->end = now();
	report(a);
}

/* The end of the cases that are about an attempt without an answer. */
void give_up(struct attempt *a)
{
	bool answered = a->result != PENDING;

	close(a->fd);
	if (!answered)
		settle(a, CLOSED);
	report(a);
	if (answered)
		fail("answered: %s", result_text(a->result));
}

void make_blocking(int fd, const union address *dst)
{
	struct attempt a = attempt_on(fd, dst);

	connect_blocking(&a);
	finish(&a);
}

void make_nonblocking(const union address *dst)
{
	struct attempt a = open_attempt(dst);

	connect_nonblocking(&a);
	await_answer(&a, FOREVER);
	if (a.result)
		finish_failed(&a);
	else
		finish(&a);
}
