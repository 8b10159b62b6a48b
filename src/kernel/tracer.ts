/** The kernel side: which programs make up a back end, and their way into the kernel. */

import { BpfError, type Libbpf, OpenSkeleton, PerfBuffer, type Skeleton } from "../../lib/mod.ts";
import { type Backend, backends, type Options } from "../cli/parse.ts";
import { bss, event, rodata } from "../event/layout.gen.ts";
import { cgroupRoot, ftraceOff, hasIpv6, hasKprobes, withDirectory } from "./system.ts";

/** Why a back end does not run. */
export interface Refusal {
  backend: Backend;
  reason: Error;
}

/** No back end runs. */
export class AttachError extends Error {
  constructor(readonly refusals: readonly Refusal[]) {
    // A back end may have been tried in two ways; the last is the one that asks for less.
    const last = new Map(refusals.map(({ backend, reason }) => [backend, reason.message]));
    super([...last].map(([backend, reason]) => `${backend}: ${reason}`).join("; "));
  }
}

/** The programs of a back end, in the order in which they attach; they detach the other way round. */
interface Plan {
  backend: Backend;
  programs: readonly string[];
  /** Whether sockops may ask helpers who calls; then no BTF is needed. */
  helpers?: boolean;
}

/**
 * Ends before beginnings, so that no attempt begins whose end goes unseen. The v6 programs speak
 * for IPv4-mapped addresses too.
 */
function plans(libbpf: Libbpf, backend: Backend, options: Options): Plan[] {
  const versions = [options.family === 6 ? "" : "v4", hasIpv6() ? "v6" : ""].filter(Boolean);
  const each = (program: string) => versions.map((version) => `${program}_${version}`);
  // tp_btf needs the kernel's own BTF.
  const state = options.btf ? "state_raw" : "state_btf";
  const twins = [state, `${state}_twin`];
  switch (backend) {
    case "fentry":
      return [{
        backend,
        programs: options.result ? [...twins, ...each("fexit"), ...each("fentry")] : each("fexit"),
      }];
    case "kprobe":
      return [{
        backend,
        programs: [...(options.result ? twins : []), ...each("kretprobe"), ...each("kprobe")],
      }];
    case "tracepoint": {
      // Without cgroups the source port, and a row with it, comes with the next change of state.
      if (!options.result) {
        const helpers = !options.btf && libbpf.taskHelpers;
        return [{ backend, programs: ["connect_cb"], helpers }, { backend, programs: twins }];
      }
      const calls = ["sys_exit_connect", "sys_enter_connect"];
      return [
        { backend, programs: ["connect_cb", ...calls, ...twins] },
        { backend, programs: [...calls, ...twins] },
      ];
    }
  }
}

/** A running trace. */
export class Tracer implements Disposable {
  readonly #quiet: Uint32Array;
  readonly #lostCpu: Uint32Array;

  /**
   * @param backend The one that runs.
   * @param refusals The ones that were tried before it.
   * @param maps Which maps its programs keep something in.
   */
  private constructor(
    readonly backend: Backend,
    readonly programs: readonly string[],
    readonly refusals: readonly Refusal[],
    readonly skeleton: Skeleton,
    readonly buffer: PerfBuffer,
    readonly maps: ReturnType<typeof mapsInUse>,
  ) {
    const variables = skeleton.variables(".bss");
    this.#quiet = new Uint32Array(variables, bss.fields.quiet.offset, 1);
    this.#lostCpu = new Uint32Array(variables, bss.fields.lost_cpu.offset, 1);
  }

  /**
   * Whether samples wake nobody before a ring buffer is half full, so that a connect does not pay
   * for it. They must be drained then, and once more a little after it has ended.
   */
  get quiet(): boolean {
    return this.#quiet[0] !== 0;
  }
  set quiet(value: boolean) {
    this.#quiet[0] = value ? 1 : 0;
  }

  /** Samples lost because their CPU came up after the start. */
  get lostCpu(): number {
    return this.#lostCpu[0]!;
  }

