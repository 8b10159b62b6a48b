/** Connects over the loopback of this namespace, to a server of our own. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";

const client = resolve(import.meta.dirname!, "../build/test/client");
const ADDRESS = "127.0.0.1";
/** The ports that are served: one for each tracer that runs at the same time. */
export const ports = { ours: 8080, peer: 8081 };

/** What a load has made. */
export interface Made {
  connects: number;
  seconds: number;
}

/** A load: a client's case and its numbers. */
export type Load = readonly ["burst" | "rate" | "spawn", connects: number, number: number];

/** Makes connects, and returns when they are made. */
export function make([name, ...numbers]: Load, port = ports.ours): Made {
  const args = [name, ADDRESS, `${port}`, ...numbers.map((n) => `${Math.max(1, Math.round(n))}`)];
  const summary = execFileSync(client, args, { encoding: "utf8" });
  const [, connects, failed, seconds] = /made (\d+) .*failed (\d+) seconds (.*)/.exec(summary)!;
  if (Number(failed) > 0) throw new Error(`client ${args.join(" ")}: ${summary}`);
  return { connects: Number(connects), seconds: Number(seconds) };
}

/** Starts the server; the function that it returns ends it. */
export async function serve(): Promise<() => void> {
  const server = spawn("setpriv", [
    "--pdeathsig",
    "KILL",
    client,
    "serve",
    ADDRESS,
    `${ports.ours}`,
    `${ports.peer}`,
  ], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(server.stdout!, "data");
  return () => server.kill();
}
