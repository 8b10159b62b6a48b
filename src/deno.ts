/** The entry for Deno: `deno task trace`. */

import { join } from "node:path";
import process from "node:process";
import { open } from "../lib/deno.ts";
import { main } from "./main.ts";

const shim = join(import.meta.dirname!, "../build/tcpconnect.so");
process.exit(await main(process.argv.slice(2), () => open(shim)));
