/** Counted flows as a table: `-c`. */

import type { Flow } from "../event/flow.ts";
import { result as codes } from "../event/layout.gen.ts";
import type { TextBuffer } from "../event/text.ts";
import { hundredths, resultName } from "../event/verdict.ts";
import { red } from "./color.ts";

/** Which columns the report has beyond addresses, port and count. */
export interface FlowOptions {
  readonly sourcePort: boolean;
  readonly verdict: boolean;
  /** Whether address columns have room for any address. */
  readonly wide: boolean;
  /** Whether results that are not ok are in color. */
  readonly color: boolean;
}

/** The longest address: eight groups of four digits. */
export const ADDRESS_MAX = 39;

interface Column {
  title: string;
  width: number;
  cell(flow: Flow): string;
  /** Whether a cell is shown in color. */
  colored?: (flow: Flow) => boolean;
}

/** The report's columns: those of the C tool, and those of `-r`. */
function columns({ sourcePort, verdict, wide }: FlowOptions): Column[] {
  const address = wide ? ADDRESS_MAX : 25;
  const millis = (ns: number) => (hundredths(ns) / 100).toFixed(2);
  const all: (Column | false)[] = [
    { title: "LADDR", width: address, cell: (f) => f.saddr },
    { title: "RADDR", width: address, cell: (f) => f.daddr },
    sourcePort && { title: "LPORT", width: 20, cell: (f) => String(f.sport) },
    { title: "RPORT", width: 20, cell: (f) => String(f.dport) },
    verdict && {
      title: "RESULT",
      width: 12,
      cell: (f) => resultName(f.result),
      colored: (f) => f.result !== codes.RESULT_OK,
    },
    { title: "CONNECTS", width: 10, cell: (f) => String(f.count) },
    verdict && { title: "AVG(ms)", width: 10, cell: (f) => millis(f.latencySum / f.count) },
    verdict && { title: "MAX(ms)", width: 0, cell: (f) => millis(f.latencyMax) },
  ];
  return all.filter((column) => column !== false);
}

/** Appends the report, the busiest flow first. */
export function appendFlows(text: TextBuffer, flows: readonly Flow[], options: FlowOptions): void {
  const all = columns(options);
  const line = (cells: string[]) => {
    const joined = cells.join(" ");
    text.reserve(joined.length + 1);
    text.ascii(joined);
    text.newline();
  };
  text.reserve(1);
  text.newline();
  line(all.map(({ title, width }) => title.padEnd(width)));
  for (const flow of flows.toSorted((a, b) => b.count - a.count)) {
    line(
      all.map(({ cell, width, colored }) =>
        options.color && colored?.(flow) ? red(cell(flow), width) : cell(flow).padEnd(width)
      ),
    );
  }
}
