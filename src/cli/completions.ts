/** Scripts that complete the command line in a shell: from the options table. */

import { bash } from "./completions/bash.ts";
import { fish } from "./completions/fish.ts";
import { zsh } from "./completions/zsh.ts";
import { type Entry, type Shell, shownOptions } from "./options.ts";

const writers: Readonly<Record<Shell, (entries: readonly Entry[]) => string>> = { bash, fish, zsh };

/**
 * The script for a shell.
 *
 * @param entries The options that it completes.
 */
export function completions(shell: Shell, entries: readonly Entry[] = shownOptions): string {
  return writers[shell](entries);
}
