// SPDX-License-Identifier: GPL-2.0
/* Cases: no TCP connect at all. */
#include "client.h"
#include <sys/un.h>
#include <unistd.h>

void case_udp(const struct job *job)
{
	int fd = socket(job->dst.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		unsupported("no UDP", errno);
	if (connect(fd, &job->dst.sa, address_len(&job->dst)))
		fail_errno("connect");
	close(fd);
}

void case_unix(const struct job *job)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "\0nobody-listens"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)job;
	if (fd < 0)
		unsupported("no Unix sockets", errno);
	if (!connect(fd, (struct sockaddr *)&name, sizeof(name)) || errno != ECONNREFUSED)
		fail_errno("connect");
	close(fd);
}
