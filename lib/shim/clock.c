// SPDX-License-Identifier: MIT
#include <stdint.h>
#include <time.h>
#include "shim.h"

/* How close two readings of one clock must be to tell what another was between them. */
#define CLOSE_NS 1000
#define TRIES	 5

/* CLOCK_MONOTONIC in ns, which bpf_ktime_get_ns() tells too; exact for the first 104 days of
 * uptime. */
EXPORT double shim_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

static int64_t read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * CLOCK_REALTIME minus CLOCK_MONOTONIC in us; a double is exact to a quarter of one. It changes
 * when the clock is set or adjusted.
 */
EXPORT double shim_wall_clock_offset(void)
{
	int64_t offset = 0, least = INT64_MAX;

	/* If the thread loses the CPU between two readings, the result is wrong by that time:
	 * retry. */
	for (int i = 0; i < TRIES && least > CLOSE_NS; i++) {
		int64_t before = read_ns(CLOCK_MONOTONIC);
		int64_t wall = read_ns(CLOCK_REALTIME);
		int64_t took = read_ns(CLOCK_MONOTONIC) - before;

		if (took < least) {
			least = took;
			offset = wall - before - took / 2;
		}
	}
	return offset / 1000.0;
}
