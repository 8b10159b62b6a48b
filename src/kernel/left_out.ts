/** The filters that are applied when an attempt ends, for attempts that user space ends. */

import { type Field, read } from "../../lib/mod.ts";
import { event as layout } from "../event/layout.gen.ts";
import { portBits } from "./filter_constants.ts";
import { type FilterCause, type Filters, mask, type Network, type Selection } from "./filters.ts";

/**
 * Makes a function that tells why an attempt is left out that has not ended when tracing does: as
 * `verdict()` and `submit()` of the kernel program decide it for others. It takes an event as `struct
 * event`, with the result and the latency that it is to be shown with, and returns the filter that it
 * does not pass; undefined if it passes all.
 *
 * Both lists and attempts may be 65,536: the lists are made into tables once.
 */
export function leftOutBy(
  filters: Filters,
): (event: DataView<ArrayBuffer>) => FilterCause | undefined {
  const { results, minLatency, sourcePorts, family } = filters;
  const { fields } = layout;
  const [to, from] = [filters.destinations, filters.sources].map(networkTable) as [Has, Has];
  const ports = portBits(sourcePorts.values);
  return (event) => {
    const of = read(event, fields.family);
    const address = ({ offset, length }: Field) =>
      new Uint8Array(event.buffer, event.byteOffset + offset, length);
    const result = read(event, fields.result);
    if (!passes(results, () => results.values.includes(result))) return "result";
    if (event.getBigUint64(fields.latency.offset, true) < minLatency) return "latency";
    if (family !== 0 && family !== of) return "destination";
    if (!passes(filters.destinations, () => to(of, address(fields.daddr)))) return "destination";
    const sport = read(event, fields.sport);
    const portListed = () => ((ports[sport >> 3] ?? 0) >> (sport & 7) & 1) === 1;
    if (!passes(sourcePorts, portListed)) return "source";
    return passes(filters.sources, () => from(of, address(fields.saddr))) ? undefined : "source";
  };
}

const passes = ({ values, except }: Selection<unknown>, listed: () => boolean): boolean =>
  values.length === 0 || listed() !== except;

/** Whether an address of a family is in one of some networks. */
type Has = (family: number, address: Uint8Array) => boolean;

/** Networks by their lengths: there are few of these, however many networks there are. */
function networkTable({ values }: Selection<Network>): Has {
  const lengths = new Map<string, { family: number; mask: number[]; networks: Set<string> }>();
  for (const { family, address, bits } of values) {
    const key = `${family}/${bits}`;
    const entry = lengths.get(key) ?? {
      family,
      mask: mask(bits).slice(0, address.length),
      networks: new Set(),
    };
    lengths.set(key, entry);
    entry.networks.add(address.join());
  }
  const all = [...lengths.values()];
  return (family, address) =>
    all.some((one) =>
      one.family === family &&
      one.networks.has(one.mask.map((byte, i) => byte & address[i]!).join())
    );
}
