/** The .deb: what it says, and installed with apt in Debian 11, 12 and 13. */

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { copyFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { endAll, run } from "../child.ts";
import { mountTracefs, needsKernel, root } from "../tool.ts";
import { Debian, type Suite, suites } from "./debian.ts";
import { arch, architectures, debOf, version } from "./made.ts";
import { traces } from "./trace.ts";

const shared = `${root}build/share`;
const limit = { timeout: 600_000 };
const field = async (arch: string, name: string) =>
  (await run(["dpkg-deb", "--field", debOf(arch), name])).trimEnd();

describe("deb", needsKernel(), () => {
  before(mountTracefs);
  after(endAll);

  for (const arch of architectures) {
    it(`of ${arch} says what it is and what it needs`, async () => {
      assert.equal(await field(arch, "Package"), "tcpconnect");
      assert.equal(await field(arch, "Version"), version);
      assert.equal(await field(arch, "Architecture"), arch);
      assert.match(await field(arch, "Depends"), /^libc6 \(>= 2\.(2[89]|3\d)\)$/);
    });

    it(`of ${arch} has the executable, the man page, the completions, the licenses`, async () => {
      const list = await run([
        "sh",
        "-c",
        'dpkg-deb --fsys-tarfile "$1" | tar -t',
        "sh",
        debOf(arch),
      ]);
      const share = readdirSync(shared, { recursive: true }) as string[];
      const files = share.filter((name) => statSync(join(shared, name)).isFile()).map((name) =>
        `./usr/share/${name}${name.startsWith("man/") ? ".gz" : ""}`
      );
      const own = [
        "doc/tcpconnect/changelog.gz",
        "doc/tcpconnect/copyright",
        "lintian/overrides/tcpconnect",
      ];
      files.push("./usr/sbin/tcpconnect", ...own.map((name) => `./usr/share/${name}`));
      assert.deepEqual(list.split("\n").filter((name) => /[^/]$/.test(name)).sort(), files.sort());
    });

    it(`of ${arch} has nothing that lintian objects to`, limit, async () => {
      const severities = [
        "--display-info",
        "--pedantic",
        "--fail-on",
        "error,warning,info,pedantic",
      ];
      await run(["lintian", "--allow-root", ...severities, debOf(arch)]);
    });
  }

  for (const suite of Object.keys(suites) as Suite[]) {
    it(`installs in ${suite}, traces, and is removed without rest`, limit, async () => {
      using debian = new Debian(suite);
      const cTool = suites[suite];
      const sameVersion = async (path: string, version: string) =>
        assert.equal(await debian.run(path, "--version"), version);
      const cVersion = cTool && await debian.run(cTool, "--version");
      const before = new Set(await debian.files());

      copyFileSync(debOf(arch), `${debian.path}/x.deb`);
      await debian.run("sh", "-c", "cd / && apt-get install -y ./x.deb");
      await sameVersion("tcpconnect", `tcpconnect ${version}\n`);
      await traces(debian.command("tcpconnect"));
      const moved = cTool === "/usr/sbin/tcpconnect" ? `${cTool}.libbpf-tools` : cTool;
      if (moved) await sameVersion(moved, cVersion!);

      await debian.run("apt-get", "install", "-y", "--reinstall", "/x.deb");
      if (moved) await sameVersion(moved, cVersion!);
      await debian.run("apt-get", "purge", "-y", "tcpconnect");
      await debian.run("rm", "/x.deb");
      const after = await debian.files();
      assert.deepEqual(after.filter((file) => !before.has(file)), []);
      assert.equal(after.length, before.size);
      if (cTool) {
        await sameVersion(cTool, cVersion!);
        assert.equal(await debian.run("dpkg", "--verify", "libbpf-tools"), "");
      }
    });
  }
});
