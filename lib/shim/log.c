// SPDX-License-Identifier: MIT
/* libbpf's log, kept until it is asked for: a va_list cannot cross FFI. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpf/libbpf.h>
#include "shim.h"

#define LOG_MAX (4u << 20)

static char *log_text;
static size_t log_size;
static enum libbpf_print_level log_level = LIBBPF_INFO;

static int log_print(enum libbpf_print_level level, const char *format, va_list args)
{
	va_list again;
	char *text;
	int length;

	if (level > log_level || log_size > LOG_MAX)
		return 0;
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length <= 0)
		return 0;
	text = realloc(log_text, log_size + length + 1);
	if (!text)
		return 0;
	vsnprintf(text + log_size, length + 1, format, args);
	log_text = text;
	log_size += length;
	return length;
}

/* Collects libbpf's log from now on; level 0 warnings, 1 information, 2 debugging. */
EXPORT void shim_log_start(int level)
{
	log_level = level;
	libbpf_set_print(log_print);
}

/* What was logged since the last call, or NULL. It is valid until the next call. */
EXPORT const char *shim_log_take(void)
{
	static char *taken;

	free(taken);
	taken = log_text;
	log_text = NULL;
	log_size = 0;
	return taken;
}
