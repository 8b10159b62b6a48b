/**
 * Writes what is installed under PREFIX/share to a folder: the manual and the completions.
 * `share.ts FOLDER`, with the time of the sources in SOURCE_DATE_EPOCH.
 *
 * @module
 */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { completions } from "../src/cli/completions.ts";
import { manual } from "../src/cli/man.ts";

const folder = process.argv[2]!;
const date = new Date(1000 * Number(process.env["SOURCE_DATE_EPOCH"])).toISOString().slice(0, 10);
const files = {
  "man/man8/tcpconnect.8": manual(date),
  "bash-completion/completions/tcpconnect": completions("bash"),
  "zsh/site-functions/_tcpconnect": completions("zsh"),
  "fish/vendor_completions.d/tcpconnect.fish": completions("fish"),
};
rmSync(folder, { recursive: true, force: true });
for (const [path, text] of Object.entries(files)) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
