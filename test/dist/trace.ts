/** Connects that an installed tool must show. */

import assert from "node:assert/strict";
import { compare, parseAttempts } from "../cases.ts";
import { Netns } from "../netns.ts";
import { client, ready, takePort, Tool } from "../tool.ts";

/** Traces with and without -r while a client in a network namespace of its own connects. */
export async function traces(command: readonly string[]): Promise<void> {
  await using netns = await Netns.open();
  const port = `${takePort()}`;
  await ready(netns.start([client, "serve", "127.0.0.1", port]));
  for (const args of [["-s"], ["-r"]]) {
    const tool = await Tool.start([...args, "-P", port], { command });
    const attempts = parseAttempts(await netns.run(client, "tcp", "127.0.0.1", port));
    const { rows } = await tool.stop();
    assert.equal(attempts.length, 1);
    compare(attempts, rows, { result: args.includes("-r") });
  }
}
