// SPDX-License-Identifier: GPL-2.0
/* Case: an address length that is none. */
#include "client.h"
#include <string.h>
#include <unistd.h>

/* What lies behind the length given is the rest of ADDR: nobody may take it for passed. */
void case_short(const struct job *job)
{
	struct attempt a = open_attempt(&job->dst);
	char passed[UINT8_MAX] = {0};
	size_t len = job->args[0];

	memcpy(passed, &job->dst, sizeof(job->dst));
	a.start = now();
	settle(&a, connect(a.fd, (struct sockaddr *)passed, len) ? errno : 0);
	if (a.result != EINVAL)
		fail("not EINVAL: %s", a.result ? errno_name(a.result) : "ok");
	/* Without a family it is no address, and a longer one than any is not read. */
	if (len >= sizeof(sa_family_t) && len <= sizeof(struct sockaddr_storage)) {
		if (len < sizeof(a.dst))
			memset((char *)&a.dst + len, 0, sizeof(a.dst) - len);
		report(&a);
	}
	close(a.fd);
}
