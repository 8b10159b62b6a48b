// SPDX-License-Identifier: GPL-2.0
/* Servers. */
#include "client.h"
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define LISTENER (1ULL << 32)

static int listen_on(const union address *addr, unsigned int port, int protocol, int backlog)
{
	int fd = open_socket(addr->sa.sa_family, protocol);
	union address name = *addr;

	name.in.sin_port = htons(port);
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, &name.sa, address_len(&name)))
		fail_errno("bind");
	if (listen(fd, backlog))
		fail_errno("listen");
	return fd;
}

static void watch(int epoll, int fd, uint64_t flag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = fd | flag};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		fail_errno("epoll_ctl");
}

/* The client must close first, so that TIME_WAIT is on its side. */
static bool drain(int fd)
{
	char buf[4096];
	ssize_t n;

	do {
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	} while (n > 0);
	if (n < 0 && errno == EAGAIN)
		return false;
	close(fd);
	return true;
}

static void serve_ports(const struct job *job, int protocol)
{
	struct epoll_event events[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct rlimit limit;
	int i, n, fd;

	if (epoll < 0)
		fail_errno("epoll_create1");
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (i = -1; i < job->nargs; i++) {
		unsigned int port = i < 0 ? port_of(&job->dst) : job->args[i];

		fd = listen_on(&job->dst, port, protocol, SOMAXCONN);
		set_nonblocking(fd);
		/* A kernel without fast open can still serve everything else. */
		if (!protocol)
			setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN, &(int){256}, sizeof(int));
		watch(epoll, fd, LISTENER);
	}
	puts("ready");
	for (;;) {
		n = epoll_wait(epoll, events, 64, -1);
		for (i = 0; i < n; i++) {
			int ready = (int)(uint32_t)events[i].data.u64;

			if (!(events[i].data.u64 & LISTENER)) {
				drain(ready);
				continue;
			}
			while ((fd = accept4(ready, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
				if (!drain(fd))
					watch(epoll, fd, 0);
			}
		}
	}
}

void serve(const struct job *job)
{
	serve_ports(job, 0);
}

void serve_mptcp(const struct job *job)
{
	serve_ports(job, IPPROTO_MPTCP);
}

void serve_backlog(const struct job *job)
{
	listen_on(&job->dst, port_of(&job->dst), 0, 0);
	puts("ready");
	for (;;)
		pause();
}
