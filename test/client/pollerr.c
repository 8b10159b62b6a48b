// SPDX-License-Identifier: GPL-2.0
/* Case: a program that gives up when it is woken for an error, whatever that is. */
#include "client.h"
#include <poll.h>
#include <unistd.h>

/* Does not ask which error it was woken for: that is told by a second attempt, which does. */
void case_pollerr(const struct job *job)
{
	struct attempt first = open_attempt(&job->dst), second = first;
	struct pollfd pfd = {.fd = first.fd, .events = POLLOUT};

	connect_nonblocking(&first);
	if (poll(&pfd, 1, FOREVER) < 0)
		fail_errno("poll");
	if (!(pfd.revents & POLLERR))
		fail("no POLLERR");
	close(first.fd);
	first.end = now();

	second = open_attempt(&job->dst);
	connect_nonblocking(&second);
	await_answer(&second, FOREVER);
	first.result = second.result;
	report(&first);
	finish_failed(&second);
}
