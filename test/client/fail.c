// SPDX-License-Identifier: GPL-2.0
/* How the client ends before its case does. */
#include "client.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *case_name = "client";

const char usage[] = "usage: client [-n COUNT] [-u UID] CASE ADDR PORT [ARGS]\n";

const char *errno_name(int err)
{
	const char *name = strerrorname_np(err);

	return name ? name : "EUNKNOWN";
}

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "client: %s: ", case_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

__attribute__((noreturn)) void fail_errno(const char *what)
{
	fail("%s: %s", what, errno_name(errno));
}

__attribute__((noreturn)) void unsupported(const char *reason, int err)
{
	fprintf(stderr, "unsupported: %s: %s: %s\n", case_name, reason, errno_name(err));
	exit(EXIT_UNSUPPORTED);
}

__attribute__((noreturn)) void bad_usage(const char *what, const char *value)
{
	fprintf(stderr, "client: %s: %s\n%s", what, value, usage);
	exit(EXIT_USAGE);
}
