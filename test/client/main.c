// SPDX-License-Identifier: GPL-2.0
/*
 * Makes real TCP connects in every way a connect tracer must cope with, and prints what the client
 * itself saw, one line for each attempt:
 *
 *	PID COMM IP SADDR SPORT DADDR DPORT RESULT LAT_US TID UID WALL_US RETRANS RTT_US
 *
 * Static and without dependencies, so that it also runs in a guest that holds nothing else.
 */
#include "client.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct test_case {
	const char *name;
	const char *args;
	const char *help;
	int min_args;
	int max_args;
	unsigned long least; /* smallest value that an argument may have */
	void (*run)(const struct job *job);
};

static unsigned long parse_number(const char *text, unsigned long least, unsigned long most)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < least || value > most)
		bad_usage("bad number", text);
	return value;
}

static const struct test_case cases[] = {
	{"tcp", "", "blocking connect, IPv4 or IPv6", 0, 0, 0, case_tcp},
	{"mapped", "", "AF_INET6 socket to ::ffff:ADDR (ADDR is IPv4)", 0, 0, 0, case_mapped},
	{"any", "", "connect to 0.0.0.0 or ::, by the family of ADDR", 0, 0, 0, case_any},
	{"nonblock", "", "EINPROGRESS, poll, SO_ERROR", 0, 0, 0, case_nonblock},
	{"nonblock-mapped", "", "the same to ::ffff:ADDR", 0, 0, 0, case_nonblock_mapped},
	{"bound", "SPORT", "source port bound first; abortive close", 1, 1, 1, case_bound},
	{"thread", "", "in a second thread with its own name", 0, 0, 0, case_thread},
	{"mptcp", "", "MPTCP socket", 0, 0, 0, case_mptcp},
	{"tfo-send", "", "sendto with MSG_FASTOPEN", 0, 0, 0, case_tfo_send},
	{"tfo-connect", "", "TCP_FASTOPEN_CONNECT, then a write", 0, 0, 0, case_tfo_connect},
	{"io_uring", "", "IORING_OP_CONNECT", 0, 0, 0, case_io_uring},
	{"again", "[MS]", "connect() repeated before and after the answer", 0, 1, 0, case_again},
	{"reconnect", "", "connect, AF_UNSPEC, connect: two attempts", 0, 0, 0, case_reconnect},
	{"two-refused", "", "one socket refused twice: two attempts", 0, 0, 0, case_two_refused},
	{"family-mix", "", "addresses of the socket's other family", 0, 0, 0, case_family_mix},
	{"pollerr", "", "closed on POLLERR; a second attempt asks why", 0, 0, 0, case_pollerr},
	{"short", "LEN", "an address length that the kernel refuses", 1, 1, 0, case_short},
	{"race", "N [1]", "N sockets, two threads each; 1: non-blocking", 1, 2, 1, case_race},
	{"giveup", "MS", "no answer: closed after MS", 1, 1, 0, case_giveup},
	{"linger", "MS", "no answer: closed after MS with SO_LINGER {1,0}", 1, 1, 0, case_linger},
	{"sndtimeo", "MS", "no answer: ended by SO_SNDTIMEO", 1, 1, 1, case_sndtimeo},
	{"hold", "MS", "held open for MS", 1, 1, 0, case_hold},
	{"die", "MS", "a child exits after MS without closing", 1, 1, 0, case_die},
	{"fork", "", "the parent connects, a child waits for the outcome", 0, 0, 0, case_fork},
	{"udp", "", "UDP connect: no attempt", 0, 0, 0, case_udp},
	{"unix", "", "Unix socket connect: no attempt", 0, 0, 0, case_unix},
	{"burst", "N [THREADS]", "N connects as fast as they come", 1, 2, 1, case_burst},
	{"rate", "N PER_SECOND", "N paced connects", 2, 2, 1, case_rate},
	{"spawn", "N PER_SECOND", "the same, each from a fresh process", 2, 2, 1, case_spawn},
	{"spawn-child", "", NULL, 0, 0, 0, case_spawn_child},
	{0},
};

static const struct test_case servers[] = {
	{"serve", "[PORT...]", "accept on all ports, close after the client", 0, 65535, 1, serve},
	{"serve-mptcp", "[PORT...]", "the same with MPTCP listeners", 0, 65535, 1, serve_mptcp},
	{"serve-backlog", "", "no accept, room for one connection", 0, 0, 0, serve_backlog},
	{0},
};

static void on_term(int sig)
{
	(void)sig;
	_exit(EXIT_SUCCESS);
}

static void list(const struct test_case *table)
{
	for (; table->name; table++) {
		if (table->help)
			fprintf(stderr, "%-15s %-13s %s\n", table->name, table->args, table->help);
	}
}

static const struct test_case *find(const struct test_case *table, const char *name)
{
	for (; table->name; table++) {
		if (!strcmp(table->name, name))
			return table;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long count = 1, uid = 0, most;
	bool set_uid = false;
	const struct test_case *test;
	struct job job;
	int opt, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	opterr = 0;
	while ((opt = getopt(argc, argv, "+n:u:")) != -1) {
		if (opt == 'n') {
			count = parse_number(optarg, 1, INT32_MAX);
		} else if (opt == 'u') {
			uid = parse_number(optarg, 0, UINT32_MAX - 1);
			set_uid = true;
		} else {
			bad_usage("bad option", argv[optind - 1]);
		}
	}
	argc -= optind;
	argv += optind;
	if (!argc) {
		fputs(usage, stderr);
		list(cases);
		list(servers);
		return EXIT_USAGE;
	}
	test = find(cases, argv[0]);
	if (!test)
		test = find(servers, argv[0]);
	if (!test)
		bad_usage("no such case", argv[0]);
	if (argc < 3)
		bad_usage("ADDR PORT missing", argv[0]);
	job = (struct job){.addr_text = argv[1], .port_text = argv[2], .nargs = argc - 3};
	if (!parse_address(argv[1], parse_number(argv[2], 0, UINT16_MAX), &job.dst))
		bad_usage("bad address", argv[1]);
	if (job.nargs < test->min_args || job.nargs > test->max_args)
		bad_usage("wrong number of arguments", test->name);
	job.args = calloc(job.nargs + 1, sizeof(*job.args));
	if (!job.args)
		fail_errno("calloc");
	/* A server's arguments are ports. */
	most = find(servers, test->name) ? UINT16_MAX : INT32_MAX;
	for (i = 0; i < job.nargs; i++)
		job.args[i] = parse_number(argv[3 + i], test->least, most);

	case_name = test->name;
	if (find(servers, case_name))
		signal(SIGTERM, on_term);
	set_name(case_name);
	if (set_uid && setuid(uid))
		fail_errno("setuid");
	while (count--)
		test->run(&job);
	return EXIT_SUCCESS;
}
