/** The columns: everything that is known about each stands here, and only here. */

import {
  addressField,
  bytesField,
  fractionField,
  idField,
  integerField,
  type JsonField,
  wordField,
} from "./json.ts";
import { event as layout, result as codes } from "./layout.gen.ts";
import type { TextBuffer } from "./text.ts";
import { hundredths, resultName } from "./verdict.ts";
import type { EventView } from "./view.ts";

/**
 * What a column needs beyond what every event has: the UID, the thread, the verdict of the attempt,
 * or what TCP measured until then.
 */
export type Need = "uid" | "tid" | "verdict" | "tcp-info";

/** Appends the cell of one event. */
export type Writer = (text: TextBuffer, event: EventView) => void;

/** One column of the table. */
export interface Column {
  readonly title: string;
  /** In characters; a longer cell pushes what follows. 0 for the last column. */
  readonly width: number;
  /** No space before the next column, as in the C tool; one all the same if the cell is full. */
  readonly tight?: true;
  readonly type: "integer" | "fraction" | "text" | "address";
  /** What it shows, for `--help` and the manual. */
  readonly sentence: string;
  readonly needs: readonly Need[];
  /** What a JSON object has for it. */
  readonly json: readonly JsonField[];
  /** Makes a writer for one trace: it may keep something from row to row. */
  readonly writer: (width: number) => Writer;
}

/** All columns by their keys, in the order of the table. */
export const columns = {
  time: {
    title: "TIME(s)",
    width: 9,
    tight: true,
    type: "fraction",
    sentence: "Seconds since the first attempt shown",
    needs: [],
    json: [],
    writer: secondsSinceFirst,
  },
  uid: {
    title: "UID",
    width: 6,
    tight: true,
    type: "integer",
    sentence: "User ID of the process",
    needs: ["uid"],
    json: [idField("user.id", (event) => event.uid)],
    writer: (width) => (text, event) => text.integer(event.uid, width),
  },
  pid: {
    title: "PID",
    width: 6,
    type: "integer",
    sentence: "Process ID, as the host numbers it",
    needs: [],
    json: [integerField("process.pid", (event) => event.pid)],
    writer: (width) => (text, event) => text.integer(event.pid, width),
  },
  comm: {
    title: "COMM",
    width: 16,
    type: "text",
    sentence: "Name of the thread",
    needs: [],
    json: [bytesField("process.name", (event) => event.comm, layout.fields.comm.length)],
    writer: (width) => (text, event) =>
      text.name(event.bytes, event.comm, layout.fields.comm.length, width),
  },
  ip: {
    title: "IP",
    width: 2,
    type: "integer",
    sentence: "IP version: 4 or 6; an IPv4-mapped address counts as 4",
    needs: [],
    json: [wordField("network.type", (event) => event.family === 4 ? "ipv4" : "ipv6")],
    writer: (width) => (text, event) => text.integer(event.family, width),
  },
  saddr: {
    title: "SADDR",
    width: 16,
    type: "address",
    sentence: "Source address",
    needs: [],
    json: [addressField("source.ip", (event) => event.saddr)],
    writer: (width) => (text, event) => address(text, event, event.saddr, width),
  },
  daddr: {
    title: "DADDR",
    width: 16,
    type: "address",
    sentence: "Destination address",
    needs: [],
    json: [addressField("destination.ip", (event) => event.daddr)],
    writer: (width) => (text, event) => address(text, event, event.daddr, width),
  },
  sport: {
    title: "SPORT",
    width: 5,
    type: "integer",
    sentence: "Source port",
    needs: [],
    // A port that was never chosen is absent.
    json: [integerField("source.port", (event) => event.sport, {
      present: (event) => event.sport !== 0,
    })],
    writer: (width) => (text, event) => text.integer(event.sport, width),
  },
  dport: {
    title: "DPORT",
    width: 5,
    type: "integer",
    sentence: "Destination port",
    needs: [],
    json: [integerField("destination.port", (event) => event.dport)],
    writer: (width) => (text, event) => text.integer(event.dport, width),
  },
  result: {
    title: "RESULT",
    width: 12,
    type: "text",
    sentence: "How the attempt ended: ok, the name of an errno, closed or pending",
    needs: ["verdict"],
    json: [
      wordField("event.outcome", (event) => outcome(event.result)),
      wordField("error.code", (event) => resultName(event.result), {
        present: (event) => event.result > 0,
      }),
      wordField("tcpconnect.result", (event) => resultName(event.result)),
    ],
    writer: (width) => (text, event) => text.ascii(resultName(event.result), width),
  },
  lat: {
    title: "LAT(ms)",
    width: 0,
    type: "fraction",
    sentence: "Milliseconds from the attempt to its verdict",
    needs: ["verdict"],
    json: [
      integerField("event.duration", (event) => event.latency),
      fractionField("tcpconnect.latency_ms", (event) => event.latency, 6),
    ],
    writer: (width) => (text, event) => text.fixed(hundredths(event.latency), 2, width),
  },
} as const satisfies Record<string, Column>;

export type ColumnKey = keyof typeof columns;

/** Everything that some columns need. */
export function needsOf(keys: readonly ColumnKey[]): Set<Need> {
  return new Set(keys.flatMap((key): readonly Need[] => columns[key].needs));
}

/** As the Elastic Common Schema has it in `event.outcome`. */
function outcome(result: number): "success" | "failure" | "unknown" {
  if (result === codes.RESULT_OK) return "success";
  return result > 0 || result === codes.RESULT_CLOSED ? "failure" : "unknown";
}

function address(text: TextBuffer, event: EventView, from: number, width: number): void {
  if (event.family === 4) text.ipv4(event.bytes, from, width);
  else text.ipv6(event.bytes, from, width);
}

function secondsSinceFirst(width: number): Writer {
  let first: number | undefined;
  return (text, event) => {
    // The C tool drops what is below a microsecond before it subtracts.
    const micros = Math.floor((event.time - event.latency) / 1000);
    first ??= micros;
    text.fixed(toMillis(micros - first), 3, width);
  };
}

/** Rounds as printf's "%.3f" rounds the double that is `micros / 1e6`. */
function toMillis(micros: number): number {
  const half = Math.abs(micros % 1000) === 500;
  if (!half) return Math.round(micros / 1000);
  // An exact tie goes to the even digit; any other is decided by the double's own error.
  if (micros % 15625 === 0) return 2 * Math.round(micros / 2000);
  return Math.round(Number((micros / 1e6).toFixed(3)) * 1000);
}
