/** The entry for Deno: `deno task trace`. */

import process from "node:process";
import { open } from "../lib/deno.ts";
import { main } from "./main.ts";

const shim = new URL("../build/tcpconnect.so", import.meta.url).pathname;
process.exit(await main(process.argv.slice(2), () => open(shim)));
