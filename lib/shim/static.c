// SPDX-License-Identifier: MIT
/*
 * Definitions that let Debian's static libbpf and libelf link into one shared object that any glibc
 * since 2.28 can load. Each replaces one that would prevent it.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * libelf's elf_error.o keeps its state in local-exec TLS, which a shared object cannot have.
 * With these three defined the linker never takes that member. libbpf only prints the text.
 */
static int elf_error;

void __libelf_seterrno(int value);
int elf_errno(void);
const char *elf_errmsg(int error);

void __libelf_seterrno(int value)
{
	elf_error = value;
}

int elf_errno(void)
{
	int error = elf_error;

	elf_error = 0;
	return error;
}

const char *elf_errmsg(int error)
{
	(void)error;
	return "not a valid ELF file";
}

#ifdef __x86_64__
/* libbpf.a was not compiled as PIC and reaches stderr relative to the program counter. */
#undef stderr
__attribute__((visibility("hidden"))) FILE *stderr;

__attribute__((constructor)) static void open_stderr(void)
{
	stderr = fdopen(STDERR_FILENO, "w");
}
#endif

/* glibc 2.33 made fstat a symbol of its own, 2.28 fcntl64; older ones have neither. */
int fstat(int fd, struct stat *st)
{
	return syscall(SYS_fstat, fd, st);
}

int fcntl64(int fd, int cmd, ...)
{
	va_list args;
	long arg;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	return syscall(SYS_fcntl, fd, cmd, arg);
}

/*
 * Since elfutils 0.192 libelf.a refers to its libeu.a for the trees of elf_getdata_rawchunk(), but
 * Debian 13 does not ship that. libbpf never asks for raw chunks, so the trees stay empty.
 */
__attribute__((weak)) void eu_search_tree_init(void **root)
{
	*root = NULL;
}

__attribute__((weak)) void eu_search_tree_fini(void **root, void (*free_node)(void *))
{
	(void)root;
	(void)free_node;
}
