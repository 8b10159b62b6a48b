// SPDX-License-Identifier: MIT
/*
 * Signals that are only counted. A runtime runs its handlers in its event loop, which does not run
 * while the program waits in C. Here the signal ends the wait with EINTR, and the count says why.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include "shim.h"

static volatile sig_atomic_t count;

static void on_alarm(int signal)
{
	(void)signal;
}

/*
 * A wait that begins just after the count was read would miss the signal. So alarms follow, which
 * interrupt it. SIGALRM is taken over no earlier than now: until then an alarm that was set before
 * the process began (alarm(2) survives execve(2)) ends the process as it would any other.
 * sigaction() may be called in a handler (signal-safety(7)); setitimer() is a plain system call.
 */
static void on_signal(int signal)
{
	const struct sigaction interrupt = {.sa_handler = on_alarm};
	const struct itimerval often = {{.tv_usec = 10000}, {.tv_usec = 10000}};
	int saved = errno;

	(void)signal;
	count++;
	sigaction(SIGALRM, &interrupt, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	errno = saved;
}

/* Counts a signal from now on. One that is ignored stays ignored. 0 or a negative errno. */
EXPORT int shim_signal_catch(int signal)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct sigaction old;

	if (sigaction(signal, NULL, &old))
		return -errno;
	if (old.sa_handler == SIG_IGN)
		return 0;
	return sigaction(signal, &action, NULL) ? -errno : 0;
}

/* Where the count of signals is. */
EXPORT volatile sig_atomic_t *shim_signal_count(void)
{
	return &count;
}
