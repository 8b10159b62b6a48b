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
