/** The entry for Bun and for the single executable. */

import { readFileSync } from "node:fs";
import process from "node:process";
import { openBytes } from "../lib/bun.ts";
import { main } from "./main.ts";

process.exit(
  await main(process.argv.slice(2), async () => {
    // The import is dynamic for `deno check`; Bun embeds the file all the same.
    const shim = await import("#shim", { with: { type: "file" } });
    return openBytes(readFileSync(shim.default));
  }),
);
