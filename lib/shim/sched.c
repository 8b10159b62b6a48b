// SPDX-License-Identifier: MIT
#include <linux/sched.h>
#include <sched.h>
#include "shim.h"

/* SCHED_BATCH for a thread whose policy nobody chose. */
EXPORT void shim_never_preempt(void)
{
	const struct sched_param param = {0};

	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &param);
}
