// SPDX-License-Identifier: GPL-2.0
/*
 * Makes real TCP connects in every way a connect tracer must cope with, and prints what the client
 * itself saw, one line for each attempt:
 *
 *	PID COMM IP SADDR SPORT DADDR DPORT RESULT LAT_US
 *
 * Static and without dependencies, so that it also runs in a guest that holds nothing else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_USAGE	 64
#define EXIT_UNSUPPORTED 77

/* Beside 0 and the errno values, what can become of an attempt. */
#define PENDING (-1)
#define CLOSED	(-2)

#define FOREVER	      (-1)
#define MAX_CHILDREN  64
#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* What the command line asks for. All arguments after PORT are numbers. */
struct job {
	const char *addr_text;
	const char *port_text;
	union address dst;
	unsigned long *args;
	int nargs;
};

struct test_case {
	const char *name;
	const char *args;
	const char *help;
	int min_args;
	int max_args;
	unsigned long least; /* smallest value that an argument may have */
	void (*run)(const struct job *job);
};

struct attempt {
	int fd;
	pid_t pid;
	char comm[16];
	union address dst;
	union address local;
	int64_t start;
	int64_t end;
	int result;
};

static const char *case_name = "client";

static const char usage[] = "usage: client [-n COUNT] [-u UID] CASE ADDR PORT [ARGS]\n";

/* --- ends --- */

static const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "EUNKNOWN";
}

static __attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "client: %s: ", case_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static __attribute__((noreturn)) void fail_errno(const char *what)
{
	fail("%s: %s", what, errno_name(errno));
}

static __attribute__((noreturn)) void unsupported(const char *reason, int err)
{
	fprintf(stderr, "unsupported: %s: %s: %s\n", case_name, reason, errno_name(err));
	exit(EXIT_UNSUPPORTED);
}

static __attribute__((noreturn)) void bad_usage(const char *what, const char *value)
{
	fprintf(stderr, "client: %s: %s\n%s", what, value, usage);
	exit(EXIT_USAGE);
}

/* --- time, names, addresses --- */

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void sleep_until(int64_t when)
{
	struct timespec ts = {.tv_sec = when / NSEC_PER_SEC, .tv_nsec = when % NSEC_PER_SEC};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void set_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

static bool is_mapped(const union address *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr);
}

static int ip_version(const union address *a)
{
	return a->sa.sa_family == AF_INET6 && !is_mapped(a) ? 6 : 4;
}

static const void *address_bytes(const union address *a)
{
	if (a->sa.sa_family != AF_INET6)
		return &a->in.sin_addr;
	return &a->in6.sin6_addr.s6_addr[is_mapped(a) ? 12 : 0];
}

static bool is_any(const union address *a)
{
	return !memcmp(address_bytes(a), &in6addr_any, ip_version(a) == 6 ? 16 : 4);
}

static socklen_t address_len(const union address *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

/* The port is at the same offset in both families. */
static unsigned int port_of(const union address *a)
{
	return ntohs(a->in.sin_port);
}

static const char *address_text(const union address *a, char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(ip_version(a) == 6 ? AF_INET6 : AF_INET, address_bytes(a), text,
			 INET6_ADDRSTRLEN);
}

static bool parse_address(const char *text, unsigned int port, union address *a)
{
	memset(a, 0, sizeof(*a));
	a->in.sin_port = htons(port);
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1)
		a->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1)
		a->sa.sa_family = AF_INET6;
	return a->sa.sa_family != AF_UNSPEC;
}

static unsigned long parse_number(const char *text, unsigned long least, unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < least || value > most)
		bad_usage("bad number", text);
	return value;
}

/* --- attempts --- */

static int open_socket(int family, int protocol)
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

static void set_option(int fd, int level, int name, const void *value, socklen_t len)
{
	if (setsockopt(fd, level, name, value, len))
		fail_errno("setsockopt");
}

