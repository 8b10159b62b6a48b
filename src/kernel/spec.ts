/** What to trace: the input of the kernel side. */

import { type Filters, passAll } from "./filters.ts";

/** The ways to attach; `backends.ts` says what each is. */
export type BackendName = "fentry" | "kprobe" | "tracepoint";

/** What to trace, and which data of it are needed. */
export interface TraceSpec extends Filters {
  /** `auto` takes the first back end that works. */
  readonly attach: BackendName | "auto";
  /** A file with the kernel's BTF, for a kernel that carries none. */
  readonly btf: string | undefined;
  /** Of each CPU's perf buffer: a power of two, or undefined for 512 KiB. */
  readonly bufferPages: number | undefined;
  /** Whether events have the UID. */
  readonly uid: boolean;
  /** Whether events have the thread ID. */
  readonly tid: boolean;
  /** Whether events have what TCP measured: retransmits and round-trip time; needs `verdict`. */
  readonly tcpInfo: boolean;
  /** Whether there is one event for each attempt, with its result, when that is known. */
  readonly verdict: boolean;
  /** Count flows in the kernel; then there are no events. */
  readonly count: boolean;
  /** Whether the source port is part of a flow. */
  readonly flowSport: boolean;
}

/** Traces everything, with no more data than every event has. */
export const traceAll: TraceSpec = {
  ...passAll,
  attach: "auto",
  btf: undefined,
  bufferPages: undefined,
  uid: false,
  tid: false,
  tcpInfo: false,
  verdict: false,
  count: false,
  flowSport: false,
};

/** Whether events need the tail of `struct event`. */
export const wantsTail = ({ tid, tcpInfo }: TraceSpec): boolean => tid || tcpInfo;
