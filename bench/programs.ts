/** Kernel time of BPF programs, as the kernel's own statistics tell it. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const SYSCTL = "/proc/sys/kernel/bpf_stats_enabled";

/** Calls back with statistics turned on, which cost a little themselves. */
export async function withStats<T>(work: () => Promise<T>): Promise<T> {
  const before = readFileSync(SYSCTL, "utf8");
  writeFileSync(SYSCTL, "1");
  try {
    return await work();
  } finally {
    writeFileSync(SYSCTL, before);
  }
}

/** The time, in ns, that the kernel spent in the programs that a process holds open. */
export function programTime(pid: number): number {
  const times = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    const id = /^prog_id:\s*(\d+)$/m.exec(info);
    const time = /^run_time_ns:\s*(\d+)$/m.exec(info);
    if (id && time) times.set(id[1]!, Number(time[1]));
  }
  return [...times.values()].reduce((sum, time) => sum + time, 0);
}