/* A close then resets the connection: the port is free at once. */
static void set_abortive(int fd)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	set_option(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void set_nonblocking(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail_errno("fcntl");
}

static struct attempt attempt_on(int fd, const union address *dst)
{
	struct attempt a = {.fd = fd, .pid = getpid(), .dst = *dst, .result = PENDING};

	prctl(PR_GET_NAME, a.comm);
	return a;
}

static struct attempt open_attempt(const union address *dst)
{
	return attempt_on(open_socket(dst->sa.sa_family, 0), dst);
}

static void settle(struct attempt *a, int result)
{
	a->end = now();
	a->result = result;
}

/* A blocking connect that has failed leaves the port behind, but not the address. */
static void learn_names(struct attempt *a)
{
	socklen_t len = sizeof(a->local);
	union address name;

	if (!port_of(&a->local) && getsockname(a->fd, &a->local.sa, &len))
		fail_errno("getsockname");
	len = sizeof(name);
	if (!getpeername(a->fd, &name.sa, &len))
		a->dst = name;
}

static int connect_errno(int fd, const union address *dst)
{
	return connect(fd, &dst->sa, address_len(dst)) ? errno : 0;
}

static void connect_blocking(struct attempt *a)
{
	a->start = now();
	settle(a, connect_errno(a->fd, &a->dst));
	learn_names(a);
}

static void connect_nonblocking(struct attempt *a)
{
	int err;

	set_nonblocking(a->fd);
	a->start = now();
	err = connect_errno(a->fd, &a->dst);
	settle(a, err == EINPROGRESS ? PENDING : err);
	learn_names(a);
}

static void await_answer(struct attempt *a, int timeout_ms)
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

static const char *result_text(int result)
{
	if (result == PENDING)
		return "pending";
	if (result == CLOSED)
		return "closed";
	return result ? errno_name(result) : "ok";
}

static void report(const struct attempt *a)
{
	char src_text[INET6_ADDRSTRLEN], dst_text[INET6_ADDRSTRLEN];
	const char *src = address_text(&a->local, src_text);
	const char *dst = address_text(&a->dst, dst_text);
	int ip = ip_version(&a->dst);

	/* As a destination the unspecified address means loopback. */
	if (is_any(&a->local))
		src = ip == 6 ? "::" : "0.0.0.0";
	if (is_any(&a->dst))
		dst = ip == 6 ? "::1" : "127.0.0.1";
	printf("%d %s %d %s %u %s %u %s %lld\n", a->pid, a->comm, ip, src, port_of(&a->local), dst,
	       port_of(&a->dst), result_text(a->result), (long long)(a->end - a->start) / 1000);
}

static void finish(struct attempt *a)
{
	report(a);
	close(a->fd);
}

/* The end of the cases that are about an attempt without an answer. */
static void give_up(struct attempt *a)
{
	bool answered = a->result != PENDING;

	close(a->fd);
	if (!answered)
		settle(a, CLOSED);
	report(a);
	if (answered)
		fail("answered: %s", result_text(a->result));
}

static void make_blocking(int fd, const union address *dst)
{
	struct attempt a = attempt_on(fd, dst);

	connect_blocking(&a);
	finish(&a);
}

static void wait_child(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		fail_errno("waitpid");
	if (status)
		exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

static pid_t fork_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail_errno("fork");
	return pid;
}

/* --- cases: ways to connect --- */

static void case_tcp(const struct job *job)
{
	make_blocking(open_socket(job->dst.sa.sa_family, 0), &job->dst);
}

static void case_mapped(const struct job *job)
{
	char text[sizeof("::ffff:") + INET_ADDRSTRLEN] = "::ffff:";
	union address dst;

	if (job->dst.sa.sa_family != AF_INET)
		bad_usage("not an IPv4 address", job->addr_text);
	parse_address(strcat(text, job->addr_text), port_of(&job->dst), &dst);
	make_blocking(open_socket(AF_INET6, 0), &dst);
}

static void case_any(const struct job *job)
{
	int family = job->dst.sa.sa_family;
	union address dst;

	parse_address(family == AF_INET6 ? "::" : "0.0.0.0", port_of(&job->dst), &dst);
	make_blocking(open_socket(family, 0), &dst);
}

static void case_nonblock(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);

	connect_nonblocking(&a);
	await_answer(&a, FOREVER);
	finish(&a);
}

static void case_bound(const struct job *job)
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

static void case_thread(const struct job *job)
{
	pthread_t thread;

	set_name("thread-main");
	if (pthread_create(&thread, NULL, thread_main, (void *)job))
		fail("no thread");
	pthread_join(thread, NULL);
}

static void case_mptcp(const struct job *job)
{
	make_blocking(open_socket(job->dst.sa.sa_family, IPPROTO_MPTCP), &job->dst);
}

static void case_tfo_send(const struct job *job)
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

static void case_tfo_connect(const struct job *job)
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

static void case_io_uring(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);

	io_uring_connect(&a);
	learn_names(&a);
	finish(&a);
}

/* --- cases: several calls, one or two attempts --- */

