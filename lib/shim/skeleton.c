// SPDX-License-Identifier: MIT
/* The skeleton of one program: built with -DSKELETON=name and -include name.skel.h. */
#include <linux/memfd.h>
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "shim.h"

#if LIBBPF_MAJOR_VERSION < 1
#error "libbpf 1.0 or newer is needed: Debian 12, Ubuntu 24.04"
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

/* A file of BTF that has no type in it, for the life of the process; NULL if there is none. */
static const char *empty_btf(void)
{
	static char path[32];
	struct btf *btf;
	const void *data;
	__u32 size;
	int fd;

	if (path[0])
		return path;
	btf = btf__new_empty();
	if (!btf)
		return NULL;
	data = btf__raw_data(btf, &size);
	fd = syscall(SYS_memfd_create, "no BTF", MFD_CLOEXEC);
	if (fd >= 0 && data && write(fd, data, size) == (ssize_t)size)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	btf__free(btf);
	return path[0] ? path : NULL;
}

/*
 * The opened object, to be closed with shim_close(). btf_path is a file of BTF, NULL for the
 * kernel's own, or "" for none: then the programs to be loaded must have relocations only in code
 * that does not run.
 */
EXPORT struct SKELETON *shim_open(const char *btf_path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf_path);

	if (btf_path && !btf_path[0])
		opts.btf_custom_path = empty_btf();

	return JOIN(SKELETON, __open_opts)(&opts);
}

EXPORT void shim_close(struct SKELETON *opened)
{
	JOIN(SKELETON, __destroy)(opened);
}

/* The argument of bpf_object__load_skeleton(). Owned by the opened object, as is the next. */
EXPORT struct bpf_object_skeleton *shim_skeleton(const struct SKELETON *opened)
{
	return opened->skeleton;
}

EXPORT struct bpf_object *shim_object(const struct SKELETON *opened)
{
	return opened->obj;
}

/*
 * How often the kernel did not run a program because it was running on that CPU already (Linux
 * 5.12; 0 before), or a negative errno.
 */
EXPORT double shim_recursion_misses(int program_fd)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(program_fd, &info, &size))
		return -errno;
	return info.recursion_misses;
}

#define CALL(helper)                                                                               \
	{                                                                                          \
		.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_##helper                               \
	}
#define SET(reg, value)                                                                            \
	{                                                                                          \
		.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = reg, .imm = value                  \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		.code = BPF_JMP | BPF_EXIT                                                         \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Loads the smallest fentry program, for a BTF type that is no function. 0 or a negative errno:
 * -EINVAL from a kernel that takes such programs, -EPERM from one that does not.
 */
EXPORT int shim_try_fentry(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);
	struct bpf_insn nothing[] = {SET(BPF_REG_0, 0), EXIT};
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", nothing, COUNT(nothing), &opts);

	return fd < 0 ? -errno : close(fd);
}

/* Loads a sockops program that calls the helpers for PID, UID and COMM. 0 or a negative errno. */
EXPORT int shim_try_task_helpers(void)
{
	const int comm = 16; /* TASK_COMM_LEN */
	struct bpf_insn ask[] = {
		CALL(get_current_pid_tgid),
		CALL(get_current_uid_gid),
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = -comm},
		SET(BPF_REG_2, comm),
		CALL(get_current_comm),
		SET(BPF_REG_0, 1),
		EXIT,
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SOCK_OPS, NULL, "GPL", ask, COUNT(ask), NULL);

	return fd < 0 ? -errno : close(fd);
}
