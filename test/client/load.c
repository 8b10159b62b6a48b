// SPDX-License-Identifier: GPL-2.0
/* Cases: load. */
#include "client.h"
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHILDREN 64

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

void case_burst(const struct job *job)
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

void case_rate(const struct job *job)
{
	struct load load = new_load(job);
	unsigned long i;

	for (i = 0; i < job->args[0]; i++) {
		pace(&load, i, job->args[1]);
		load.done[quick_connect(&load.dst)]++;
	}
	summary(&load);
}

void case_spawn_child(const struct job *job)
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

void case_spawn(const struct job *job)
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
