/** Flows: connects counted by what they have in common. */

import { TextBuffer } from "./text.ts";
import type { EventView } from "./view.ts";

/** The sum of the connects with the same addresses and port, and with `-r` the same result. */
export interface Flow {
  /** As text, RFC 5952; so is `daddr`. */
  saddr: string;
  daddr: string;
  /** 0 unless it is part of the flow. */
  sport: number;
  dport: number;
  /** As in `struct event`. */
  result: number;
  count: number;
  /** In nanoseconds, as `latencyMax`. */
  latencySum: number;
  latencyMax: number;
}

/**
 * Adds events to flows.
 *
 * @param counted What was counted before; stays as it is.
 * @param events The events; a cursor, as {@linkcode EventView} is.
 * @param sourcePort Whether the source port is part of a flow.
 */
export function addToFlows(
  counted: readonly Flow[],
  events: Iterable<EventView>,
  sourcePort: boolean,
): Flow[] {
  const key = (f: Flow) => [f.saddr, f.daddr, f.sport, f.dport, f.result].join();
  const flows = new Map(counted.map((flow) => [key(flow), { ...flow }]));
  for (const event of events) {
    const { family, dport, result, latency } = event;
    const none: Flow = {
      saddr: addressText(event.bytes, event.saddr, family),
      daddr: addressText(event.bytes, event.daddr, family),
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

const text = new TextBuffer();
const decoder = new TextDecoder();

/** An address as text: 4 or 16 bytes from `from` on. */
export function addressText(bytes: Uint8Array, from: number, family: number): string {
  text.clear();
  if (family === 4) text.ipv4(bytes, from);
  else text.ipv6(bytes, from);
  return decoder.decode(text.bytes);
}
