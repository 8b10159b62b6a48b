/** strip(1) in any of its forms leaves an executable that is still tcpconnect, and still traces. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, parseAttempts } from "../cases.ts";
import { Child, endAll, run } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  bun,
  client,
  commands,
  executable,
  needsKernel,
  ready,
  root,
  takePort,
  Tool,
} from "../tool.ts";

const limit = { timeout: 60_000 };

const script = `${root}packaging/strip_safe.ts`;

const strips = [
  ["strip"],
  ["strip", "-g"],
  ["strip", "--strip-unneeded"],
  ["llvm-strip"],
  ["eu-strip"],
];

describe("strip", needsKernel(), () => {
  const folder = mkdtempSync(join(tmpdir(), "tcpconnect-strip-"));
  const stripped = join(folder, "tcpconnect");
  after(async () => {
    await endAll();
    rmSync(folder, { recursive: true });
  });

  for (const strip of strips) {
    it(`${strip.join(" ")} leaves a tcpconnect that traces`, limit, async () => {
      copyFileSync(executable, stripped);
      await run([...strip, stripped]);
      if (strip.length === 1) assert(statSync(stripped).size < statSync(executable).size);
      assert.equal(
        await run([stripped, "--version"]),
        await run([...commands.executable, "--version"]),
      );

      await using netns = await Netns.open();
      const port = `${takePort()}`;
      await ready(netns.start([client, "serve", "127.0.0.1", port]));
      const tool = await Tool.start(["-P", port], { command: [stripped] });
      const attempts = parseAttempts(await netns.run(client, "tcp", "127.0.0.1", port));
      const { rows } = await tool.stop();
      assert.equal(attempts.length, 1);
      compare(attempts, rows, { result: false });
    });
  }

  it(
    "strip_safe.ts changes nothing twice, and refuses what is not `bun build`'s",
    limit,
    async () => {
      copyFileSync(executable, stripped);
      await run([bun, script, stripped]);
      await run(["cmp", executable, stripped]);
      for (
        const [file, reason] of [[bun, /no pointer to the program/], ["/bin/sh", /no section/]]
      ) {
        copyFileSync(file as string, stripped);
        const { status, stderr } = await new Child([bun, script, stripped]).ended;
        assert.equal(status, 1);
        assert.match(stderr, reason as RegExp);
        assert.match(stderr, /^[^\n]+\n$/);
      }
    },
  );
});
