/** The columns table: all that is known about each column. */

import {
  addressField,
  appendString,
  bytesField,
  fractionField,
  idField,
  integerField,
  type JsonField,
  wordField,
} from "./json.ts";
import { event as layout, result as codes } from "./layout.gen.ts";
import { began, type Clock, localWriter } from "./clock.ts";
import type { TextBuffer } from "./text.ts";
import { hundredths, resultName } from "./verdict.ts";
import { type EventView, RETRANS_UNKNOWN } from "./view.ts";

/** The cell of a value that there is not. */
const NONE = "-";

/**
 * What a column needs beyond what every event has: the UID, the thread ID, the result of the
 * attempt, or what TCP measured until then.
 */
export type Need = "uid" | "tid" | "verdict" | "tcp-info";

/** Where writers find what no event tells. */
export interface Sources {
  readonly clock: Clock;
  /** By how many seconds local time is ahead of UTC, `when` seconds after 1970. */
  readonly utcOffset: (when: number) => number;
  readonly users: {
    /** The name of a user in UTF-8, if it is known. */
    name(uid: number): Uint8Array | undefined;
  };
}

/** Appends the cell of one event. */
export type Writer = (text: TextBuffer, event: EventView) => void;

/** One column of the table. */
export interface Column {
  readonly title: string;
  /** In characters; a longer cell pushes what follows. The last column is not padded. */
  readonly width: number;
  /** In the C tool's layout: no space before the next column; but one if the cell is full. */
  readonly tight?: true;
  /** In the C tool's layout: padded even if it is the last column. */
  readonly padded?: true;
  readonly type: "integer" | "fraction" | "text" | "address";
  /** What it shows, for `--help` and the manual. */
  readonly sentence: string;
  readonly needs: readonly Need[];
  /** What a JSON object has for it. */
  readonly json: readonly JsonField[] | ((sources: Sources) => readonly JsonField[]);
  /** Whether a cell is shown in color, on a terminal. */
  readonly colored?: (event: EventView) => boolean;
  /** Makes a writer for one trace: it may keep something from row to row. */
  readonly writer: (width: number, sources: Sources) => Writer;
}

/** All columns by their keys, in the order of the table. */
export const columns = {
  wtime: {
    title: "WTIME",
    width: 32,
    type: "text",
    sentence: "Date and time of the attempt: wall clock, local time zone, RFC 3339",
    needs: [],
    json: [], // each object has it as @timestamp
    writer: wallTime,
  },
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
  user: {
    title: "USER",
    width: 12,
    type: "text",
    sentence: "Name of the user, from /etc/passwd; the UID if there is none",
    needs: ["uid"],
    json: userFields,
    writer: userName,
  },
  pid: {
    title: "PID",
    width: 6,
    type: "integer",
    sentence: "Process ID (thread group ID)",
    needs: [],
    json: [integerField("process.pid", (event) => event.pid)],
    writer: (width) => (text, event) => text.integer(event.pid, width),
  },
  tid: {
    title: "TID",
    width: 6,
    type: "integer",
    sentence: "Thread ID",
    needs: ["tid"],
    json: [integerField("process.thread.id", (event) => event.tid)],
    writer: (width) => (text, event) => text.integer(event.tid, width),
  },
  comm: {
    title: "COMM",
    width: 16,
    type: "text",
    sentence: "Name of the thread that called, at most 15 bytes",
    needs: [],
    json: [bytesField("process.name", (event) => event.comm, layout.fields.comm.length)],
    writer: (width) => (text, event) =>
      text.name(event.bytes, event.comm, layout.fields.comm.length, width),
  },
  ip: {
    title: "IP",
    width: 2,
    type: "integer",
    sentence: "4 or 6; an IPv4-mapped IPv6 address counts as IPv4",
    needs: [],
    json: [wordField("network.type", (event) => event.family === 4 ? "ipv4" : "ipv6")],
    writer: (width) => (text, event) => text.integer(event.family, width),
  },
  saddr: {
    title: "SADDR",
    width: 16,
    type: "address",
    sentence: "Source address; 0.0.0.0 or :: if the call failed before it was set",
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
    padded: true,
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
    colored: (event) => event.result !== codes.RESULT_OK,
    writer: (width) => (text, event) => text.ascii(resultName(event.result), width),
  },
  lat: {
    title: "LAT(ms)",
    width: 9,
    type: "fraction",
    sentence: "Milliseconds from the attempt to its result",
    needs: ["verdict"],
    json: [
      integerField("event.duration", (event) => event.latency),
      fractionField("tcpconnect.latency_ms", (event) => event.latency, 6),
    ],
    writer: (width) => (text, event) => text.fixed(hundredths(event.latency), 2, width),
  },
  retrans: {
    title: "RETRANS",
    width: 7,
    type: "integer",
    sentence: "How often the SYN was sent again; - if that is not known, as while pending",
    needs: ["verdict", "tcp-info"],
    json: [integerField("tcpconnect.retransmits", (event) => event.retrans, {
      present: (event) => event.retrans !== RETRANS_UNKNOWN,
    })],
    writer: (width) => (text, event) => {
      if (event.retrans === RETRANS_UNKNOWN) text.ascii(NONE, width);
      else text.integer(event.retrans, width);
    },
  },
  rtt: {
    title: "RTT(ms)",
    width: 9,
    type: "fraction",
    sentence: "Round-trip time in milliseconds; - if not established, or if the SYN was sent again",
    needs: ["verdict", "tcp-info"],
    json: [fractionField("tcpconnect.rtt_ms", (event) => Math.round(event.rtt / 1000), 3, {
      present: (event) => event.rtt !== 0,
    })],
    writer: (width) => (text, event) => {
      if (event.rtt === 0) text.ascii(NONE, width);
      else text.fixed(Math.round(event.rtt / 1000), 3, width);
    },
  },
} as const satisfies Record<string, Column>;

export type ColumnKey = keyof typeof columns;

/** Everything that some columns need. */
export function needsOf(keys: readonly ColumnKey[]): Set<Need> {
  return new Set(keys.flatMap((key): readonly Need[] => columns[key].needs));
}

/** The columns that need something. */
export const keysThatNeed = (need: Need): ColumnKey[] =>
  (Object.keys(columns) as ColumnKey[]).filter((key) => needsOf([key]).has(need));

/** As the Elastic Common Schema has it in `event.outcome`. */
function outcome(result: number): "success" | "failure" | "unknown" {
  if (result === codes.RESULT_OK) return "success";
  return result > 0 || result === codes.RESULT_CLOSED ? "failure" : "unknown";
}

function address(text: TextBuffer, event: EventView, from: number, width: number): void {
  if (event.family === 4) text.ipv4(event.bytes, from, width);
  else text.ipv6(event.bytes, from, width);
}

function wallTime(width: number, { clock, utcOffset }: Sources): Writer {
  const local = localWriter(utcOffset);
  return (text, event) => {
    const start = text.length;
    local(text, began(event, clock));
    text.pad(start, width);
  };
}

function userName(width: number, { users }: Sources): Writer {
  return (text, event) => {
    const name = users.name(event.uid);
    if (name) text.name(name, 0, name.length, width);
    else text.integer(event.uid, width);
  };
}

function userFields({ users }: Sources): JsonField[] {
  return [{
    path: "user.name",
    quoted: true,
    write(text, event) {
      const name = users.name(event.uid)!;
      appendString(text, name, 0, name.length);
    },
    present: (event) => users.name(event.uid) !== undefined,
  }];
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
