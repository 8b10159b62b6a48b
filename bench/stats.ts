/** Figures: medians of several runs, and the table that they make. */

/** Several runs of one figure, for us and for the peer in turn; of a figure without peer, ours. */
export interface Figure {
  name: string;
  unit: string;
  ours: number[];
  peer?: number[];
  bar?: Bar;
}

/** What a figure should come to. */
export interface Bar {
  text: string;
  met(figure: Figure): boolean;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The least value that a share of all does not exceed; between two, the median is their mean. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  if (share === 0.5 && Number.isInteger(middle)) return (sorted[middle - 1]! + sorted[middle]!) / 2;
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Ours by the peer's, run by run. */
export function ratios({ ours, peer = [] }: Figure): number[] {
  return peer.map((value, i) => ours[i]! / value);
}

/** At most so much of the peer's. */
export function ratioBar(most: number): Bar {
  return { text: `<= ${most.toFixed(2)} x`, met: (figure) => median(ratios(figure)) <= most };
}

/** At most so much, in the figure's unit. */
export function valueBar(most: number): Bar {
  return { text: `<= ${most}`, met: ({ ours }) => median(ours) <= most };
}

/** At most so much more than the peer, in the figure's unit. */
export function excessBar(most: number): Bar {
  return {
    text: `<= C + ${most}`,
    met: ({ ours, peer = [] }) => median(ours) <= median(peer) + most,
  };
}

function short(value: number): string {
  if (!Number.isFinite(value)) return "-";
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** The figures as a table, in Markdown. */
export function table(figures: readonly Figure[]): string {
  const head = ["figure", "unit", "tcpconnect", "C", "ratio", "min .. max", "bar", ""];
  const rows = figures.map((figure) => {
    const { name, unit, ours, peer, bar } = figure;
    const all = ratios(figure);
    const spread = all.length > 0 ? all : ours;
    return [
      name,
      unit,
      short(median(ours)),
      peer ? short(median(peer)) : "",
      peer ? short(median(all)) : "",
      `${short(Math.min(...spread))} .. ${short(Math.max(...spread))}`,
      bar?.text ?? "",
      bar ? (bar.met(figure) ? "ok" : "missed") : "",
    ];
  });
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (cells: string[]) => `| ${cells.map((c, i) => c.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
