/** What the checks of one guest found, and how that is shown. */

/** One cell of the final table. */
export interface Outcome {
  /** Row and column of the table. */
  row: string;
  column: string;
  /** What it shows: `pass`, `unsupported`, or `FAIL`. */
  cell: string;
  seconds?: number | undefined;
  /** Why it failed. */
  problem?: string | undefined;
}

/** Turns a check that throws into its outcome. */
export function outcome(row: string, column: string, check: () => string | void): Outcome {
  try {
    return { row, column, cell: check() ?? "pass" };
  } catch (error) {
    return { row, column, cell: "FAIL", problem: (error as Error).message };
  }
}

const text = ({ cell, seconds }: Outcome) =>
  seconds === undefined ? cell : `${cell} ${seconds.toFixed(1)} s`.trim();

/** Returns the outcomes as a table, in the order in which rows and columns came first. */
export function table(title: string, outcomes: readonly Outcome[]): string {
  const columns = [...new Set(outcomes.map(({ column }) => column))];
  const rows = [...new Set(outcomes.map(({ row }) => row))];
  const at = (row: string, column: string) =>
    outcomes.filter((o) => o.row === row && o.column === column).map(text).join(", ") || "-";
  const lines = [
    [title, ...columns],
    ...rows.map((row) => [row, ...columns.map((c) => at(row, c))]),
  ];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) => line.map((cell, i) => cell.padEnd(widths[i]!)).join("  ").trimEnd())
    .join("\n");
}
