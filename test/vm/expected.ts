/** What each kernel must do: any difference is a failure. */

import type { BackendName } from "../../src/kernel/spec.ts";

export type Attach = BackendName | "auto";
export const attaches: readonly Attach[] = ["fentry", "kprobe", "tracepoint", "auto"];

/** A cell of the matrix. */
export type Cell = "pass" | "unsupported";

export interface Expected {
  cells: Record<Attach, Cell>;
  /** What `auto` takes. */
  auto: BackendName;
  /** What the one line about an unsupported back end must tell of the kernel. */
  because?: RegExp;
  /** What the client cannot do there, in its words. */
  lacks: readonly string[];
  /** Which back ends may lose a row now and then, and must report it. */
  loses: readonly BackendName[];
}

const all: Expected = {
  cells: { fentry: "pass", kprobe: "pass", tracepoint: "pass", auto: "pass" },
  auto: "fentry",
  lacks: [],
  loses: [],
};

/** Before 6.2 there is one kretprobe instance for each CPU: a second task in the call may get none. */
const scarce: Expected = { ...all, loses: ["kprobe"] };

export const expected: Readonly<Record<string, Expected>> = {
  "arm64 6.12": all,
  // BPF trampolines came to arm64 with 6.0, direct calls of ftrace, which fentry needs, with 6.4.
  "arm64 6.1": {
    ...scarce,
    cells: { ...all.cells, fentry: "unsupported" },
    auto: "kprobe",
    because: /attach fexit_v4: .*(524|ENOTSUPP)/,
  },
  // It preempts a running program, and skips that program for the next task on the CPU.
  "7.x": { ...all, loses: ["fentry", "kprobe", "tracepoint"] },
  "6.12": all,
  "6.1": scarce,
  "5.10": { ...scarce, lacks: ["no MPTCP"] },
};
