// SPDX-License-Identifier: MIT
/* Local time. */
#include <stdint.h>
#include <time.h>
#include "shim.h"

/*
 * By how many seconds local time is ahead of UTC at a time (s since 1970): of TZ, or of
 * /etc/localtime, as tzset(3) says. 0 for a time that it cannot tell.
 */
EXPORT int32_t shim_utc_offset(double when)
{
	time_t time = when;
	struct tm local;

	tzset();
	return localtime_r(&time, &local) ? local.tm_gmtoff : 0;
}
