// SPDX-License-Identifier: GPL-2.0
/* Cases: several calls, one or two attempts. */
#include "client.h"
#include <unistd.h>

void case_again(const struct job *job)
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

void case_reconnect(const struct job *job)
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

void case_two_refused(const struct job *job)
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

void case_family_mix(const struct job *job)
{
	bool v6 = job->dst.sa.sa_family == AF_INET6;
	union address other;

	parse_address(v6 ? "127.0.0.1" : "::1", port_of(&job->dst), &other);
	must_fail(AF_INET, v6 ? &job->dst : &other);
	must_fail(AF_INET6, v6 ? &other : &job->dst);
}
