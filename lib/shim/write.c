// SPDX-License-Identifier: MIT
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shim.h"

/* write(2), but with a negative errno; a runtime's own costs more than the system call does. */
EXPORT int shim_write(int fd, const void *data, uint32_t size)
{
	ssize_t written = write(fd, data, size);

	return written < 0 ? -errno : written;
}

/* The same for a socket, without waiting for its reader: send(2) with MSG_DONTWAIT. */
EXPORT int shim_send(int fd, const void *data, uint32_t size)
{
	ssize_t sent = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	return sent < 0 ? -errno : sent;
}

/* poll(2) of one descriptor: its revents, 0 after ms milliseconds, or a negative errno. */
EXPORT int shim_poll(int fd, int events, int ms)
{
	struct pollfd one = {.fd = fd, .events = events};

	return poll(&one, 1, ms) < 0 ? -errno : one.revents;
}
