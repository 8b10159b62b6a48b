/** Filters: what lets an event pass. */

/** A list that filters: its values pass, or all others. */
export interface Selection<T> {
  /** None: everything passes. */
  readonly values: readonly T[];
  /** Whether all but the values pass. */
  readonly except: boolean;
}

/** A part of COMM, which has at most 15 bytes: the whole of it, its beginning or its end. */
export interface CommPattern {
  /** 1 to 15 bytes, in UTF-8. */
  readonly name: string;
  readonly part: "whole" | "begin" | "end";
}

/** Ports from one to another, both included; `from` is at least 1, and at most `to`. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** The addresses that begin with some bits of an address; its other bits are 0. */
export interface Network {
  readonly family: 4 | 6;
  /** 4 or 16 bytes, in network byte order. */
  readonly address: readonly number[];
  readonly bits: number;
}

/** Most networks of a list: a bound for memory, in the kernel some 100 bytes for each. */
export const maxNetworks = 65536;

/** All filters; an event must pass each. */
export interface Filters {
  /** Thread group IDs, of the host; at most MAX_PIDS of tcpconnect.h. */
  readonly pids: Selection<number>;
  /** At most MAX_UIDS. */
  readonly uids: Selection<number>;
  /** At most MAX_COMMS. */
  readonly comms: Selection<CommPattern>;
  /** Destination ports. */
  readonly ports: Selection<PortRange>;
  readonly sourcePorts: Selection<PortRange>;
  /** An IPv4-mapped address counts as IPv4. At most {@linkcode maxNetworks}; so for `sources`. */
  readonly destinations: Selection<Network>;
  readonly sources: Selection<Network>;
  /** 0 for both. An IPv4-mapped address counts as IPv4. */
  readonly family: 0 | 4 | 6;
  /** As in `struct event`; at most MAX_RESULTS; needs verdicts. */
  readonly results: Selection<number>;
  /** Only attempts that took at least so long, in nanoseconds; needs verdicts. */
  readonly minLatency: bigint;
}

/** Selects everything: the value of a filter that is not given. */
const everything: Selection<never> = { values: [], except: false };

/** No filter at all. */
export const passAll: Filters = {
  pids: everything,
  uids: everything,
  comms: everything,
  ports: everything,
  sourcePorts: everything,
  destinations: everything,
  sources: everything,
  family: 0,
  results: everything,
  minLatency: 0n,
};

/** The filters that are applied when an attempt has ended, and that of a number of rows. */
export type FilterCause = "result" | "latency" | "destination" | "source" | "row limit";

/** The mask whose first bits are set. */
export const mask = (bits: number): number[] =>
  Array.from({ length: 16 }, (_, i) => 0xff00 >> Math.max(0, Math.min(bits - 8 * i, 8)) & 0xff);
