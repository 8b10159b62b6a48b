/** --color: whether to use any. */

import process from "node:process";
import { isatty } from "node:tty";

/** When to use color. */
export const colorModes = ["auto", "always", "never"] as const;
export type ColorMode = (typeof colorModes)[number];

/**
 * Whether standard output gets color: with `auto` if it is a terminal that is not `dumb`, unless
 * NO_COLOR is set to anything but the empty string (no-color.org).
 *
 * @param env The environment.
 * @param terminal Whether standard output is a terminal.
 */
export function wantsColor(
  mode: ColorMode,
  env: Readonly<Record<string, string | undefined>> = process.env,
  terminal: () => boolean = () => isatty(1),
): boolean {
  if (mode !== "auto") return mode === "always";
  const { NO_COLOR = "", TERM = "" } = env;
  return NO_COLOR === "" && TERM !== "" && TERM !== "dumb" && terminal();
}