  /**
   * Loads and attaches the first back end that works.
   *
   * @throws {AttachError} If none does.
   */
  static start(libbpf: Libbpf, options: Options): Tracer {
    const refusals: Refusal[] = [];
    for (const backend of options.attach === "auto" ? backends : [options.attach]) {
      const reason = hopeless(backend) ?? (options.attach === "auto" && neverFires(backend));
      if (reason) {
        refusals.push({ backend, reason });
        continue;
      }
      for (const plan of plans(libbpf, backend, options)) {
        try {
          if (backend === "fentry") libbpf.checkFentry();
          return Tracer.#run(libbpf, options, plan, refusals);
        } catch (error) {
          if (!(error instanceof BpfError)) throw error;
          refusals.push({ backend, reason: error });
        }
      }
    }
    throw new AttachError(refusals);
  }

  static #run(libbpf: Libbpf, options: Options, plan: Plan, refusals: Refusal[]): Tracer {
    using stack = new DisposableStack();
    const opened = stack.use(new OpenSkeleton(libbpf, { btf: plan.helpers ? null : options.btf }));
    const maps = mapsInUse(options, plan);
    configure(opened, options, plan);
    resize(opened, maps, libbpf.possibleCpus);
    const skeleton = stack.use(opened.load(plan.programs));
    const buffer = stack.use(
      new PerfBuffer(libbpf, skeleton.map("events"), {
        pages: options.bufferPages,
        sampleSize: event.size,
        timeOffset: event.fields.time.offset,
        quiet: skeleton.map("quiet_events"),
      }),
    );
    for (const program of plan.programs) attach(skeleton, program);
    stack.move();
    return new Tracer(plan.backend, plan.programs, refusals, skeleton, buffer, maps);
  }

  [Symbol.dispose](): void {
    this.buffer[Symbol.dispose]();
    this.skeleton[Symbol.dispose]();
  }
}

/** Why a back end would attach here without ever seeing anything, if so. */
export function neverFires(backend: Backend): Error | undefined {
  if (backend === "tracepoint" || !ftraceOff()) return undefined;
  return new Error("kernel.ftrace_enabled is 0, so it would see nothing");
}

/** Why a back end need not be tried: that saves the time to load it. */
function hopeless(backend: Backend): Error | undefined {
  if (backend !== "kprobe" || hasKprobes()) return undefined;
  return new Error("the kernel has no kprobes (CONFIG_KPROBES)");
}

function attach(skeleton: Skeleton, program: string): void {
  if (program !== "connect_cb") return skeleton.attach(program);
  const root = cgroupRoot();
  if (root === undefined) {
    throw new BpfError(`attach ${program}`, 2, "the root of cgroup v2 is not mounted");
  }
  withDirectory(root, (fd) => skeleton.attachCgroup(program, fd));
}

function configure(opened: OpenSkeleton, options: Options, plan: Plan): void {
  opened.setConstants(rodata, {
    filter_pids: options.pids,
    filter_pid_count: options.pids.length,
    filter_uids: options.uids,
    filter_uid_count: options.uids.length,
    filter_ports: options.ports,
    filter_port_count: options.ports.length,
    filter_family: options.family,
    want_uid: options.printUid,
    count_flows: options.count,
    flow_sport: options.sourcePort,
    want_result: options.result,
    only_failed: options.failed,
    min_latency: options.minLatency,
    from_state: plan.backend === "tracepoint",
    task_helpers: plan.helpers ?? false,
  });
}

/** The maps that keep something for each connect, by whether a plan's programs do. */
function mapsInUse({ count, result }: Options, { backend, programs }: Plan) {
  return {
    attempts: programs.some((program) => program.startsWith("state_")),
    calls: backend === "kprobe" || (backend === "tracepoint" && result),
    flows: count,
  };
}

/** A map that is not in use costs nothing. An LRU map keeps up to 128 free entries on each CPU. */
function resize(opened: OpenSkeleton, maps: ReturnType<typeof mapsInUse>, cpus: number): void {
  for (const [name, used] of Object.entries(maps)) if (!used) opened.setMaxEntries(name, 1);
  if (maps.calls) opened.setMaxEntries("calls", Math.max(16384, 512 * cpus));
}
