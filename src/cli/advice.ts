/** Errors -> the one line that tells the user what to do. */

import process from "node:process";
import { BpfError, type LoadError } from "../../lib/mod.ts";
import { keysThatNeed } from "../event/columns.ts";
import { backends } from "../kernel/backends.ts";
import * as system from "../kernel/system.ts";
import type { TraceSpec } from "../kernel/spec.ts";
import type { AttachError } from "../kernel/tracer.ts";

/** More than libbpf opens to load the maps and programs of any plan. */
const LOAD_FILES = 32;

/**
 * What to do about a trace that could not start. It judges the last refusal: that of the back end
 * that was asked for, or of the last resort of `auto`. Others failed for reasons of their own.
 */
export function advise(error: AttachError, spec: TraceSpec): string {
  const { backend, reason } = error.refusals.at(-1)!;
  const failed = (operation: string, ...codes: string[]) =>
    reason instanceof BpfError && reason.operation.startsWith(operation) &&
    codes.includes(reason.code);
  const found = (pattern: RegExp) =>
    reason instanceof BpfError ? pattern.exec(reason.log) : undefined;
  // First, since without descriptors no question to the system has an answer. libbpf also tries in
  // silence what the kernel can do, and without descriptors takes it that it cannot.
  const silently = failed("load ", "EINVAL") && system.filesLeft() < LOAD_FILES;
  if (failed("", "EMFILE") || silently) {
    return `too many open files (ulimit -n is ${system.openFiles()}): ulimit -n 4096`;
  }
  if (failed("", "ENFILE")) {
    return "too many open files in the whole system: raise the sysctl fs.file-max";
  }
  if (failed("", "ENOMEM")) {
    return `not enough memory: ${reason.message}; give it more, or try fewer --buffer-pages`;
  }
  const missing = system.missingCapabilities();
  if (missing.length > 0 && failed("", "EPERM", "EACCES")) {
    return process.getuid?.() === 0
      ? `not permitted: root lacks ${
        missing.join(" and ")
      } here; run it outside this container or give it that`
      : "not permitted: run it as root (sudo tcpconnect)";
  }
  if (!system.hasBtf() && spec.btf === undefined) {
    return "this kernel carries no BTF (/sys/kernel/btf/vmlinux): give it with --btf FILE, or boot a kernel built with CONFIG_DEBUG_INFO_BTF";
  }
  if (found(/failed to parse target BTF/)) {
    return `--btf '${spec.btf}' is not the BTF of a kernel`;
  }
  const [, field] = found(/failed to resolve CO-RE relocation <\S+> \[\d+\] struct (\S+)/) ?? [];
  if (field !== undefined) {
    const lacks = `the BTF has no ${field}`;
    if (!spec.tcpInfo || !field.startsWith("tcp_sock.")) return lacks;
    return `${lacks}: leave out the columns ${keysThatNeed("tcp-info").join(" and ")}`;
  }
  if (system.lockdown() === "confidentiality") {
    return "kernel lockdown is in confidentiality mode, which forbids this: boot with lockdown=integrity or without";
  }
  if (system.ftraceOff() && backends[backend].ftrace && failed("attach ", "EBUSY")) {
    return `kernel.ftrace_enabled is 0, with which ${backend} does not attach: use --attach tracepoint, or sysctl kernel.ftrace_enabled=1`;
  }
  if (failed("open perf buffer", "EACCES")) {
    return "kernel.perf_event_paranoid keeps perf buffers from CAP_PERFMON: run it as root, or sysctl kernel.perf_event_paranoid=2";
  }
  if (failed("open perf buffer", "EPERM")) {
    return `the perf buffers pass what this user may lock (ulimit -l is ${system.memlock()}): run it as root, or with fewer --buffer-pages`;
  }
  if (!system.capable(system.CAP_SYS_RESOURCE) && failed("load ", "EPERM")) {
    return `this kernel charges maps to the limit of locked memory (${system.memlock()}): ulimit -l unlimited, or give it CAP_SYS_RESOURCE`;
  }
  const tracefs = system.tracefs();
  if (
    tracefs !== "readable" && spec.verdict && backends[backend].limits?.tracefs &&
    failed("attach ", "ENOENT", "EACCES", "EPERM")
  ) {
    return tracefs === "missing"
      ? "-r with tracepoints needs tracefs: mount -t tracefs tracefs /sys/kernel/tracing"
      : "-r with tracepoints needs tracefs, which only root may read here: run it as root";
  }
  if (spec.attach === "auto") return `nothing attaches on this kernel: ${error.message}`;
  return `cannot attach on this kernel: ${error.message}; try --attach auto`;
}

/** Bun reserves 1 GiB for machine code, and starts without any where address space is limited. */
const ENOUGH_ADDRESS_SPACE = 4 * 2 ** 30;

/** What to do where the runtime could not load libbpf. */
export function adviseLoad({ message }: LoadError): string {
  if (/requires the JIT/.test(message)) {
    const limit = system.addressSpace();
    return limit < ENOUGH_ADDRESS_SPACE
      ? `the limit of address space (${limit} bytes) leaves no room for executable memory: ulimit -v unlimited (systemd: LimitAS=infinity)`
      : "executable memory is denied: allow it (systemd: MemoryDenyWriteExecute=no; prctl: no PR_SET_MDWE; SELinux: execmem)";
  }
  if (/EMFILE|Too many open files/.test(message)) {
    return `${message}: ulimit -n 1024 (systemd: LimitNOFILE=1024)`;
  }
  if (/EFBIG/.test(message)) {
    return `${message}: ulimit -f unlimited (systemd: LimitFSIZE=infinity)`;
  }
  return message;
}
