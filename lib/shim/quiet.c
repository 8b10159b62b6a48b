// SPDX-License-Identifier: MIT
/* Samples that cause no wake-up. */
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "shim.h"

/* Adds an event for one CPU to the map, which keeps it open. 0 or a negative errno. */
static int add(int map_fd, int cpu, int ring_fd)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_BPF_OUTPUT,
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1,
		.wakeup_events = 0, /* leaves the ring buffer's own watermark: half of it */
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring_fd) ||
	    bpf_map_update_elem(map_fd, &cpu, &fd, BPF_ANY))
		err = -errno;
	close(fd);
	return err;
}

/*
 * Fills a second perf event array: what is output to it goes to the ring buffers of a perf buffer
 * too, but causes no wake-up before one of them is half full. 0 or a negative errno.
 */
EXPORT int shim_add_quiet(const struct perf_buffer *buffer, int map_fd)
{
	size_t rings = perf_buffer__buffer_cnt(buffer), ring = 0;
	int cpus = libbpf_num_possible_cpus(), err = 0;

	/* libbpf has a ring buffer for each CPU that is online, in this order. */
	for (int cpu = 0; cpu < cpus && ring < rings && !err; cpu++) {
		err = add(map_fd, cpu, perf_buffer__buffer_fd(buffer, ring));
		if (err == -ENODEV)
			err = 0;
		else
			ring++;
	}
	return err;
}
