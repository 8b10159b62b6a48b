// SPDX-License-Identifier: MIT
/*
 * The peer of `make bench`: a tracer in C with our kernel program. It reads and prints as the C
 * tools of libbpf do, with one printf for each record.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "../bpf/tcpconnect.h"
#include "../build/tcpconnect.skel.h"

#define PERF_PAGES   128
#define PERF_POLL_MS 100

static volatile sig_atomic_t stopped;
static bool show_time, show_uid, show_sport, tell_cost;
static __u64 first_us;

static void on_signal(int sig)
{
	stopped = sig;
}

static __attribute__((noreturn)) void fail(const char *what, int err)
{
	fprintf(stderr, "reader: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(EXIT_FAILURE);
}

static void print_header(void)
{
	if (show_time)
		printf("%-9s ", "TIME(s)");
	if (show_uid)
		printf("%-6s ", "UID");
	printf("%-6s %-16s %-2s %-16s %-16s", "PID", "COMM", "IP", "SADDR", "DADDR");
	if (show_sport)
		printf(" %-5s", "SPORT");
	printf(" %-5s\n", "DPORT");
}

static void on_sample(void *ctx, int cpu, void *data, __u32 size)
{
	const struct event *ev = data;
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN];
	int family = ev->family == 4 ? AF_INET : AF_INET6;

	(void)ctx, (void)cpu, (void)size;
	if (show_time) {
		if (!first_us)
			first_us = ev->time / 1000;
		printf("%-9.3f ", (ev->time / 1000 - first_us) / 1e6);
	}
	if (show_uid)
		printf("%-6d ", ev->uid);
	inet_ntop(family, ev->saddr, src, sizeof(src));
	inet_ntop(family, ev->daddr, dst, sizeof(dst));
	printf("%-6d %-16.16s %-2d %-16s %-16s", ev->pid, ev->comm, ev->family, src, dst);
	if (show_sport)
		printf(" %-5d", ev->sport);
	printf(" %-5d\n", ev->dport);
}

static void on_lost(void *ctx, int cpu, __u64 count)
{
	(void)ctx;
	fprintf(stderr, "Lost %llu events on CPU #%d!\n", count, cpu);
}

static int open_cgroup(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;

	while (mounts && (mount = getmntent(mounts))) {
		if (!strcmp(mount->mnt_type, "cgroup2"))
			return open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	errno = ENOENT;
	return -1;
}

/*
 * The same program, constants and map sizes that ./tcpconnect has with --attach tracepoint. NULL if
 * the kernel refuses, as it may with helpers.
 */
static struct tcpconnect_bpf *load(unsigned int port, bool helpers)
{
	struct tcpconnect_bpf *skel = tcpconnect_bpf__open();
	struct bpf_program *prog;
	int cgroup, err;

	if (!skel)
		fail("open object", errno);
	bpf_object__for_each_program(prog, skel->obj) bpf_program__set_autoload(prog, false);
	bpf_program__set_autoload(skel->progs.connect_cb, true);
	bpf_map__set_max_entries(skel->maps.attempts, 1);
	bpf_map__set_max_entries(skel->maps.calls, 1);
	bpf_map__set_max_entries(skel->maps.flows, 1);
	if (port) {
		skel->rodata->filter_destination = true;
		skel->rodata->filter_port = true;
		skel->rodata->filter_ports[port / 8] = 1 << port % 8;
	}
	skel->rodata->task_helpers = helpers;
	err = tcpconnect_bpf__load(skel);
	if (err && helpers) {
		tcpconnect_bpf__destroy(skel);
		return NULL;
	}
	if (err)
		fail("load object", err);

	cgroup = open_cgroup();
	if (cgroup < 0)
		fail("open cgroup", errno);
	skel->links.connect_cb = bpf_program__attach_cgroup(skel->progs.connect_cb, cgroup);
	if (!skel->links.connect_cb)
		fail("attach", errno);
	close(cgroup);
	return skel;
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct tcpconnect_bpf *skel;
	struct perf_buffer *buffer;
	unsigned int port = 0;
	double start = now();
	int option, err = 0;

	while ((option = getopt(argc, argv, "tUsP:lv")) != -1) {
		switch (option) {
		case 't':
			show_time = true;
			break;
		case 'U':
			show_uid = true;
			break;
		case 's':
			show_sport = true;
			break;
		case 'P':
			port = atoi(optarg);
			break;
		case 'l': /* as on a terminal */
			setlinebuf(stdout);
			break;
		case 'v':
			tell_cost = true;
			break;
		default:
			return 64;
		}
	}

	skel = load(port, true);
	if (!skel)
		skel = load(port, false);
	buffer = perf_buffer__new(bpf_map__fd(skel->maps.events), PERF_PAGES, on_sample, on_lost,
				  NULL, NULL);
	if (!buffer)
		fail("open perf buffer", errno);
	if (tell_cost)
		fprintf(stderr, "libbpf took %.3f ms\n", now() - start);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	print_header();
	while (!stopped) {
		err = perf_buffer__poll(buffer, PERF_POLL_MS);
		if (err < 0 && err != -EINTR)
			fail("poll perf buffer", err);
	}
	perf_buffer__free(buffer);
	tcpconnect_bpf__destroy(skel);
	return EXIT_SUCCESS;
}
