/** The manual, as the programs take it that show it. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { have, makeShare, share } from "./share.ts";

const page = join(share, "man/man8/tcpconnect.8");

describe("tcpconnect(8)", () => {
  before(makeShare);

  const checks = [
    ["mandoc", "-T", "lint", page],
    ["groff", "-ww", "-man", "-Tutf8", "-z", page],
  ];
  for (const [program, ...args] of checks) {
    it(`has nothing that ${program} warns of`, (t) => {
      if (!have(t, program!)) return;
      const { status, stdout, stderr } = spawnSync(program!, args, { encoding: "utf8" });
      assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
    });
  }

  it("shows what is to be typed in ASCII", (t) => {
    if (!have(t, "groff")) return;
    // groff 1.22 makes hyphens and quotes ASCII here; others do not.
    const strict = "$&\n.char - \\[hy]\n.char ' \\[cq]";
    const input = readFileSync(page, "utf8").replace(/^\.TH .*$/m, strict);
    const args = ["-man", "-Tutf8", "-P-cbou"];
    const { stdout } = spawnSync("groff", args, { input, encoding: "utf8" });
    assert.match(stdout, /^ +-p PIDS, --pid PIDS$/m);
    assert.match(stdout, /tcpconnect -j -r \| jq 'select\(\.event\.outcome == "failure"\)'/);
  });

  it("is found by man(1), with its line for apropos(1)", (t) => {
    if (!have(t, "man")) return;
    const env = { MANPATH: join(share, "man"), PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" };
    const found = spawnSync("man", ["-w", "tcpconnect"], { env, encoding: "utf8" });
    assert.equal(found.stdout, `${page}\n`);
    const name = spawnSync("lexgrog", [page], { env, encoding: "utf8" });
    assert.equal(name.stdout, `${page}: "tcpconnect - trace active TCP connections"\n`);
  });
});
