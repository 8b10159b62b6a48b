// SPDX-License-Identifier: GPL-2.0
/* Cases: no answer, other owners. */
#include "client.h"
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void abandon(const struct job *job, bool abortive)
{
	struct attempt a = open_attempt(&job->dst);

	if (abortive)
		set_abortive(a.fd);
	connect_nonblocking(&a);
	await_answer(&a, job->args[0]);
	give_up(&a);
}

void case_giveup(const struct job *job)
{
	abandon(job, false);
}

void case_linger(const struct job *job)
{
	abandon(job, true);
}

void case_sndtimeo(const struct job *job)
{
	struct timeval tv = {.tv_sec = job->args[0] / 1000, .tv_usec = job->args[0] % 1000 * 1000};
	struct attempt a = open_attempt(&job->dst);

	set_option(a.fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	connect_blocking(&a);
	if (a.result == EINPROGRESS)
		a.result = PENDING;
	give_up(&a);
}

void case_hold(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);

	connect_nonblocking(&a);
	await_answer(&a, job->args[0]);
	report(&a);
	sleep_until(a.start + job->args[0] * NSEC_PER_MSEC);
	close(a.fd);
}

void case_die(const struct job *job)
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

void case_fork(const struct job *job)
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
