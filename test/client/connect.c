// SPDX-License-Identifier: GPL-2.0
/* Cases: ways to connect. */
#include "client.h"
#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

void case_tcp(const struct job *job)
{
	make_blocking(open_socket(job->dst.sa.sa_family, 0), &job->dst);
}

static union address mapped(const struct job *job)
{
	char text[sizeof("::ffff:") + INET_ADDRSTRLEN] = "::ffff:";
	union address dst;

	if (job->dst.sa.sa_family != AF_INET)
		bad_usage("not an IPv4 address", job->addr_text);
	parse_address(strcat(text, job->addr_text), port_of(&job->dst), &dst);
	return dst;
}

void case_mapped(const struct job *job)
{
	union address dst = mapped(job);

	make_blocking(open_socket(AF_INET6, 0), &dst);
}

void case_any(const struct job *job)
{
	int family = job->dst.sa.sa_family;
	union address dst;

	parse_address(family == AF_INET6 ? "::" : "0.0.0.0", port_of(&job->dst), &dst);
	make_blocking(open_socket(family, 0), &dst);
}

void case_nonblock(const struct job *job)
{
	make_nonblocking(&job->dst);
}

void case_nonblock_mapped(const struct job *job)
{
	union address dst = mapped(job);

	make_nonblocking(&dst);
}

void case_bound(const struct job *job)
{
	union address src = {.sa.sa_family = job->dst.sa.sa_family};
	struct attempt a = open_attempt(&job->dst);

	if (job->args[0] > UINT16_MAX)
		bad_usage("bad number", "source port");
	set_option(a.fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	set_abortive(a.fd);
	src.in.sin_port = htons(job->args[0]);
	if (bind(a.fd, &src.sa, address_len(&src)))
		fail_errno("bind");
	connect_blocking(&a);
	finish(&a);
}

static void *thread_main(void *job)
{
	set_name(case_name);
	case_tcp(job);
	return NULL;
}

void case_thread(const struct job *job)
{
	pthread_t thread;

	set_name("thread-main");
	if (pthread_create(&thread, NULL, thread_main, (void *)job))
		fail("no thread");
	pthread_join(thread, NULL);
}

void case_mptcp(const struct job *job)
{
	make_blocking(open_socket(job->dst.sa.sa_family, IPPROTO_MPTCP), &job->dst);
}

void case_tfo_send(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);
	ssize_t n;

	a.start = now();
	n = sendto(a.fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, &a.dst.sa, address_len(&a.dst));
	settle(&a, n < 0 ? errno : 0);
	if (a.result == EOPNOTSUPP)
		unsupported("no fast open", a.result);
	learn_names(&a);
	finish(&a);
}

void case_tfo_connect(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);
	int err;

	if (setsockopt(a.fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &(int){1}, sizeof(int)))
		unsupported("no TCP_FASTOPEN_CONNECT", errno);
	a.start = now();
	err = connect_errno(a.fd, &a.dst);
	/* With a cookie at hand connect() has sent nothing yet: the answer comes to the write. */
	if (!err && send(a.fd, "x", 1, MSG_NOSIGNAL) < 0)
		err = errno;
	settle(&a, err);
	learn_names(&a);
	finish(&a);
}

static void io_uring_connect(struct attempt *a)
{
	struct io_uring_params p = {0};
	int ring = syscall(SYS_io_uring_setup, 1, &p);
	size_t size, cq_size, sqes_size;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqe;
	char *rings;

	if (ring < 0)
		unsupported("no io_uring", errno);
	if (!(p.features & IORING_FEAT_SINGLE_MMAP))
		unsupported("io_uring too old", ENOSYS);
	size = p.sq_off.array + p.sq_entries * sizeof(__u32);
	cq_size = p.cq_off.cqes + p.cq_entries * sizeof(*cqe);
	if (size < cq_size)
		size = cq_size;
	sqes_size = p.sq_entries * sizeof(*sqes);
	rings = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, sqes_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (rings == MAP_FAILED || sqes == MAP_FAILED)
		fail_errno("mmap");

	sqes[0] = (struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
					.fd = a->fd,
					.addr = (uintptr_t)&a->dst,
					.off = address_len(&a->dst)};
	*(__u32 *)(rings + p.sq_off.array) = 0;
	__atomic_store_n((__u32 *)(rings + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	a->start = now();
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		fail_errno("io_uring_enter");
	if (!__atomic_load_n((__u32 *)(rings + p.cq_off.tail), __ATOMIC_ACQUIRE))
		fail("no completion");
	cqe = (struct io_uring_cqe *)(rings + p.cq_off.cqes);
	settle(a, -cqe->res);
	munmap(sqes, sqes_size);
	munmap(rings, size);
	close(ring);
}

void case_io_uring(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);

	io_uring_connect(&a);
	learn_names(&a);
	finish(&a);
}
