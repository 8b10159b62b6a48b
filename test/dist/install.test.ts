/** install.sh: the tarball beside it, if its checksum is right, and nothing otherwise. */

import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, endAll, run } from "../child.ts";
import { mountTracefs, needsKernel, root } from "../tool.ts";
import { arch, dist, nameOf, version } from "./made.ts";
import { traces } from "./trace.ts";

const limit = { timeout: 60_000 };
const tarball = `${nameOf(arch)}.tar.zst`;

describe("install.sh", needsKernel(), () => {
  let folder: string;
  let prefix: string;
  before(mountTracefs);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tcpconnect install-"));
    prefix = join(folder, "the prefix");
    for (const file of ["install.sh", "SHA256SUMS", tarball]) {
      cpSync(join(dist, file), join(folder, "download", file));
    }
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  after(endAll);

  const download = (file: string) => join(folder, "download", file);
  const install = (env: Record<string, string> = {}, ...args: string[]) =>
    new Child(["sh", download("install.sh"), ...args], { env: { PREFIX: prefix, ...env } }).ended;
  const installed = async () =>
    (await run(["find", prefix, "!", "-type", "d", "-printf", "%P %m\n"])).trim().split("\n")
      .sort();

  /** One line, exit status 1, and nothing below PREFIX. */
  async function refused(reason: RegExp, env: Record<string, string> = {}) {
    const { status, stdout, stderr } = await install(env);
    assert.equal(status, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^install\.sh: [^\n]+\n$/);
    assert.match(stderr, reason);
    assert.deepEqual(readdirSync(folder).filter((name) => name !== "download"), []);
  }

  it("installs what `make install` does, and that traces", limit, async () => {
    const { status, stdout, stderr } = await install();
    assert.equal(stderr, "");
    assert.equal(stdout, `installed ${prefix}/sbin/tcpconnect\n`);
    assert.equal(status, 0);
    const command = [join(prefix, "sbin/tcpconnect")];
    assert.equal(await run([...command, "--version"]), `tcpconnect ${version}\n`);
    await traces(command);

    const files = await installed();
    assert(files.includes("sbin/tcpconnect 755"));
    assert(files.includes("share/doc/tcpconnect/LICENSE 644"));
    rmSync(prefix, { recursive: true });
    await run(["make", "-C", root, "install", `PREFIX=${prefix}`]);
    assert.deepEqual(await installed(), files);
    await run(["make", "-C", root, "uninstall", `PREFIX=${prefix}`]);
    assert.deepEqual(await installed(), [""]);
  });

  it("replaces an older version, even while it runs", limit, async () => {
    mkdirSync(join(prefix, "sbin"), { recursive: true });
    cpSync("/bin/sleep", join(prefix, "sbin/tcpconnect"));
    const old = new Child([join(prefix, "sbin/tcpconnect"), "60"]);
    assert.equal((await install()).status, 0);
    const { stdout } = await new Child([join(prefix, "sbin/tcpconnect"), "--version"]).ended;
    assert.equal(stdout, `tcpconnect ${version}\n`);
    await old.stop();
  });

  it("refuses a tarball that one byte was added to", limit, async () => {
    appendFileSync(download(tarball), "x");
    await refused(/does not match its checksum/);
  });

  it("refuses a tarball that SHA256SUMS does not name", limit, async () => {
    const sums = readFileSync(download("SHA256SUMS"), "utf8").split("\n");
    const others = sums.filter((line) => !line.endsWith(tarball)).join("\n");
    writeFileSync(download("SHA256SUMS"), others);
    await refused(/does not match its checksum/);
    rmSync(download("SHA256SUMS"));
    await refused(/needs SHA256SUMS/);
  });

  it("refuses to choose between two tarballs, and to do without one", limit, async () => {
    symlinkSync(tarball, download(tarball.replace(version, "9.9.9")));
    await refused(/needs one tarball/);
    rmSync(download(tarball));
    rmSync(download(tarball.replace(version, "9.9.9")));
    await refused(/needs one tarball/);
  });

  it("refuses a relative PREFIX, and one that it cannot write to", limit, async () => {
    await refused(/absolute path/, { PREFIX: "here" });
    await refused(/cannot write to/, { PREFIX: "/proc/tcpconnect" });
    const { status } = await install({}, "/usr");
    assert.equal(status, 64);
  });

  it("refuses a tarball whose executable does not run", limit, async () => {
    const tree = join(folder, "download", nameOf(arch), "sbin");
    mkdirSync(tree, { recursive: true });
    cpSync("/bin/true", join(tree, "tcpconnect"));
    const options = { cwd: join(folder, "download") };
    await run(["tar", "--zstd", "-cf", tarball, nameOf(arch)], options);
    writeFileSync(download("SHA256SUMS"), await run(["sha256sum", tarball], options));
    const { status, stderr } = await install();
    assert.equal(status, 1);
    assert.match(stderr, /^install\.sh: [^\n]*does not run here[^\n]*\n$/);
    assert.deepEqual(readdirSync(prefix), []);
  });
});
