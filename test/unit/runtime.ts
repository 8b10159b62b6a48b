/** The one place in the tests that knows which runtime it runs on. */

import process from "node:process";
import type { Libbpf } from "../../lib/mod.ts";
import { root } from "./c.ts";

const isDeno = "Deno" in globalThis;

/** The real shim, loaded through the runtime's own back end. `make build` makes it. */
export async function loadShim(path = `${root}build/tcpconnect.so`): Promise<Libbpf> {
  const { open } = isDeno ? await import("../../lib/deno.ts") : await import("../../lib/bun.ts");
  return open(path);
}

/** The command that runs a script on this runtime. */
export function scriptCommand(path: string, ...args: string[]): string[] {
  // Deno keeps /proc/self/fd shut unless it is allowed everything.
  const flags = isDeno ? ["run", "--no-prompt", "--no-check", "--allow-all"] : [];
  return [process.execPath, ...flags, root + path, ...args];
}
