// SPDX-License-Identifier: GPL-2.0
/* Case: two threads that connect the same socket at once. */
#include "client.h"
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct racer {
	const struct job *job;
	struct attempt *attempts; /* one for each socket */
	int *left;		  /* threads that have not come to it yet, for each socket */
};

static void *race_main(void *arg)
{
	const struct racer *racer = arg;
	unsigned long i;

	for (i = 0; i < racer->job->args[0]; i++) {
		struct attempt *a = &racer->attempts[i];

		__atomic_fetch_sub(&racer->left[i], 1, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&racer->left[i], __ATOMIC_SEQ_CST))
			;
		a->start = now();
		settle(a, connect_errno(a->fd, &a->dst));
	}
	return NULL;
}

static void report_call(struct attempt *a)
{
	if (a->result == EISCONN || a->result == EALREADY)
		return;
	if (a->result == EINPROGRESS)
		a->result = CLOSED;
	learn_names(a);
	report(a);
}

/*
 * Prints a line for each call that may have been an attempt, by its errno: of two that fail with
 * the same one, the second may have been an attempt of its own, or have waited for the first.
 */
static void report_race(struct attempt *one, struct attempt *other)
{
	/* If either succeeds, the other has found it under way. */
	if (one->result)
		report_call(other);
	if (other->result || !one->result)
		report_call(one);
}

void case_race(const struct job *job)
{
	unsigned long n = job->args[0], i;
	struct attempt *attempts = calloc(2 * n, sizeof(*attempts));
	int *left = calloc(n, sizeof(*left)), k;
	pthread_t threads[2];
	struct racer racers[2];

	if (!attempts || !left)
		fail_errno("calloc");
	for (i = 0; i < n; i++) {
		attempts[i] = attempts[n + i] = open_attempt(&job->dst);
		left[i] = 2;
		if (job->nargs > 1)
			set_nonblocking(attempts[i].fd);
	}
	for (k = 0; k < 2; k++) {
		racers[k] = (struct racer){job, attempts + k * n, left};
		if (pthread_create(&threads[k], NULL, race_main, &racers[k]))
			fail("no thread");
	}
	for (k = 0; k < 2; k++)
		pthread_join(threads[k], NULL);
	for (i = 0; i < n; i++) {
		report_race(&attempts[i], &attempts[n + i]);
		close(attempts[i].fd);
	}
	free(attempts);
	free(left);
}
