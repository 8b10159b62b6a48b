// SPDX-License-Identifier: MIT
#include <time.h>
#include "shim.h"

/* CLOCK_MONOTONIC in ns, which bpf_ktime_get_ns() tells too; exact for the first 104 days of
 * uptime. */
EXPORT double shim_monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e9 + now.tv_nsec;
}

/*
 * CLOCK_REALTIME minus CLOCK_MONOTONIC in us: a double holds that to a quarter. It changes when the
 * clock is set or adjusted.
 */
EXPORT double shim_wall_clock_offset(void)
{
	struct timespec wall, now;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (wall.tv_sec - now.tv_sec) * 1e6 + (wall.tv_nsec - now.tv_nsec) / 1e3;
}
