/** Events as the rows of a table, byte for byte as libbpf-tools' tcpconnect prints them. */

import type { Options } from "../cli/parse.ts";
import type { EventView } from "../event/view.ts";
import { event as layout } from "../event/layout.gen.ts";
import { hundredths, resultName } from "../event/verdict.ts";
import type { TextBuffer } from "../event/text.ts";

/** Room that a row takes at most: every column at its widest. */
const ROW_MAX = 256;

interface Column {
  title: string;
  width: number;
  /** No space before the next column, as the C tool has it; one all the same if the text fills it. */
  tight?: boolean;
  write(text: TextBuffer, event: EventView): void;
}

/** Writes the header and rows. */
export class Table {
  readonly #text: TextBuffer;
  readonly #columns: readonly Column[];

  constructor(text: TextBuffer, options: Options) {
    this.#text = text;
    this.#columns = columns(options);
  }

  header(): void {
    this.#columns.forEach(({ title, width, tight }, i) => {
      this.#text.ascii(title, width);
      if (!tight && i < this.#columns.length - 1) this.#text.space();
    });
    this.#text.newline();
  }

  row(event: EventView): void {
    const text = this.#text;
    const columns = this.#columns;
    text.reserve(ROW_MAX);
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i]!;
      column.write(text, event);
      if (column.tight) text.gap();
      else if (i < columns.length - 1) text.space();
    }
    text.newline();
  }
}

function columns(options: Options): Column[] {
  const all: (Column | false)[] = [
    options.timestamp && time(),
    options.printUid && {
      title: "UID",
      width: 6,
      tight: true,
      write: (text, event) => text.integer(event.uid, 6),
    },
    { title: "PID", width: 6, write: (text, event) => text.integer(event.pid, 6) },
    {
      title: "COMM",
      width: 16,
      write: (text, event) => text.name(event.bytes, event.comm, layout.fields.comm.length, 16),
    },
    { title: "IP", width: 2, write: (text, event) => text.integer(event.family, 2) },
    {
      title: "SADDR",
      width: 16,
      write: (text, event) => address(text, event, event.saddr),
    },
    {
      title: "DADDR",
      width: 16,
      write: (text, event) => address(text, event, event.daddr),
    },
    options.sourcePort && {
      title: "SPORT",
      width: 5,
      write: (text, event) => text.integer(event.sport, 5),
    },
    { title: "DPORT", width: 5, write: (text, event) => text.integer(event.dport, 5) },
    options.result && {
      title: "RESULT",
      width: 12,
      write: (text, event) => text.ascii(resultName(event.result), 12),
    },
    options.result && {
      title: "LAT(ms)",
      width: 0,
      write: (text, event) => text.fixed(hundredths(event.latency), 2),
    },
  ];
  return all.filter((column) => column !== false);
}

function address(text: TextBuffer, event: EventView, from: number): void {
  if (event.family === 4) text.ipv4(event.bytes, from, 16);
  else text.ipv6(event.bytes, from, 16);
}

/** Seconds from the first attempt shown. */
function time(): Column {
  let start: number | undefined;
  return {
    title: "TIME(s)",
    width: 9,
    tight: true,
    write(text, event) {
      // The C tool drops what is below a microsecond before it subtracts.
      const micros = Math.floor((event.time - event.latency) / 1000);
      start ??= micros;
      text.fixed(toMillis(micros - start), 3, 9);
    },
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
