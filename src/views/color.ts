/** Color on a terminal. */

import type { Writer } from "../event/columns.ts";
import type { EventView } from "../event/view.ts";

// ECMA-48, select graphic rendition.
const RED = "\x1b[31m";
const RESET = "\x1b[0m";
const ESCAPES = RED.length + RESET.length;

/** A text in red, padded to `width` characters: a terminal shows none of the escapes. */
export const red = (text: string, width: number): string =>
  `${RED}${text}${RESET}`.padEnd(width + ESCAPES);

/**
 * Makes a writer that shows some of its cells in red.
 *
 * @param bare Writes the cell without padding.
 * @param plain Writes it with padding, to `width` characters.
 */
export function coloredWriter(
  bare: Writer,
  plain: Writer,
  width: number,
  isRed: (event: EventView) => boolean,
): Writer {
  return (text, event) => {
    if (!isRed(event)) return plain(text, event);
    const start = text.length;
    text.ascii(RED);
    bare(text, event);
    text.ascii(RESET);
    text.pad(start, width + ESCAPES);
  };
}
