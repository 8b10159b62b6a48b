// SPDX-License-Identifier: MIT
#include <errno.h>
#include <unistd.h>
#include "shim.h"

/* write(2), but with a negative errno; a runtime's own costs more than the system call does. */
EXPORT long shim_write(int fd, const void *data, size_t size)
{
	ssize_t written = write(fd, data, size);

	return written < 0 ? -errno : written;
}
