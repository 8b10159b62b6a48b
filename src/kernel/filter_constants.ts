/** From filters to what the kernel program has of them: the constants of `bpf/filter.h`, and the trie. */

import { type FieldValue, write } from "../../lib/mod.ts";
import { network_key, rodata } from "../event/layout.gen.ts";
import {
  type CommPattern,
  type Filters,
  mask,
  type Network,
  type PortRange,
  type Selection,
} from "./filters.ts";

import { pidNamespace } from "./system.ts";

/** Values for variables of `.rodata`. */
export type Constants = { readonly [N in keyof typeof rodata.fields]?: FieldValue };

const used = (...selections: readonly Selection<unknown>[]) =>
  selections.some(({ values }) => values.length > 0);

/**
 * The constants of `bpf/filter.h`.
 *
 * @param verdict Whether attempts are filtered again when they have ended.
 */
export function filterConstants(filters: Filters, verdict: boolean): Constants {
  const {
    pids,
    uids,
    comms,
    ports,
    sourcePorts,
    destinations,
    sources,
    results,
    minLatency,
    family,
  } = filters;
  const namespace = used(pids) ? pidNamespace() : undefined;
  const destination = used(ports, destinations) || family !== 0;
  const source = used(sourcePorts, sources);
  const [to, from] = [destinations, sources].map(networkConstants) as [Networks, Networks];
  return {
    filter_caller: used(pids, uids, comms),
    filter_pids: pids.values,
    filter_pid_count: pids.values.length,
    filter_pid_except: pids.except,
    filter_pid_ns: namespace?.ino ?? 0n,
    filter_pid_dev: namespace?.dev ?? 0n,
    filter_uids: uids.values,
    filter_uid_count: uids.values.length,
    filter_uid_except: uids.except,
    ...commConstants(comms),
    filter_ends: source || (verdict && destination),
    filter_destination: destination,
    filter_family: family,
    filter_port: used(ports),
    filter_port_except: ports.except,
    filter_ports: portBits(ports.values),
    filter_dst_count: to.count,
    filter_dst_except: to.except,
    filter_dst_families: to.families,
    filter_dst_addrs: to.addresses,
    filter_dst_masks: to.masks,
    filter_source: source,
    filter_sport: used(sourcePorts),
    filter_sport_except: sourcePorts.except,
    filter_sports: portBits(sourcePorts.values),
    filter_src_count: from.count,
    filter_src_except: from.except,
    filter_src_families: from.families,
    filter_src_addrs: from.addresses,
    filter_src_masks: from.masks,
    filter_outcome: used(results) || minLatency > 0n,
    filter_results: results.values,
    filter_result_count: results.values.length,
    filter_result_except: results.except,
    min_latency: minLatency,
  };
}

/** Names as 16 bytes each and masks of those that count; those at the begin of COMM come first. */
function commConstants({ values, except }: Selection<CommPattern>): Constants {
  const [ends, begins] = [true, false].map((end) =>
    values.filter((v) => end === (v.part === "end"))
  );
  const patterns = [...begins!, ...ends!].map(({ name, part }) => {
    const bytes = [...new TextEncoder().encode(name)];
    const mask = bytes.map(() => 0xff);
    // The NUL behind it counts, unless COMM may go on.
    if (part !== "begin") (bytes.push(0), mask.push(0xff));
    const before = Array<number>(part === "end" ? 16 - bytes.length : 0).fill(0);
    return { name: sixteen([...before, ...bytes]), mask: sixteen([...before, ...mask]) };
  });
  return {
    filter_comm_count: values.length,
    filter_comm_begins: begins!.length,
    filter_comm_except: except,
    filter_comm_names: patterns.flatMap(({ name }) => name),
    filter_comm_masks: patterns.flatMap(({ mask }) => mask),
  };
}

/** A bit for each port, port 0 in the lowest one; as many bytes as the highest port needs. */
export function portBits(ranges: readonly PortRange[]): number[] {
  const last = ranges.reduce((highest, { to }) => Math.max(highest, to), -1);
  const bits = Array<number>((last >> 3) + 1).fill(0);
  for (const { from, to } of ranges) {
    for (let port = from; port <= to; port++) bits[port >> 3]! |= 1 << (port & 7);
  }
  return bits;
}

/** Whether a list of networks is too long for constants: then it goes into the trie. */
const long = ({ values }: Selection<Network>) =>
  values.length > rodata.fields.filter_dst_families.length;

type Networks = ReturnType<typeof networkConstants>;

function networkConstants(networks: Selection<Network>) {
  const { values, except } = networks;
  const constants = long(networks) ? [] : values;
  return {
    count: values.length,
    except,
    families: constants.map(({ family }) => family),
    addresses: constants.flatMap(({ address }) => sixteen(address)),
    masks: constants.flatMap(({ bits }) => mask(bits)),
  };
}

/** Bytes with zeros behind them: so an event has an IPv4 address. */
const sixteen = (bytes: readonly number[]) => Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0);

/** The keys of the trie: the networks of lists that are too long for constants. */
export function networkKeys({ destinations, sources }: Filters): DataView<ArrayBuffer>[] {
  return [destinations, sources].flatMap((networks, source) =>
    (long(networks) ? networks.values : []).map(({ family, address, bits }) => {
      const key = new DataView(new ArrayBuffer(network_key.size));
      write(key, network_key, { bits: 32 + bits, family, source, addr: address });
      return key;
    })
  );
}
