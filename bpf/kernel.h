/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The few kernel types in use, with the fields in use. libbpf moves each access to where the
 * running kernel has the field (CO-RE), so no vmlinux.h is needed to build.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/bpf.h>
#include <asm/ptrace.h>

#define AF_INET	 2
#define AF_INET6 10

#define IPPROTO_TCP   6
#define IPPROTO_MPTCP 262

#define SOCK_STREAM 1
#define S_IFMT	    0170000
#define S_IFSOCK    0140000
#define O_NONBLOCK  04000 /* on x86 and arm64 */

/* include/uapi/linux/errqueue.h */
#define SO_EE_ORIGIN_ICMP  2
#define SO_EE_ORIGIN_ICMP6 3

/* include/net/tcp_states.h */
enum {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_CLOSE = 7,
};

/* include/uapi/linux/net.h; an enum here too, since CO-RE does not take an integer for one */
typedef enum {
	SS_UNCONNECTED = 1,
} socket_state;

/* include/linux/errno.h; the program gets EINTR in its place if a signal handler ran */
#define ERESTARTSYS 512

/* System call ABI: it never changes, so libbpf does not relocate it. */
#define SOCKADDR_STORAGE_SIZE 128

struct sockaddr;

struct sockaddr_in {
	__u16 sin_family;
	__u16 sin_port;
	__u32 sin_addr;
	__u8 sin_zero[8];
};

struct sockaddr_in6 {
	__u16 sin6_family;
	__u16 sin6_port;
	__u32 sin6_flowinfo;
	__u32 sin6_addr[4];
	__u32 sin6_scope_id;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__u32 u6_addr32[4];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	__u16 skc_family;
	volatile unsigned char skc_state;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sk_buff {
	char cb[48];
};

struct sk_buff_head {
	struct sk_buff *prev; /* the last one; the head itself if there is none */
	__u32 qlen;
};

struct sock_extended_err {
	__u32 ee_errno;
	__u8 ee_origin;
};

/* The control block of a packet in an error queue. */
struct sock_exterr_skb {
	struct sock_extended_err ee;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
	__u16 sk_type;
	int sk_err;
	int sk_err_soft;
	__u8 sk_shutdown;
	struct sk_buff_head sk_error_queue;
	struct socket *sk_socket;
};

/*
 * All accesses to fields of a socket begin with this type. For each type that accesses begin with,
 * libbpf searches all types of the kernel, which takes longer than the rest of its relocations.
 */
struct inet_sock {
	struct sock sk;
	__u16 inet_sport;
};

struct tcp_sock {
	__u32 write_seq;
	__u32 total_retrans;
	__u32 srtt_us;
};

struct socket {
	socket_state state;
	struct file *file;
	struct inet_sock
		*sk; /* struct sock in the kernel: check the family before any other field */
};

struct inode {
	__u16 i_mode;
};

struct file {
	struct inode *f_inode;
	unsigned int f_flags;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

typedef struct {
	__u32 val;
} kuid_t;

struct cred {
	kuid_t uid;
};

struct task_struct {
	int pid;
	int tgid;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
};

#pragma clang attribute pop

#endif
