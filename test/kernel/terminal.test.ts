/** What others choose, a name or an argument, does not talk to the terminal. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, endAll } from "../child.ts";
import { Netns } from "../netns.ts";
import { client, commands, needsKernel, ready, runtimes, takePort, Tool } from "../tool.ts";

const limit = { timeout: 30_000 };

/** Control characters but the newline, and those that change the direction of text. */
const unsafe = /[^\P{Cc}\n]|\p{Bidi_Control}/u;

describe("terminal", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    it(
      `a name that terminals act on is shown with question marks (${runtime})`,
      limit,
      async () => {
        const [netns, port] = [await Netns.open(), `${takePort()}`];
        await ready(netns.start([client, "serve", "127.0.0.1", port]));
        const tool = await Tool.start(["-P", port], { runtime });
        // As printf(1) has them: CSI alone, CSI in UTF-8, RLO, a name that is cut within a character.
        const names = {
          "a\\2331mb": "a?1mb",
          "a\\302\\2331mb": "a?1mb",
          "a\\342\\200\\256b": "a?b",
          "\\303\\251\\346\\227\\245": "é日",
          "aaaaaaaaaaaaa\\346\\227\\245": "aaaaaaaaaaaaa??",
        };
        const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
        // A program is called by the name that it is started by.
        const link = 'name="$1/$(printf "$2")" && ln -s "$(command -v bash)" "$name"';
        const script = `${link} && exec "$name" -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "$3"`;
        for (const name of Object.keys(names)) {
          await netns.run("sh", "-c", script, "sh", folder, name, port);
        }
        rmSync(folder, { recursive: true });
        const { stdout, stderr } = await tool.stop();
        assert.equal(stderr, "");
        assert.doesNotMatch(stdout, unsafe);
        const shown = stdout.trimEnd().split("\n").slice(1).map((row) => row.split(/ +/)[1]);
        assert.deepEqual(shown, Object.values(names));
      },
    );

    for (const [what, btf] of [["C0", "a\n\u001b[31m"], ["C1, RLO", "a\u009b31m\u202eb\u2067"]]) {
      it(
        `--btf with ${what} in its name is told without what terminals act on (${runtime})`,
        limit,
        async () => {
          const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
          const file = join(folder, btf!);
          for (const content of [undefined, "text", "\x9f\xeb and no BTF"]) {
            if (content !== undefined) writeFileSync(file, content, "latin1");
            for (const options of [[], ["-v"], ["--doctor"]]) {
              const args = ["--btf", file, ...options];
              const { status, stdout, stderr } = await new Child([...commands[runtime], ...args])
                .endsItself();
              assert.notEqual(status, 0);
              assert.match(stdout + stderr, /a\?\S*31m/);
              assert.doesNotMatch(stdout + stderr, unsafe);
              if (options[0] !== "--doctor") assert.match(stderr, /(^|\n)tcpconnect: [^\n]*\n$/);
            }
          }
          rmSync(folder, { recursive: true });
        },
      );
    }
  }
});
