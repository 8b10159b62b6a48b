// SPDX-License-Identifier: MIT
/*
 * Signals that only count. A runtime runs its handlers when its event loop turns; a loop that waits
 * in C needs neither: the wait ends with EINTR, and the count tells why.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/time.h>
#include "shim.h"

static volatile sig_atomic_t count;

/*
 * A wait that begins just after the count was asked would sleep through the signal, so alarms go on
 * to interrupt it.
 */
static void on_signal(int signal)
{
	const struct itimerval often = {{.tv_usec = 10000}, {.tv_usec = 10000}};

	if (signal == SIGALRM)
		return;
	count++;
	setitimer(ITIMER_REAL, &often, NULL);
}

/* Counts a signal from now on; one that is ignored stays so, unless even_if_ignored. */
EXPORT int shim_signal_catch(int signal, bool even_if_ignored)
{
	struct sigaction action = {.sa_handler = on_signal}, old;

	if (sigaction(signal, NULL, &old))
		return -errno;
	if (old.sa_handler == SIG_IGN && !even_if_ignored)
		return 0;
	if (sigaction(SIGALRM, &action, NULL) || sigaction(signal, &action, NULL))
		return -errno;
	return 0;
}

/* How many have come; where the number stands, for it is asked again and again. */
EXPORT volatile sig_atomic_t *shim_signal_count(void)
{
	return &count;
}
