/** Errors -> the one line that tells the user what to do. */

import process from "node:process";
import { BpfError, type LoadError } from "../../lib/mod.ts";
import * as system from "../kernel/system.ts";
import type { TraceSpec } from "../kernel/spec.ts";
import { AttachError, type Refusal } from "../kernel/tracer.ts";

const isBadBtf = ({ reason }: Refusal) =>
  reason instanceof BpfError && /failed to parse target BTF/.test(reason.log);

/** What to do about a trace that could not start. */
export function advise(error: AttachError, spec: TraceSpec): string {
  const failed = (operation: string, ...codes: string[]) =>
    error.refusals.some(({ reason }) =>
      reason instanceof BpfError && reason.operation.startsWith(operation) &&
      codes.includes(reason.code)
    );
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
  if (spec.btf !== undefined && error.refusals.some(isBadBtf)) {
    return `--btf '${spec.btf}' is not the BTF of a kernel`;
  }
  if (system.lockdown() === "confidentiality") {
    return "kernel lockdown is in confidentiality mode, which forbids this: boot with lockdown=integrity or without";
  }
  if (system.ftraceOff() && failed("attach f", "EBUSY")) {
    return "kernel.ftrace_enabled is 0, with which fentry does not attach: use --attach tracepoint, or sysctl kernel.ftrace_enabled=1";
  }
  if (failed("open perf buffer", "EACCES")) {
    return "kernel.perf_event_paranoid keeps perf buffers from CAP_PERFMON: run it as root, or sysctl kernel.perf_event_paranoid=2";
  }
  if (!system.capable(system.CAP_SYS_RESOURCE) && failed("load ", "EPERM")) {
    return `this kernel charges maps to the limit of locked memory (${system.memlock()}): ulimit -l unlimited, or give it CAP_SYS_RESOURCE`;
  }
  const tracefs = system.tracefs();
  if (tracefs !== "readable" && failed("attach sys_", "ENOENT", "EACCES", "EPERM")) {
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
