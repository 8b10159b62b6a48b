/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the client share. */
#ifndef CLIENT_H
#define CLIENT_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Beside 0 and the errno values, what can become of an attempt. */
#define PENDING (-1)
#define CLOSED	(-2)

#define FOREVER	      (-1)
#define NSEC_PER_SEC  1000000000LL
#define NSEC_PER_MSEC 1000000LL

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* What the command line asks for. All arguments after PORT are numbers. */
struct job {
	const char *addr_text;
	const char *port_text;
	union address dst;
	unsigned long *args;
	int nargs;
};

struct attempt {
	int fd;
	pid_t pid;
	pid_t tid;
	char comm[16];
	union address dst;
	union address local;
	int64_t start;
	int64_t end;
	int result;
	long retrans; /* of the SYN, as TCP_INFO has it; -1 if it does not tell, like rtt */
	long rtt;     /* us */
};

/* fail.c */
#define EXIT_USAGE	 64
#define EXIT_UNSUPPORTED 77

extern const char *case_name;
extern const char usage[];

const char *errno_name(int err);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...);
__attribute__((noreturn)) void fail_errno(const char *what);
__attribute__((noreturn)) void unsupported(const char *reason, int err);
__attribute__((noreturn)) void bad_usage(const char *what, const char *value);

/* clock.c */
int64_t now(void);
int64_t wall_us(int64_t when);
void sleep_until(int64_t when);

/* address.c */
int ip_version(const union address *a);
bool is_any(const union address *a);
socklen_t address_len(const union address *a);
unsigned int port_of(const union address *a);
const char *address_text(const union address *a, char text[INET6_ADDRSTRLEN]);
bool parse_address(const char *text, unsigned int port, union address *a);

/* attempt.c */
void set_name(const char *name);
int open_socket(int family, int protocol);
void set_option(int fd, int level, int name, const void *value, socklen_t len);
void set_abortive(int fd);
void set_nonblocking(int fd);
struct attempt attempt_on(int fd, const union address *dst);
struct attempt open_attempt(const union address *dst);
void settle(struct attempt *a, int result);
void learn_names(struct attempt *a);
int connect_errno(int fd, const union address *dst);
void connect_blocking(struct attempt *a);
void connect_nonblocking(struct attempt *a);
void await_answer(struct attempt *a, int timeout_ms);
void report(const struct attempt *a);
void finish(struct attempt *a);
void finish_failed(struct attempt *a);
void give_up(struct attempt *a);
void make_blocking(int fd, const union address *dst);
void make_nonblocking(const union address *dst);

/* connect.c */
void case_tcp(const struct job *job);
void case_mapped(const struct job *job);
void case_any(const struct job *job);
void case_nonblock(const struct job *job);
void case_nonblock_mapped(const struct job *job);
void case_bound(const struct job *job);
void case_thread(const struct job *job);
void case_mptcp(const struct job *job);
void case_tfo_send(const struct job *job);
void case_tfo_connect(const struct job *job);
void case_io_uring(const struct job *job);

/* again.c */
void case_again(const struct job *job);
void case_reconnect(const struct job *job);
void case_two_refused(const struct job *job);
void case_family_mix(const struct job *job);

/* fate.c */
void case_giveup(const struct job *job);
void case_linger(const struct job *job);
void case_sndtimeo(const struct job *job);
void case_hold(const struct job *job);
void case_die(const struct job *job);
void case_fork(const struct job *job);

/* pollerr.c */
void case_pollerr(const struct job *job);

/* race.c */
void case_race(const struct job *job);

/* short.c */
void case_short(const struct job *job);

/* no_attempt.c */
void case_udp(const struct job *job);
void case_unix(const struct job *job);

/* load.c */
void case_burst(const struct job *job);
void case_rate(const struct job *job);
void case_spawn_child(const struct job *job);
void case_spawn(const struct job *job);

/* serve.c */
void serve(const struct job *job);
void serve_mptcp(const struct job *job);
void serve_backlog(const struct job *job);

#endif
