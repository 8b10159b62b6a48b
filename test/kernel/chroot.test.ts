/** The executable works in an almost empty root, and loads nothing from the current directory. */

import { after, before, describe, it, type TestContext } from "node:test";
import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { cgroupRoot } from "../../src/kernel/system.ts";
import { compare, parseAttempts } from "../cases.ts";
import { Child, endAll, eventually, run } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  accounting,
  bun,
  cannot,
  client,
  commands,
  executable,
  mountTracefs,
  needsKernel,
  ready,
  takePort,
  Tool,
  type ToolOptions,
} from "../tool.ts";

const limit = { timeout: 60_000 };

/** Builds a root of glibc's libraries, /proc and /sys on a tmpfs, and runs a command in it. */
const bareRoot = `
set -e
root=$1; executable=$2; shift 2
mount -t tmpfs tmpfs "$root"
mkdir "$root/proc" "$root/sys"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
for file in $(ldd "$executable" | grep -o '/[^ ]*'); do
  mkdir -p "$root$(dirname "$file")"
  cp "$file" "$root$file"
done
cp "$executable" "$root/tcpconnect"
mount -o remount,ro "$root"
exec chroot "$root" /tcpconnect "$@"
`;

/** Runs a command in a cgroup that it takes for the root, as a container's is. */
const ownCgroup = `
set -e
cgroup=$1; shift
mkdir "$cgroup"
echo $$ > "$cgroup/cgroup.procs"
exec unshare --cgroup --mount sh -ec 'umount "$0"; mount -t cgroup2 none "$0"; exec "$@"' \\
  "$(dirname "$cgroup")" "$@"
`;

/** Runs a command in a directory that is not there any more. */
const deletedDirectory = 'cd "$0" && rmdir "$0" && exec "$@"';

/** Writes a file "loaded" into the current directory of whoever loads it. */
const bait = `
#include <fcntl.h>
__attribute__((constructor)) static void load(void) { open("loaded", O_CREAT | O_WRONLY, 0600); }
`;

const hostile = [".env", "bunfig.toml", "libc.so.6", "libbpf.so.1", "libelf.so.1", "libz.so.1"];

/** Makes one connect, which the tool must show; returns its standard error. */
async function shows(args: string[], options: ToolOptions): Promise<string> {
  await mountTracefs();
  const [netns, port] = [await Netns.open(), `${takePort()}`];
  await ready(netns.start([client, "serve", "127.0.0.1", port]));
  const tool = await Tool.start([...args, "-P", port], options);
  const attempts = parseAttempts(await netns.run(client, "tcp", "127.0.0.1", port));
  const { rows, stderr } = await tool.stop();
  compare(attempts, rows, { result: args.includes("-r") });
  assert.equal(attempts.length, 1);
  await netns[Symbol.asyncDispose]();
  return stderr;
}

/** Runs the executable where sockops cannot attach. */
async function inCgroup(t: TestContext, test: (command: string[]) => Promise<void>): Promise<void> {
  const root = cgroupRoot();
  if (root === undefined) return cannot(t, "no root of cgroup v2");
  const cgroup = join(root, `tcpconnect-${process.pid}`);
  await test(["sh", "-c", ownCgroup, "sh", cgroup, executable]).finally(() => rmdirSync(cgroup));
}

const late =
  /^tcpconnect: warning: rows wait for an answer, .*: the root of cgroup v2 is not .*\n$/;

