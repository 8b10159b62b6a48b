/** --doctor: what this kernel offers, each answer tried out on a connect of our own. */

import type { AddressInfo } from "node:net";
import os from "node:os";
import process from "node:process";
import { setImmediate } from "node:timers";
import { BpfError, type Libbpf } from "../../lib/mod.ts";
import { advise } from "./advice.ts";
import { printable } from "../event/printable.ts";
import { EventView } from "../event/view.ts";
import { backendNames, backends } from "../kernel/backends.ts";
import { type BackendName, traceAll, type TraceSpec } from "../kernel/spec.ts";
import * as system from "../kernel/system.ts";
import { AttachError, Tracer } from "../kernel/tracer.ts";

/** How long a connect may take to show. */
const PATIENCE_MS = 1000;

/** What a back end said when it was tried; `error` if it does not work. */
interface Trial {
  name: string;
  backend: BackendName;
  verdict: boolean;
  error?: Error;
}

/**
 * Tries every back end, with and without -r.
 *
 * @returns The report, and whether any back end works.
 */
export async function examine(
  libbpf: Libbpf,
  spec: TraceSpec,
): Promise<{ text: string; works: boolean }> {
  // Whatever else the command line asks for: the doctor looks at its own connects, and only these.
  const { btf, bufferPages } = spec;
  const trials: Trial[] = [];
  for (const backend of backendNames) {
    for (const verdict of [false, true]) {
      const name = verdict ? `${backend} -r` : backend;
      trials.push({
        name,
        backend,
        verdict,
        ...await attempt(libbpf, { btf, bufferPages, attach: backend, verdict }),
      });
    }
  }
  const lines = [
    ...facts(spec, trials),
    ...trials.map(({ name, error }): [string, string] => [
      name,
      error ? `no: ${error.message}` : "yes: loaded, attached, saw its own connect",
    ]),
  ];
  const table = lines.map(([name, value]) => `${name.padEnd(14)} ${printable(value)}\n`).join("");
  return { text: `${table}\n${printable(conclusion(spec, trials))}\n`, works: trials.some(works) };
}

const works = ({ error }: Trial) => error === undefined;

async function attempt(
  libbpf: Libbpf,
  spec: Partial<TraceSpec>,
): Promise<{ error?: Error }> {
  // Not at the top: a trace has no use for it, and would start later.
  const { createServer } = await import("node:net");
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const ports = { values: [{ from: port, to: port }], except: false };
    using tracer = Tracer.start(libbpf, { ...traceAll, ...spec, ports });
    return await sees(tracer, port);
  } catch (error) {
    // One back end was asked for, so the last refusal is its own.
    if (error instanceof AttachError) return { error: error.refusals.at(-1)!.reason };
    throw error;
  } finally {
    server.close();
  }
}

/** Connects to a port that is traced, and waits for the row. */
async function sees(tracer: Tracer, port: number): Promise<{ error?: Error }> {
  const { connect } = await import("node:net");
  const socket = connect(port, "127.0.0.1");
  let failure: NodeJS.ErrnoException | undefined;
  socket.on("error", (error) => failure = error);
  try {
    const { samples, order } = tracer.buffer;
    const view = new EventView(samples);
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
      const count = tracer.buffer.poll(20);
      for (let i = 0; i < count; i++) if (view.at(order[i]!).dport === port) return {};
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    socket.destroy();
  }
  if (!failure) return { error: new Error("attached, but it never fires") };
  // Bun tells ECONNREFUSED whatever connect(2) failed of.
  const why = loopbackIsUp() ? failure.code : "the loopback interface is down (ip link set lo up)";
  return { error: new Error(`attached, but its own connect failed: ${why}`) };
}

/** Only interfaces that are up are listed. */
const loopbackIsUp = () =>
  Object.values(os.networkInterfaces()).flat().some((address) => address?.internal);

function facts(spec: TraceSpec, trials: readonly Trial[]): [string, string][] {
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
  const limits = Object.values(backends).flatMap((backend) => backend.limits ?? []);
  return [
    ["kernel", `${os.release()} ${os.machine()}`],
    ["BTF", system.hasBtf() ? "yes" : spec.btf ? `from ${spec.btf}` : "no"],
    ["lockdown", system.lockdown() || "none"],
    ["capabilities", `UID ${process.getuid?.()}: ${capabilities.join(", ") || "none that counts"}`],
    ["memlock", system.memlock()],
    ["perf buffer", refused ? `no: ${refused.message}` : reached ? "yes" : "not reached"],
    ["ftrace", system.ftraceOff() ? "no: kernel.ftrace_enabled is 0" : "yes"],
    [
      "tracefs",
      system.tracefs() === "readable"
        ? "yes"
        : `${system.tracefs()}: ${limits.map((l) => l.tracefs).join(", ")}`,
    ],
    ["cgroup v2", system.cgroupRoot() ?? `no: ${limits.map((l) => l.cgroup).join(", ")}`],
    ["IPv6", system.hasIpv6() ? "yes" : "no"],
  ];
}

function conclusion(spec: TraceSpec, trials: readonly Trial[]): string {
  const first = trials.find(works);
  if (!first) {
    // The last resort is the one that asks for least: without -r.
    const refusals = trials.filter(({ verdict }) => !verdict)
      .map(({ backend, error }) => ({ backend, reason: error! }));
    const error = new AttachError(refusals);
    return `tcpconnect cannot run here: ${advise(error, { ...spec, verdict: false })}`;
  }
  const kprobe = trials.some((trial) => trial.backend === "kprobe" && works(trial));
  const peer = kprobe ? "runs here too" : "cannot run here";
  return `tcpconnect runs here with ${first.backend}. A kprobe-only tool, as the C tcpconnect is, ${peer}.`;
}
