/** Counted flows as a table: -c. */

import { type BpfMap, read } from "../../lib/mod.ts";
import type { Options } from "../cli/parse.ts";
import type { EventView } from "../event/view.ts";
import { flow, flow_stats } from "../event/layout.gen.ts";
import { hundredths, resultName } from "../event/verdict.ts";
import { TextBuffer } from "../event/text.ts";

/** One line of the report. */
export interface FlowCount {
  saddr: string;
  daddr: string;
  sport: number;
  dport: number;
  result: number;
  count: number;
  /** In nanoseconds, as `latencyMax`. */
  latencySum: number;
  latencyMax: number;
}

/** Reads the kernel's counts and adds up those of its CPUs. */
export function* readFlows(map: BpfMap): Generator<FlowCount> {
  for (const { key, values } of map.entries()) {
    const family = read(key, flow.fields.family);
    const bytes = new Uint8Array(key.buffer);
    const stats = (field: keyof typeof flow_stats.fields) =>
      values.map((value) => read(value, flow_stats.fields[field]));
    yield {
      saddr: address(bytes, flow.fields.saddr.offset, family),
      daddr: address(bytes, flow.fields.daddr.offset, family),
      sport: read(key, flow.fields.sport),
      dport: read(key, flow.fields.dport),
      result: read(key, flow.fields.result),
      count: sum(stats("count")),
      latencySum: sum(stats("latency_sum")),
      latencyMax: Math.max(...stats("latency_max")),
    };
  }
}

/** Adds events to flows, counted as the kernel counts them. */
export function countEvents(
  counted: Iterable<FlowCount>,
  view: EventView,
  count: number,
  sourcePort: boolean,
): FlowCount[] {
  const key = (f: FlowCount) => [f.saddr, f.daddr, f.sport, f.dport, f.result].join();
  const flows = new Map([...counted].map((flow) => [key(flow), flow]));
  for (let i = 0; i < count; i++) {
    const event = view.at(i);
    const { family, dport, result, latency } = event;
    const none: FlowCount = {
      saddr: address(event.bytes, event.saddr, family),
      daddr: address(event.bytes, event.daddr, family),
      sport: sourcePort ? event.sport : 0,
      dport,
      result,
      count: 0,
      latencySum: 0,
      latencyMax: 0,
    };
    const flow = flows.get(key(none)) ?? none;
    flow.count++;
    flow.latencySum += latency;
    flow.latencyMax = Math.max(flow.latencyMax, latency);
    flows.set(key(flow), flow);
  }
  return [...flows.values()];
}

const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0);

const text = new TextBuffer();
const decoder = new TextDecoder();

function address(bytes: Uint8Array, from: number, family: number): string {
  text.clear();
  if (family === 4) text.ipv4(bytes, from);
  else text.ipv6(bytes, from);
  return decoder.decode(text.bytes);
}

/** The report's columns: those of the C tool, and -r's. */
function columns(options: Options): { title: string; width: number; cell(f: FlowCount): string }[] {
  const millis = (ns: number) => (hundredths(ns) / 100).toFixed(2);
  const lport = { title: "LPORT", width: 20, cell: (f: FlowCount) => String(f.sport) };
  const result = { title: "RESULT", width: 12, cell: (f: FlowCount) => resultName(f.result) };
  return [
    { title: "LADDR", width: 25, cell: (f) => f.saddr },
    { title: "RADDR", width: 25, cell: (f) => f.daddr },
    ...(options.sourcePort ? [lport] : []),
    { title: "RPORT", width: 20, cell: (f) => String(f.dport) },
    ...(options.result ? [result] : []),
    { title: "CONNECTS", width: 10, cell: (f) => String(f.count) },
    ...(options.result
      ? [
        { title: "AVG(ms)", width: 10, cell: (f: FlowCount) => millis(f.latencySum / f.count) },
        { title: "MAX(ms)", width: 0, cell: (f: FlowCount) => millis(f.latencyMax) },
      ]
      : []),
  ];
}

/** The report, the busiest flow first. */
export function formatFlows(flows: readonly FlowCount[], options: Options): string {
  const all = columns(options);
  const line = (cells: string[]) =>
    cells.map((cell, i) => cell.padEnd(all[i]!.width)).join(" ") + "\n";
  const header = line(all.map(({ title }) => title));
  const rows = flows.toSorted((a, b) => b.count - a.count)
    .map((flow) => line(all.map(({ cell }) => cell(flow))));
  return `\n${header}${rows.join("")}`;
}
