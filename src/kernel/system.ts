/** What the system offers. Each function has an answer even where /proc is restricted. */

import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from "node:fs";

function text(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Whether the kernel carries its own BTF. */
export const hasBtf = () => existsSync("/sys/kernel/btf/vmlinux");

/** Whether there can be IPv6 sockets at all; false with `ipv6.disable=1` too. */
export const hasIpv6 = () => existsSync("/proc/self/net/tcp6");

/** Whether kprobes can be attached through perf events (Linux 4.17). */
export const hasKprobes = () => existsSync("/sys/bus/event_source/devices/kprobe");

/** Whether fentry programs and kprobes would attach and never fire. */
export const ftraceOff = () => text("/proc/sys/kernel/ftrace_enabled").trim() === "0";

/** The lockdown mode: `none`, `integrity`, `confidentiality`, or "" where the kernel has none. */
export const lockdown = () => /\[(\w+)\]/.exec(text("/sys/kernel/security/lockdown"))?.[1] ?? "";

/** Whether tracefs is where libbpf looks for it, and may be read. */
export function tracefs(): "readable" | "unreadable" | "missing" {
  const paths = ["/sys/kernel/tracing/events", "/sys/kernel/debug/tracing/events"];
  if (paths.some((path) => existsSync(path))) return "readable";
  return / - tracefs /.test(text("/proc/self/mountinfo")) ? "unreadable" : "missing";
}

/** A limit of the process, as proc_pid_limits(5) tells it: the soft one. */
const limit = (name: string) =>
  new RegExp(`^${name} {2,}(\\S+)`, "m").exec(text("/proc/self/limits"))?.[1] ?? "unknown";

/** RLIMIT_MEMLOCK. */
export const memlock = () => limit("Max locked memory").replace(/(\d)$/, "$1 bytes");

/** RLIMIT_NOFILE. */
export const openFiles = () => limit("Max open files");

/** How many more files the process may open; NaN if it cannot be told. */
export function filesLeft(): number {
  try {
    return Number(openFiles()) - readdirSync("/proc/self/fd").length;
  } catch {
    return NaN;
  }
}

/** RLIMIT_AS in bytes; Infinity where there is none. */
export const addressSpace = () =>
  Number(/^Max address space\s+(\d+)/m.exec(text("/proc/self/limits"))?.[1] ?? Infinity);

/** Whether the process has a capability, by its number in linux/capability.h. */
export function capable(capability: number): boolean {
  const [, effective] = /^CapEff:\s*([0-9a-f]+)/m.exec(text("/proc/self/status")) ?? ["", "0"];
  return (BigInt(`0x${effective}`) >> BigInt(capability) & 1n) === 1n;
}

// Of include/uapi/linux/capability.h.
export const CAP_NET_ADMIN = 12;
export const CAP_SYS_ADMIN = 21;
export const CAP_SYS_RESOURCE = 24;
export const CAP_PERFMON = 38;
export const CAP_BPF = 39;

/** The capabilities that tracing needs and the process lacks. CAP_SYS_ADMIN includes both. */
export function missingCapabilities(): string[] {
  if (capable(CAP_SYS_ADMIN)) return [];
  return [
    ...(capable(CAP_BPF) ? [] : ["CAP_BPF"]),
    ...(capable(CAP_PERFMON) ? [] : ["CAP_PERFMON"]),
  ];
}

/** PROC_PID_INIT_INO of include/linux/proc_ns.h: the inode of the initial PID namespace. */
const INITIAL_PID_NAMESPACE = 0xeffffffcn;

/**
 * The PID namespace of this process, unless that is the initial one: as
 * bpf_get_ns_current_pid_tgid() takes it.
 */
export function pidNamespace(): { ino: bigint; dev: bigint } | undefined {
  try {
    const { ino, dev } = statSync("/proc/self/ns/pid", { bigint: true });
    if (ino === INITIAL_PID_NAMESPACE) return undefined;
    // The kernel's own numbers of devices have the minor in one piece; the major is 0.
    return { ino, dev: dev & 0xffn | dev >> 12n & 0xfff00n };
  } catch {
    return undefined;
  }
}

/** Where the whole cgroup v2 hierarchy is mounted, if it is. */
export function cgroupRoot(): string | undefined {
  // proc_pid_mountinfo(5): the mount point is the 5th field; the type follows "-".
  return text("/proc/self/mountinfo").split("\n").map((line) => line.split(" "))
    .filter((fields) => fields[fields.indexOf("-") + 1] === "cgroup2").map((fields) => fields[4]!)
    // A container's cgroup looks like the root from inside, but only the root has no type.
    .find((path) => existsSync(`${path}/cgroup.procs`) && !existsSync(`${path}/cgroup.type`));
}

/** Calls a function with an open directory, and closes it afterwards. */
export function withDirectory(path: string, use: (fd: number) => void): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    use(fd);
  } finally {
    closeSync(fd);
  }
}
