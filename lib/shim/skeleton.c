// SPDX-License-Identifier: MIT
/* The skeleton of one program: built with -DSKELETON=name and -include name.skel.h. */
#include <errno.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "shim.h"

#if LIBBPF_MAJOR_VERSION < 1
#error "libbpf 1.0 or newer is needed: Debian 12, Ubuntu 24.04"
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)

/* The opened object, to be closed with shim_close(). btf_path may be NULL. */
EXPORT struct SKELETON *shim_open(const char *btf_path)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = btf_path);

	return JOIN(SKELETON, __open_opts)(&opts);
}

EXPORT void shim_close(struct SKELETON *opened)
{
	JOIN(SKELETON, __destroy)(opened);
}

/* What bpf_object__load_skeleton() takes; part of the opened object, as the next. */
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

/*
 * Loads the least fentry program there is, for a BTF type that is no function. 0 or a negative
 * errno: -EINVAL from a kernel that takes such programs, -EPERM from one that does not.
 */
EXPORT int shim_try_fentry(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);
	struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", nothing, 2, &opts);

	return fd < 0 ? -errno : close(fd);
}
