/** What the scripts have in common. */

import type { Entry } from "../options.ts";

/** A word as all three shells take it literally. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** The letters of all options that take a value, or of all that take none. */
export function letters(entries: readonly Entry[], { valued }: { valued: boolean }): string {
  return entries.filter(([, { value }]) => (value !== undefined) === valued)
    .map(([, { short = "" }]) => short).join("");
}
