/** --output: which columns the table has. */

import { type ColumnKey, columns } from "../event/columns.ts";
import { maxValues, UsageError } from "./values.ts";

/** What --output asks for. */
export interface Output {
  /** Whether the columns come behind those that the table has without it. */
  readonly add: boolean;
  readonly keys: readonly ColumnKey[];
}

/** The value that lists the columns. */
export const HELP = "help";

const isKey = (key: string): key is ColumnKey => Object.hasOwn(columns, key);

/**
 * Parses a list of columns, as lsblk(8) does: `pid,comm`, or `+tid` to add to the default. Keys may
 * be in capitals. One that is named twice is shown twice.
 *
 * @throws {UsageError} If there is no such column, or there are more than 64.
 */
export function output(text: string): Output {
  const add = text.startsWith("+");
  const names = (add ? text.slice(1) : text).split(",");
  const keys = names.map((name) => {
    const key = name.toLowerCase();
    if (name === "") throw new UsageError(`empty column in '${text}'`);
    if (!isKey(key)) throw new UsageError(`unknown column '${name}': see --output ${HELP}`);
    return key;
  });
  if (keys.length > maxValues) {
    throw new UsageError(`too many columns: ${keys.length}, of at most ${maxValues}`);
  }
  return { add, keys };
}

/** The columns that an option of their own shows, or no option has to. */
export function shownColumns(asked: Readonly<Record<ColumnKey, boolean>>): ColumnKey[] {
  return (Object.keys(columns) as ColumnKey[]).filter((key) => asked[key]);
}

/** What `--output help` prints: the keys, with a sentence each. */
export const columnsHelp: string = Object.entries(columns)
  .map(([key, { sentence }]) => `${key.padEnd(8)} ${sentence}\n`).join("");
