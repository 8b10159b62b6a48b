/** --doctor: what this kernel offers, each answer tried out on a connect of our own. */

import type { AddressInfo } from "node:net";
import os from "node:os";
import process from "node:process";
import { setImmediate } from "node:timers";
import { BpfError, type Libbpf } from "../../lib/mod.ts";
import { advise } from "./advice.ts";
import { type Backend, backends, type Options, parse } from "./parse.ts";
import { EventView } from "../event/view.ts";
import * as system from "../kernel/system.ts";
import { AttachError, Tracer } from "../kernel/tracer.ts";

/** How long a connect may take to show. */
const PATIENCE_MS = 1000;

/** What a back end said when it was tried; `error` if it does not work. */
interface Trial {
  name: string;
  backend: Backend;
  error?: Error;
}

/**
 * Tries every back end, with and without -r.
 *
 * @returns The report, and whether any back end works.
 */
export async function examine(
  libbpf: Libbpf,
  options: Options,
): Promise<{ text: string; works: boolean }> {
  const trials: Trial[] = [];
  for (const backend of backends) {
    for (const result of [false, true]) {
      const name = result ? `${backend} -r` : backend;
      trials.push({
        name,
        backend,
        ...await attempt(libbpf, { ...options, attach: backend, result }),
      });
    }
  }
  const lines = [
    ...facts(options, trials),
    ...trials.map(({ name, error }): [string, string] => [
      name,
      error ? `no: ${error.message}` : "yes: loaded, attached, saw its own connect",
    ]),
  ];
  const table = lines.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join("");
  return { text: `${table}\n${verdict(options, trials)}\n`, works: trials.some(works) };
}

const works = ({ error }: Trial) => error === undefined;

async function attempt(libbpf: Libbpf, options: Options): Promise<{ error?: Error }> {
  // Not at the top: a trace has no use for it, and would start later.
  const { createServer } = await import("node:net");
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    // Whatever else the command line asks for: our own connect, and nobody else's.
    const { options: all } = parse(["-P", `${port}`]) as { options: Options };
    const { btf, bufferPages, attach, result } = options;
    using tracer = Tracer.start(libbpf, { ...all, btf, bufferPages, attach, result });
    if (!await sees(tracer, port)) return { error: new Error("attached, but it never fires") };
    return {};
  } catch (error) {
    // One back end was asked for, so the last refusal is its own.
    if (error instanceof AttachError) return { error: error.refusals.at(-1)!.reason };
    throw error;
  } finally {
    server.close();
  }
}

/** Connects to a port that is traced, and waits for the row. */
async function sees(tracer: Tracer, port: number): Promise<boolean> {
  const { connect } = await import("node:net");
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  try {
    const view = new EventView(tracer.buffer.samples);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const count = tracer.buffer.poll(20);
      for (let i = 0; i < count; i++) if (view.at(i).dport === port) return true;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return false;
  } finally {
    socket.destroy();
  }
}

function facts(options: Options, trials: readonly Trial[]): [string, string][] {
  const names: [string, number][] = [
    ["CAP_BPF", system.CAP_BPF],
    ["CAP_PERFMON", system.CAP_PERFMON],
    ["CAP_NET_ADMIN", system.CAP_NET_ADMIN],
    ["CAP_SYS_ADMIN", system.CAP_SYS_ADMIN],
  ];
  const capabilities = names.filter(([, number]) => system.capable(number)).map(([name]) => name);
  const refused = trials.map(({ error }) => error)
    .find((error) => error instanceof BpfError && error.operation.includes("perf buffer"));
  const reached = trials.some(works);
  return [
    ["kernel", `${os.release()} ${os.machine()}`],
    ["BTF", system.hasBtf() ? "yes" : options.btf ? `from ${options.btf}` : "no"],
    ["lockdown", system.lockdown() || "none"],
    ["capabilities", `UID ${process.getuid?.()}: ${capabilities.join(", ") || "none that counts"}`],
    ["memlock", system.memlock()],
    ["perf buffer", refused ? `no: ${refused.message}` : reached ? "yes" : "not reached"],
    ["ftrace", system.ftraceOff() ? "no: kernel.ftrace_enabled is 0" : "yes"],
    [
      "tracefs",
      system.tracefs() === "readable" ? "yes" : `${system.tracefs()}: tracepoint -r needs it`,
    ],
    ["cgroup v2", system.cgroupRoot() ?? "no: tracepoint rows wait for an answer"],
    ["IPv6", system.hasIpv6() ? "yes" : "no"],
  ];
}

function verdict(options: Options, trials: readonly Trial[]): string {
  const first = trials.find(works);
  if (!first) {
    const refusals = trials.map(({ backend, error }) => ({ backend, reason: error! }));
    return `tcpconnect cannot run here: ${advise(new AttachError(refusals), options)}`;
  }
  const kprobe = trials.some((trial) => trial.backend === "kprobe" && works(trial));
  const peer = kprobe ? "runs here too" : "cannot run here";
  return `tcpconnect runs here with ${first.backend}. A kprobe-only tool, as the C tcpconnect is, ${peer}.`;
}
