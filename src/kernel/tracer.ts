/** The kernel side: opens, loads and attaches the programs of a back end. */

import { BpfError, type Libbpf, OpenSkeleton, PerfBuffer, type Skeleton } from "../../lib/mod.ts";
import { bss, event, rodata } from "../event/layout.gen.ts";
import { HEAD_SIZE } from "../event/view.ts";
import { backendNames, backends, type Plan } from "./backends.ts";
import { constants } from "./constants.ts";
import { defaultPages, maxCalls, maxFlows } from "./sizes.ts";
import { networkKeys } from "./filter_constants.ts";
import type { BackendName, TraceSpec } from "./spec.ts";
import { cgroupRoot, ftraceOff, withDirectory } from "./system.ts";

/** Why a back end does not run. */
export interface Refusal {
  readonly backend: BackendName;
  readonly reason: Error;
}

/** No back end runs. */
export class AttachError extends Error {
  constructor(readonly refusals: readonly Refusal[]) {
    // A back end may have been tried in two ways; the last is the one that asks for less.
    const last = new Map(refusals.map(({ backend, reason }) => [backend, reason.message]));
    super([...last].map(([backend, reason]) => `${backend}: ${reason}`).join("; "), {
      cause: refusals.at(-1)?.reason,
    });
  }
}

/** A running trace. */
export class Tracer implements Disposable {
  readonly #quiet: Uint32Array;
  readonly #lost: Uint32Array;

  /**
   * @param backend The one that runs, by `plan`.
   * @param refusals The ones that were tried before it.
   */
  private constructor(
    readonly backend: BackendName,
    readonly plan: Plan,
    readonly refusals: readonly Refusal[],
    readonly skeleton: Skeleton,
    readonly buffer: PerfBuffer,
  ) {
    const variables = skeleton.variables(".bss");
    this.#quiet = new Uint32Array(variables, bss.fields.quiet.offset, 1);
    this.#lost = new Uint32Array(variables, bss.fields.lost.offset, 1);
  }

  /**
   * Whether the kernel wakes this process only when a ring buffer is half full, so that a connect
   * does not pay for a wake-up. The caller must then read the buffers at intervals, and once more a
   * little after this was set to false.
   */
  get quiet(): boolean {
    return this.#quiet[0] !== 0;
  }
  set quiet(value: boolean) {
    this.#quiet[0] = value ? 1 : 0;
  }

  /**
   * Whether the kernel program has counted a loss since this was last set to false. It costs no
   * system call; a look at the counters does.
   */
  get lost(): boolean {
    return this.#lost[0] !== 0;
  }
  set lost(value: boolean) {
    this.#lost[0] = value ? 1 : 0;
  }

  /**
   * Loads and attaches the first back end that works.
   *
   * @throws {AttachError} If none does.
   */
  static start(libbpf: Libbpf, spec: TraceSpec): Tracer {
    const refusals: Refusal[] = [];
    for (const name of spec.attach === "auto" ? backendNames : [spec.attach]) {
      const backend = backends[name];
      const reason = backend.unavailable?.() ?? (spec.attach === "auto" && neverFires(name));
      if (reason) {
        refusals.push({ backend: name, reason });
        continue;
      }
      for (const plan of backend.plans(libbpf, spec)) {
        try {
          backend.check?.(libbpf);
          return Tracer.#run(libbpf, spec, name, plan, refusals);
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
          refusals.push({ backend: name, reason: error });
        }
      }
    }
    throw new AttachError(refusals);
  }

  static #run(
    libbpf: Libbpf,
    spec: TraceSpec,
    backend: BackendName,
    plan: Plan,
    refusals: Refusal[],
  ): Tracer {
    using stack = new DisposableStack();
    const opened = stack.use(new OpenSkeleton(libbpf, { btf: plan.withoutBtf ? null : spec.btf }));
    opened.setConstants(rodata, constants(spec, plan));
    const networks = networkKeys(spec);
    if (networks.length > 0) opened.setMaxEntries("networks", networks.length);
    resize(opened, plan, spec, libbpf.possibleCpus);
    const skeleton = stack.use(opened.load(plan.programs));
    const buffer = stack.use(
      new PerfBuffer(libbpf, skeleton.map("events"), {
        pages: spec.bufferPages ?? defaultPages(libbpf.pageSize),
        sampleSize: HEAD_SIZE,
        timeOffset: event.fields.time.offset,
        quiet: skeleton.map("quiet_events"),
      }),
    );
    for (const key of networks) skeleton.map("networks").update(key, new Uint8Array(1));
    for (const program of plan.programs) {
      if (program === plan.cgroupProgram) attachCgroup(skeleton, program);
      else skeleton.attach(program);
    }
    stack.move();
    return new Tracer(backend, plan, refusals, skeleton, buffer);
  }

  [Symbol.dispose](): void {
    this.buffer[Symbol.dispose]();
    this.skeleton[Symbol.dispose]();
  }
}

/** Why a back end would attach here but its programs would never run; undefined if they would. */
export function neverFires(name: BackendName): Error | undefined {
  if (!backends[name].ftrace || !ftraceOff()) return undefined;
  return new Error("kernel.ftrace_enabled is 0, so it would see nothing");
}

function attachCgroup(skeleton: Skeleton, program: string): void {
  const root = cgroupRoot();
  if (root === undefined) {
    throw new BpfError(`attach ${program}`, 2, "the root of cgroup v2 is not mounted");
  }
  try {
    withDirectory(root, (fd) => skeleton.attachCgroup(program, fd));
  } catch (error) {
    if (error instanceof BpfError) throw error;
    // The same kind of error as from the kernel, so that the next plan is tried.
    const { errno } = error as NodeJS.ErrnoException;
    throw new BpfError(`attach ${program}`, Math.abs(errno!), `cannot open ${root}`, "", {
      cause: error,
    });
  }
}

/** A map that is not in use costs nothing. */
function resize(opened: OpenSkeleton, { maps }: Plan, spec: TraceSpec, cpus: number): void {
  if (!maps.attempts) opened.setMaxEntries("attempts", 1);
  opened.setMaxEntries("calls", maps.calls ? maxCalls(cpus) : 1);
  opened.setMaxEntries("flows", spec.count ? maxFlows(cpus, spec.verdict) : 1);
  // Only the greatest latency has to be kept for each CPU.
  if (!spec.verdict) opened.shareHash("flows");
}
