// SPDX-License-Identifier: MIT
#include <stdint.h>
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

/* Sleeps, at most until a signal comes. */
EXPORT void shim_pause(uint32_t ms)
{
	struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}
