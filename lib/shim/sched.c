// SPDX-License-Identifier: MIT
#include <linux/sched.h>
#include <sched.h>
#include "shim.h"

/* Sets SCHED_BATCH for the calling thread, unless it has another policy than the default. */
EXPORT void shim_never_preempt(void)
{
	const struct sched_param param = {0};

	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &param);
}
