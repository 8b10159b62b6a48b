// SPDX-License-Identifier: GPL-2.0
/* The monotonic clock. */
#include "client.h"
#include <time.h>

int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

/* A time of now() by the wall clock, in us since 1970. */
int64_t wall_us(int64_t when)
{
	int64_t before, after;
	struct timespec ts;
	int tries = 100;

	/* Again if the CPU was lost between the readings. */
	do {
		before = now();
		clock_gettime(CLOCK_REALTIME, &ts);
		after = now();
	} while (after - before > 10000 && --tries);
	return (ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec - before + when) / 1000;
}

void sleep_until(int64_t when)
{
	struct timespec ts = {.tv_sec = when / NSEC_PER_SEC, .tv_nsec = when % NSEC_PER_SEC};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}