static void case_again(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);
	int err;

	connect_nonblocking(&a);
	if (a.result == PENDING) {
		err = connect_errno(a.fd, &job->dst);
		if (err != EALREADY)
			settle(&a, err == EISCONN ? 0 : err);
		learn_names(&a);
	}
	await_answer(&a, job->nargs ? (int)job->args[0] : FOREVER);
	if (a.result == PENDING) {
		give_up(&a);
		return;
	}
	if (!a.result) {
		/* The first call after the handshake may still say that it succeeded. */
		err = connect_errno(a.fd, &job->dst);
		if (err && err != EISCONN)
			fail("connect on an established socket: %s", errno_name(err));
		err = connect_errno(a.fd, &job->dst);
		if (err != EISCONN)
			fail("no EISCONN: %s", err ? errno_name(err) : "ok");
	}
	finish(&a);
}

static void case_reconnect(const struct job *job)
{
	struct sockaddr unspec = {.sa_family = AF_UNSPEC};
	struct attempt a = open_attempt(&job->dst);

	connect_blocking(&a);
	report(&a);
	if (connect(a.fd, &unspec, sizeof(unspec)))
		fail_errno("disconnect");
	a = attempt_on(a.fd, &job->dst);
	connect_blocking(&a);
	finish(&a);
}

static void case_two_refused(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);
	int i;

	for (i = 0; i < 2; i++) {
		a = attempt_on(a.fd, &job->dst);
		connect_blocking(&a);
		report(&a);
		if (a.result != ECONNREFUSED)
			fail("not refused");
	}
	close(a.fd);
}

static void must_fail(int socket_family, const union address *dst)
{
	struct attempt a = attempt_on(open_socket(socket_family, 0), dst);

	connect_blocking(&a);
	finish(&a);
	if (!a.result)
		fail("connected");
}

static void case_family_mix(const struct job *job)
{
	bool v6 = job->dst.sa.sa_family == AF_INET6;
	union address other;

	parse_address(v6 ? "127.0.0.1" : "::1", port_of(&job->dst), &other);
	must_fail(AF_INET, v6 ? &job->dst : &other);
	must_fail(AF_INET6, v6 ? &other : &job->dst);
}

/* --- cases: no answer, other owners --- */

static void abandon(const struct job *job, bool abortive)
{
	struct attempt a = open_attempt(&job->dst);

	if (abortive)
		set_abortive(a.fd);
	connect_nonblocking(&a);
	await_answer(&a, job->args[0]);
	give_up(&a);
}

static void case_giveup(const struct job *job)
{
	abandon(job, false);
}

static void case_linger(const struct job *job)
{
	abandon(job, true);
}

static void case_sndtimeo(const struct job *job)
{
	struct timeval tv = {.tv_sec = job->args[0] / 1000, .tv_usec = job->args[0] % 1000 * 1000};
	struct attempt a = open_attempt(&job->dst);

	set_option(a.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	connect_blocking(&a);
	if (a.result == EINPROGRESS)
		a.result = PENDING;
	give_up(&a);
}

static void case_hold(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);

	connect_nonblocking(&a);
	await_answer(&a, job->args[0]);
	report(&a);
	sleep_until(a.start + job->args[0] * NSEC_PER_MSEC);
	close(a.fd);
}

static void case_die(const struct job *job)
{
	pid_t pid = fork_child();
	struct attempt a;

	if (pid) {
		wait_child(pid);
		return;
	}
	a = open_attempt(&job->dst);
	connect_nonblocking(&a);
	await_answer(&a, job->args[0]);
	if (a.result == PENDING)
		settle(&a, CLOSED);
	report(&a);
	sleep_until(a.start + job->args[0] * NSEC_PER_MSEC);
	_exit(EXIT_SUCCESS);
}

static void case_fork(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);
	pid_t pid;

	connect_nonblocking(&a);
	pid = fork_child();
	if (pid) {
		close(a.fd);
		wait_child(pid);
		return;
	}
	set_name("fork-child");
	await_answer(&a, FOREVER);
	finish(&a);
	_exit(EXIT_SUCCESS);
}

/* --- cases: no TCP connect at all --- */

static void case_udp(const struct job *job)
{
	int fd = socket(job->dst.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		unsupported("no UDP", errno);
	if (connect(fd, &job->dst.sa, address_len(&job->dst)))
		fail_errno("connect");
	close(fd);
}

static void case_unix(const struct job *job)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0nobody-listens"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)job;
	if (fd < 0)
		unsupported("no Unix sockets", errno);
	if (!connect(fd, (struct sockaddr *)&name, sizeof(name)) || errno != ECONNREFUSED)
		fail_errno("connect");
	close(fd);
}

