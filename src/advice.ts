/** Errors -> the one line that tells the user what to do. */

import process from "node:process";
import { BpfError } from "../lib/mod.ts";
import type { Options } from "./args.ts";
import * as system from "./system.ts";
import { AttachError } from "./tracer.ts";

/** What to do about a trace that could not start. */
export function advise(error: AttachError, options: Options): string {
  const denied = error.refusals.some(({ reason }) =>
    reason instanceof BpfError && ["EPERM", "EACCES"].includes(reason.code)
  );
  const { capable } = system;
  const privileged = capable(system.CAP_SYS_ADMIN) ||
    (capable(system.CAP_BPF) && capable(system.CAP_PERFMON));
  if (denied && !privileged) {
    return process.getuid?.() === 0
      ? "not permitted: root lacks CAP_BPF and CAP_PERFMON here; run it outside this container or give it both"
      : "not permitted: run it as root (sudo tcpconnect)";
  }
  if (!system.hasBtf() && options.btf === undefined) {
    return "this kernel carries no BTF (/sys/kernel/btf/vmlinux): give it with --btf FILE, or boot a kernel built with CONFIG_DEBUG_INFO_BTF";
  }
  if (system.lockdown() === "confidentiality") {
    return "kernel lockdown is in confidentiality mode, which forbids tracing: boot with lockdown=integrity or without";
  }
  const syscalls = error.refusals.some(({ reason }) =>
    reason instanceof BpfError && reason.operation.startsWith("attach sys_")
  );
  if (syscalls && !system.hasTracefs()) {
    return "-r with tracepoints needs tracefs: mount -t tracefs tracefs /sys/kernel/tracing";
  }
  if (options.attach === "auto") return `nothing attaches on this kernel: ${error.message}`;
  return `cannot attach on this kernel: ${error.message}; try --attach auto`;
}