describe("surroundings", needsKernel(), () => {
  const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
  const inside = (file: string) => join(folder, file);
  const past = new Date("2001-01-01");

  /** Makes the time of the last access tell whether a file is read from now on. */
  const forget = () => hostile.forEach((file) => utimesSync(inside(file), past, new Date()));
  const touched = () => hostile.filter((file) => statSync(inside(file)).atimeMs !== past.getTime());

  before(async () => {
    writeFileSync(inside("bunfig.toml"), 'preload = ["./preload.ts"]\n');
    writeFileSync(inside("preload.ts"), 'require("node:fs").writeFileSync("preloaded", "");\n');
    writeFileSync(inside(".env"), "BAIT=taken\n");
    for (const library of hostile.filter((file) => file.includes(".so"))) {
      const compiler = new Child(["clang", "-shared", "-fPIC", "-o", inside(library), "-xc", "-"]);
      compiler.input(bait);
      assert.equal((await compiler.ended).status, 0);
    }
  });

  after(async () => {
    await endAll();
    rmSync(folder, { recursive: true });
  });

  for (const args of [["-s"], ["-r", "-s"]]) {
    it(`tcpconnect ${args.join(" ")} runs in a bare, read-only root`, limit, async () => {
      const root = mkdtempSync(join(tmpdir(), "tcpconnect-root-"));
      const command = ["unshare", "--mount", "sh", "-c", bareRoot, "sh", root, executable];
      assert.equal(await shows(args, { command }), "");
      rmSync(root, { recursive: true });
    });

    it(
      `tcpconnect ${args.join(" ")} shows connects outside its container's cgroup`,
      limit,
      async (t) => {
        await inCgroup(t, async (command) => {
          const said = await shows(args, { command });
          if (args.includes("-r")) assert.equal(said, "");
          else assert.match(said, late);
        });
      },
    );

    it(`tcpconnect ${args.join(" ")} ignores a hostile directory`, limit, async () => {
      forget();
      assert.equal(await shows(args, { cwd: folder }), "");
      assert.deepEqual(touched(), []);
      assert(!existsSync(inside("preloaded")) && !existsSync(inside("loaded")));
    });
  }

  // Deno has ended by then: "could not read current working directory".
  for (const runtime of ["executable", "Bun"] as const) {
    it(`tcpconnect runs in a deleted directory (${runtime})`, limit, async () => {
      const gone = mkdtempSync(join(tmpdir(), "tcpconnect-gone-"));
      const command = ["sh", "-c", deletedDirectory, gone, ...commands[runtime]];
      assert.equal(await shows(["-s"], { command }), "");
      assert(!existsSync(gone));
    });
  }

  it("tcpconnect in a deleted directory ignores the one it lies in", limit, async () => {
    // Where the current directory is gone, the executable's own stands in for it in Bun.
    copyFileSync(executable, inside("tcpconnect"));
    mkdirSync(inside("gone"));
    forget();
    const command = ["sh", "-c", deletedDirectory, inside("gone"), inside("tcpconnect")];
    assert.equal(await shows(["-s"], { command }), "");
    assert.deepEqual(touched(), []);
    assert(!existsSync(inside("preloaded")) && !existsSync(inside("loaded")));
  });

  it(
    "what waits for an answer in a container's cgroup is shown at the end",
    limit,
    async (t) => {
      const port = `${takePort()}`;
      const [silent4, silent6] = ["192.0.2.9", "2001:db8::9"];
      const [netns] = await Netns.pair("net.ipv4.tcp_syn_retries=1");
      await netns.silence(silent4, silent6);
      for (const args of [["-t"], ["-c"]]) {
        await inCgroup(t, async (command) => {
          const tool = await Tool.start(["-v", ...args, "-P", port], { command });
          const clients = [silent4, silent4, silent6].map((address) =>
            netns.start([client, "hold", address, port, "3000"])
          );
          await eventually("three sockets wait", () => netns.waiting(Number(port)) === 3);
          const { rows, stderr } = await tool.stop();
          const attempts = parseAttempts(
            (await Promise.all(clients.map(async ({ ended }) => (await ended).stdout))).join(""),
          );
          if (args.includes("-c")) {
            const flows = rows.map((row) => [row["RADDR"], row["CONNECTS"]]);
            assert.deepEqual(flows, [[silent4, "2"], [silent6, "1"]]);
          } else compare(attempts, rows, { result: false });
          assert.deepEqual(accounting(stderr), { printed: 3, lost: 0 });
        });
      }
    },
  );

  it("the hostile directory is loaded by programs that trust it", limit, async () => {
    forget();
    const out = await run([bun, "-e", "console.log(process.env.BAIT)"], { cwd: folder });
    assert.equal(out, "taken\n");
    assert(existsSync(inside("preloaded")));
    for (const library of hostile.filter((file) => file.includes(".so"))) {
      rmSync(inside("loaded"), { force: true });
      await run(["true"], { cwd: folder, env: { LD_PRELOAD: `./${library}` } });
      assert(existsSync(inside("loaded")), library);
    }
    assert.deepEqual(touched(), hostile);
  });
});