/* --- cases: load --- */

static bool quick_connect(const union address *dst)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};
	int fd = socket(dst->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	ok = !connect_errno(fd, dst);
	close(fd);
	return ok;
}

/* What a load case has made: done[true] succeeded, done[false] failed. */
struct load {
	union address dst;
	int64_t start;
	long left;
	long done[2];
};

static struct load new_load(const struct job *job)
{
	return (struct load){.dst = job->dst, .start = now(), .left = job->args[0]};
}

static void summary(const struct load *load)
{
	printf("made %ld ok %ld failed %ld seconds %.3f\n", load->done[0] + load->done[1],
	       load->done[1], load->done[0], (double)(now() - load->start) / NSEC_PER_SEC);
}

static void *burst_main(void *arg)
{
	struct load *load = arg;

	while (__atomic_fetch_sub(&load->left, 1, __ATOMIC_RELAXED) > 0) {
		bool ok = quick_connect(&load->dst);

		__atomic_fetch_add(&load->done[ok], 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void case_burst(const struct job *job)
{
	unsigned long nthreads = job->nargs > 1 ? job->args[1] : 1, i;
	pthread_t *threads = calloc(nthreads, sizeof(*threads));
	struct load load = new_load(job);

	if (!threads)
		fail_errno("calloc");
	for (i = 0; i < nthreads; i++) {
		if (pthread_create(&threads[i], NULL, burst_main, &load))
			fail("no thread");
	}
	for (i = 0; i < nthreads; i++)
		pthread_join(threads[i], NULL);
	summary(&load);
	free(threads);
}

/* Absolute deadlines: a slow connect does not lower the rate of those that follow. */
static void pace(const struct load *load, unsigned long i, unsigned long per_second)
{
	sleep_until(load->start + (int64_t)((double)i / per_second * NSEC_PER_SEC));
}

static void case_rate(const struct job *job)
{
	struct load load = new_load(job);
	unsigned long i;

	for (i = 0; i < job->args[0]; i++) {
		pace(&load, i, job->args[1]);
		load.done[quick_connect(&load.dst)]++;
	}
	summary(&load);
}

static void case_spawn_child(const struct job *job)
{
	set_name("spawn");
	_exit(quick_connect(&job->dst) ? EXIT_SUCCESS : EXIT_FAILURE);
}

static bool reap(struct load *load, int flags)
{
	int status;

	if (waitpid(-1, &status, flags) <= 0)
		return false;
	load->done[!status]++;
	return true;
}

static void case_spawn(const struct job *job)
{
	char *argv[] = {"client", "spawn-child", (char *)job->addr_text, (char *)job->port_text,
			NULL};
	struct load load = new_load(job);
	unsigned long i, running = 0;
	pid_t pid;
	int err;

	for (i = 0; i < job->args[0]; i++) {
		pace(&load, i, job->args[1]);
		err = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
		if (err)
			fail("spawn: %s", errno_name(err));
		running++;
		while (running && reap(&load, running < MAX_CHILDREN ? WNOHANG : 0))
			running--;
	}
	while (running && reap(&load, 0))
		running--;
	summary(&load);
}

/* --- servers --- */

#define LISTENER (1ULL << 32)

static void on_term(int sig)
{
	(void)sig;
	_exit(EXIT_SUCCESS);
}

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

static void serve(const struct job *job)
{
	serve_ports(job, 0);
}

static void serve_mptcp(const struct job *job)
{
	serve_ports(job, IPPROTO_MPTCP);
}

static void serve_backlog(const struct job *job)
{
	listen_on(&job->dst, port_of(&job->dst), 0, 0);
	puts("ready");
	for (;;)
		pause();
}

/* --- command line --- */

static const struct test_case cases[] = {
	{"tcp", "", "blocking connect, IPv4 or IPv6", 0, 0, 0, case_tcp},
	{"mapped", "", "AF_INET6 socket to ::ffff:ADDR (ADDR is IPv4)", 0, 0, 0, case_mapped},
	{"any", "", "connect to 0.0.0.0 or ::, by the family of ADDR", 0, 0, 0, case_any},
	{"nonblock", "", "EINPROGRESS, poll, SO_ERROR", 0, 0, 0, case_nonblock},
	{"bound", "SPORT", "source port bound first; abortive close", 1, 1, 1, case_bound},
	{"thread", "", "in a second thread with its own name", 0, 0, 0, case_thread},
	{"mptcp", "", "MPTCP socket", 0, 0, 0, case_mptcp},
	{"tfo-send", "", "sendto with MSG_FASTOPEN", 0, 0, 0, case_tfo_send},
	{"tfo-connect", "", "TCP_FASTOPEN_CONNECT, then a write", 0, 0, 0, case_tfo_connect},
	{"io_uring", "", "IORING_OP_CONNECT", 0, 0, 0, case_io_uring},
	{"again", "[MS]", "connect() repeated before and after the answer", 0, 1, 0, case_again},
	{"reconnect", "", "connect, AF_UNSPEC, connect: two attempts", 0, 0, 0, case_reconnect},
	{"two-refused", "", "one socket refused twice: two attempts", 0, 0, 0, case_two_refused},
	{"family-mix", "", "addresses of the socket's other family", 0, 0, 0, case_family_mix},
	{"giveup", "MS", "no answer: closed after MS", 1, 1, 0, case_giveup},
	{"linger", "MS", "no answer: closed after MS with SO_LINGER {1,0}", 1, 1, 0, case_linger},
	{"sndtimeo", "MS", "no answer: ended by SO_SNDTIMEO", 1, 1, 1, case_sndtimeo},
	{"hold", "MS", "held open for MS", 1, 1, 0, case_hold},
	{"die", "MS", "a child exits after MS without closing", 1, 1, 0, case_die},
	{"fork", "", "the parent connects, a child waits for the outcome", 0, 0, 0, case_fork},
	{"udp", "", "UDP connect: no attempt", 0, 0, 0, case_udp},
	{"unix", "", "Unix socket connect: no attempt", 0, 0, 0, case_unix},
	{"burst", "N [THREADS]", "N connects as fast as they come", 1, 2, 1, case_burst},
	{"rate", "N PER_SECOND", "N paced connects", 2, 2, 1, case_rate},
	{"spawn", "N PER_SECOND", "the same, each from a fresh process", 2, 2, 1, case_spawn},
	{"spawn-child", "", NULL, 0, 0, 0, case_spawn_child},
	{0},
};

static const struct test_case servers[] = {
	{"serve", "[PORT...]", "accept on all ports, close after the client", 0, 65535, 1, serve},
	{"serve-mptcp", "[PORT...]", "the same with MPTCP listeners", 0, 65535, 1, serve_mptcp},
	{"serve-backlog", "", "no accept, room for one connection", 0, 0, 0, serve_backlog},
	{0},
};

static void list(const struct test_case *table)
{
	for (; table->name; table++) {
		if (table->help)
			fprintf(stderr, "%-13s %-13s %s\n", table->name, table->args, table->help);
	}
}

static const struct test_case *find(const struct test_case *table, const char *name)
{
	for (; table->name; table++) {
		if (!strcmp(table->name, name))
			return table;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long count = 1, uid = 0, most;
	bool set_uid = false;
	const struct test_case *test;
	struct job job;
	int opt, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	opterr = 0;
	while ((opt = getopt(argc, argv, "+n:u:")) != -1) {
		if (opt == 'n') {
			count = parse_number(optarg, 1, INT32_MAX);
		} else if (opt == 'u') {
			uid = parse_number(optarg, 0, UINT32_MAX - 1);
			set_uid = true;
		} else {
			bad_usage("bad option", argv[optind - 1]);
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		fputs(usage, stderr);
		list(cases);
		list(servers);
		return EXIT_USAGE;
	}
	test = find(cases, argv[0]);
	if (!test)
		test = find(servers, argv[0]);
	if (!test)
		bad_usage("no such case", argv[0]);
	if (argc < 3)
		bad_usage("ADDR PORT missing", argv[0]);
	job = (struct job){.addr_text = argv[1], .port_text = argv[2], .nargs = argc - 3};
	if (!parse_address(argv[1], parse_number(argv[2], 0, UINT16_MAX), &job.dst))
		bad_usage("bad address", argv[1]);
	if (job.nargs < test->min_args || job.nargs > test->max_args)
		bad_usage("wrong number of arguments", test->name);
	job.args = calloc(job.nargs + 1, sizeof(*job.args));
	if (!job.args)
		fail_errno("calloc");
	/* A server's arguments are ports. */
	most = find(servers, test->name) ? UINT16_MAX : INT32_MAX;
	for (i = 0; i < job.nargs; i++)
		job.args[i] = parse_number(argv[3 + i], test->least, most);

	case_name = test->name;
	if (find(servers, case_name))
		signal(SIGTERM, on_term);
	set_name(case_name);
	if (set_uid && setuid(uid))
		fail_errno("setuid");
	while (count--)
		test->run(&job);
	return EXIT_SUCCESS;
}
