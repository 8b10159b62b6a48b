/** The Makefile, in a copy of the built tree that is made of symbolic links. Nothing is built there. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { root } from "./c.ts";

const sources = ["bpf", "lib", "packaging", "src", "test"];
const others = ["Makefile", "deps.sh", "package.json", "package-lock.json", ".npmrc"];
const made = ["build/test", "node_modules", "tcpconnect"];

describe("Makefile", () => {
  let copy: string;
  before(() => {
    copy = mkdtempSync(join(tmpdir(), "tcpconnect make "));
    mkdirSync(join(copy, "build"));
    const cp = spawnSync("cp", ["-as", ...sources.map((name) => join(root, name)), copy]);
    assert.equal(cp.status, 0, String(cp.stderr));
    const files = readdirSync(join(root, "build"), { withFileTypes: true }).filter((entry) =>
      entry.isFile()
    );
    for (const name of [...others, ...made, ...files.map(({ name }) => `build/${name}`)]) {
      symlinkSync(join(root, name), join(copy, name));
    }
  });
  after(() => rmSync(copy, { recursive: true }));

  function make(args: string[], env: Record<string, string> = {}) {
    // Not what `make test` has put there; Deno would not leave out what `env` does not have.
    const without = ["MAKEFLAGS", "MAKELEVEL", "ARCH", "V"].flatMap((name) => ["-u", name]);
    const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const command = [...without, ...set, "make", ...args];
    return spawnSync("env", command, { cwd: copy, encoding: "utf8" });
  }
  const upToDate = () => make(["-q", "build", "build/test/client"]).status === 0;

  it("has nothing to do after `make build build/test/client`", () => assert.ok(upToDate()));

  const added = [
    "bpf/new.h",
    "bpf/deep/new.h",
    "lib/new.ts",
    "lib/shim/new.c",
    "src/new.ts",
    "src/room/new.ts",
    "src/room/deep/new.ts",
    "test/client/new.c",
    "test/client/deep/new.h",
  ];
  for (const path of added) {
    it(`notices that ${path} was added, and then that it is gone`, () => {
      mkdirSync(join(copy, dirname(path)), { recursive: true });
      writeFileSync(join(copy, path), "");
      utimesSync(join(copy, path), 0, 0); // by its time alone make would not know
      assert.ok(!upToDate());
      rmSync(join(copy, path));
      assert.ok(upToDate());
    });
  }

  const deleted = [
    "bpf/maps.h",
    "lib/ffi.ts",
    "lib/shim/clock.c",
    "src/main.ts",
    "src/run/pace.ts",
    "test/client/load.c",
  ];
  for (const path of deleted) {
    it(`notices that ${path} was deleted`, () => {
      rmSync(join(copy, path));
      assert.ok(!upToDate());
      symlinkSync(join(root, path), join(copy, path));
      assert.ok(upToDate());
    });
  }

  it("is not concerned with other files", () => {
    const files = ["src/README.md", "src/.#main.ts", "src/main.ts~", "bpf/maps.h.orig", "new.ts"];
    for (const path of [...files, "test/unit/new.test.ts"]) writeFileSync(join(copy, path), "");
    assert.ok(upToDate());
  });

  it("takes any spelling of this machine's ARCH", () => {
    const names = { x64: ["x86_64", "x86", "amd64", "x64"], arm64: ["arm64", "aarch64"] };
    for (const name of names[process.arch as "x64" | "arm64"]) {
      const { status, stderr } = make(["-q", "build"], { ARCH: name });
      assert.equal(status, 0, `${name}: ${stderr}`);
      assert.equal(make(["-q", "build", `ARCH=${name}`]).status, 0, name);
    }
  });

  it("refuses an unknown ARCH in one line", () => {
    for (const { status, stdout, stderr } of [make(["ARCH=sparc"]), make([], { ARCH: "sparc" })]) {
      assert.equal(status, 2);
      assert.equal(stdout, "");
      assert.match(
        stderr,
        /^Makefile:\d+: [^\n]*ARCH=sparc: only x86_64 and arm64 are known[^\n]*\n$/,
      );
    }
  });

  /** What it would do on another machine: the host's own names are overridden. */
  const plan = (host: string, arch: string, target: string) =>
    make(["-n", `HOST=${host}`, `ARCH=${arch}`, target]).stdout;

  it("asks for the sysroot before it builds the client for another machine", () => {
    const commands = plan("x86_64", "arm64", "build/arm64/test/client");
    assert.match(commands, /packages\.ts sysroot arm64[^]*clang --target=aarch64-linux-gnu/);
  });

  it("builds for arm64 on x86-64, and the other way round", () => {
    const arm64 = plan("x86_64", "aarch64", "build");
    assert.match(arm64, /npm ci .*--cpu=arm64 /);
    assert.match(arm64, /--target=bun-linux-arm64 --conditions=arm64 .*bun-linux-aarch64/);
    assert.match(arm64, /--outfile=tcpconnect-arm64 /);
    const x64 = plan("arm64", "x86", "build");
    assert.match(x64, /packages\.ts sysroot amd64[^]*-D__TARGET_ARCH_x86 /);
    assert.match(x64, /clang --target=x86_64-linux-gnu --sysroot=build\/vm\/sysroot-amd64 /);
    assert.match(x64, /npm ci .*--cpu=x64 /);
    assert.match(x64, /--target=bun-linux-x64 --conditions=x86_64 .*bun-linux-x64/);
    assert.match(x64, /--outfile=tcpconnect-x86_64 /);
  });

  it("finds headers and libzstd.a without knowing the distribution", () => {
    // As Fedora has them: no directories for each architecture, but lib64.
    for (const folder of ["usr/include", "usr/lib", "usr/lib64"]) {
      mkdirSync(join(copy, "fedora", folder), { recursive: true });
    }
    writeFileSync(join(copy, "fedora/usr/lib64/libzstd.a"), "");
    const commands = make(["-n", "HOST=arm64", "ARCH=x86_64", "SYSROOT=fedora", "build"]).stdout;
    assert.match(commands, / -target bpf [^]* -idirafter fedora\/usr\/include [^]*\t-c bpf\//);
    assert.match(commands, / -l:libz\.a fedora\/\S*\/lib64\/libzstd\.a\n/);
  });

  it("embeds the shim of the machine that it builds for", async () => {
    const project = await import("../../package.json", { with: { type: "json" } });
    assert.deepEqual(project.default.imports["#shim"], {
      arm64: "./build/arm64/tcpconnect.so",
      x86_64: "./build/x86_64/tcpconnect.so",
      default: "./build/tcpconnect.so",
    });
  });
});
