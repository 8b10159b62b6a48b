/** The flows that the kernel has counted. */

import { type BpfMap, read } from "../../lib/mod.ts";
import { addressText, type Flow } from "../event/flow.ts";
import { flow, flow_stats } from "../event/layout.gen.ts";

/** Reads the map of flows, and adds up what each CPU has counted. */
export function readFlows(map: BpfMap): Flow[] {
  return [...map.entries()].map(({ key, values }) => {
    const family = read(key, flow.fields.family);
    const bytes = new Uint8Array(key.buffer);
    const stats = (field: keyof typeof flow_stats.fields) =>
      values.map((value) => read(value, flow_stats.fields[field]));
    return {
      saddr: addressText(bytes, flow.fields.saddr.offset, family),
      daddr: addressText(bytes, flow.fields.daddr.offset, family),
      sport: read(key, flow.fields.sport),
      dport: read(key, flow.fields.dport),
      result: read(key, flow.fields.result),
      count: sum(stats("count")),
      latencySum: sum(stats("latency_sum")),
      latencyMax: Math.max(...stats("latency_max")),
    };
  });
}

const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);
