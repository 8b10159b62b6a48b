/** What main.test.ts runs: the tool with a library that fails in a way that nobody foresaw. */

import process from "node:process";
import type { Libbpf } from "../../lib/mod.ts";
import { main } from "../../src/main.ts";

const [how, ...args] = process.argv.slice(2);
process.exit(
  await main(args, () => {
    if (how === "throws") throw new Error("two\n  lines");
    // Whatever it is asked for is no function: a TypeError.
    return {} as Libbpf;
  }),
);
