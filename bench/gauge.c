// SPDX-License-Identifier: MIT
/*
 * What must be measured, or slowed down, outside of the process that writes the report:
 *
 *	gauge slow BYTES MS		copies stdin to stdout: at most BYTES, then a pause of MS
 *	gauge delay PORT N PER_SECOND	connects to 127.0.0.1 and reads the rows (-s) on stdin: one
 *					line for each row, the µs from connect() to the row;
 *					the end comes with the Nth
 *	gauge start PROGRAM [ARGS]	µs from the start of a program to its first byte of output
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t stamps[UINT16_MAX + 1]; /* by source port, ns */
static unsigned int port;
static long count, per_second, left;

static __attribute__((noreturn)) void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static void sleep_until(int64_t time)
{
	struct timespec ts = {.tv_sec = time / 1000000000, .tv_nsec = time % 1000000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int slow(size_t bytes, long ms)
{
	char *buffer = malloc(bytes);
	ssize_t n;

	while (buffer && (n = read(STDIN_FILENO, buffer, bytes)) > 0) {
		if (write(STDOUT_FILENO, buffer, n) != n)
			fail("write");
		sleep_until(now() + ms * 1000000);
	}
	return EXIT_SUCCESS;
}

/* Bound first, so that the stamp has its place before there can be a row. */
static void connect_once(void)
{
	struct sockaddr_in dst = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in src = {.sin_family = AF_INET};
	struct linger linger = {.l_onoff = 1, .l_linger = 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(src);

	dst.sin_addr.s_addr = src.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (fd < 0 || bind(fd, (struct sockaddr *)&src, length) ||
	    getsockname(fd, (struct sockaddr *)&src, &length))
		fail("bind");
	__atomic_store_n(&stamps[ntohs(src.sin_port)], now(), __ATOMIC_RELEASE);
	if (connect(fd, (struct sockaddr *)&dst, sizeof(dst)))
		fail("connect");
	close(fd);
}

static void *connect_all(void *arg)
{
	int64_t start = now();

	(void)arg;
	for (long i = 0; i < count; i++) {
		sleep_until(start + i * 1000000000 / per_second);
		connect_once();
	}
	return NULL;
}

/* The source port is the last column but one. */
static void take_row(char *line, int64_t time)
{
	char *last, *end;
	int64_t stamp;

	/* Columns are padded at their right. */
	for (end = line + strlen(line); end > line && end[-1] == ' ';)
		*--end = 0;
	last = strrchr(line, ' ');
	if (!last)
		return;
	while (last > line && last[-1] == ' ')
		last--;
	*last = 0;
	last = strrchr(line, ' ');
	stamp = last ? __atomic_load_n(&stamps[(uint16_t)atoi(last)], __ATOMIC_ACQUIRE) : 0;
	if (!stamp)
		return;
	printf("%.1f\n", (time - stamp) / 1e3);
	if (!--left)
		exit(EXIT_SUCCESS);
}

static int delay(void)
{
	static char buffer[1 << 17];
	size_t length = 0;
	pthread_t thread;
	ssize_t n;
	bool begun = false;

	while ((n = read(STDIN_FILENO, buffer + length, sizeof(buffer) - 1 - length)) > 0) {
		int64_t time = now();
		char *line = buffer, *end;

		length += n;
		buffer[length] = 0;
		while ((end = strchr(line, '\n'))) {
			*end = 0;
			/* The header tells that the tracer is ready. */
			if (begun)
				take_row(line, time);
			else if (pthread_create(&thread, NULL, connect_all, NULL))
				fail("thread");
			begun = true;
			line = end + 1;
		}
		length -= line - buffer;
		memmove(buffer, line, length);
	}
	return EXIT_SUCCESS;
}

/* On a terminal of its own: there a C program writes its header at once. */
static int start(char **argv)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), status, side;
	int64_t begin, end;
	char byte;
	pid_t pid;

	if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
		fail("open terminal");
	side = open(ptsname(terminal), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (side < 0)
		fail("open terminal");
	begin = now();
	pid = vfork();
	if (!pid) {
		dup2(side, STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(side);
	if (read(terminal, &byte, 1) != 1)
		fail("no output");
	end = now();
	kill(pid, SIGINT);
	waitpid(pid, &status, 0);
	printf("%.1f\n", (end - begin) / 1e3);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "slow"))
		return slow(atol(argv[2]), atol(argv[3]));
	if (argc == 5 && !strcmp(argv[1], "delay")) {
		port = atoi(argv[2]);
		left = count = atol(argv[3]);
		per_second = atol(argv[4]);
		alarm(count / per_second + 5);
		return delay();
	}
	if (argc > 2 && !strcmp(argv[1], "start"))
		return start(argv + 2);
	fputs("usage: gauge slow BYTES MS | delay PORT N PER_SECOND | start PROGRAM [ARGS]\n",
	      stderr);
	return 64;
}
