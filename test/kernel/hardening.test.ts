/** A process that may do less than the runtime needs is told so in one line. */

import { after, describe, it, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { cgroupRoot } from "../../src/kernel/system.ts";
import { Child, endAll, run } from "../child.ts";
import { cannot, commands, needsKernel, oneLine, root, runtimes, Tool } from "../tool.ts";

const limit = { timeout: 30_000 };

/** Denies executable memory as systemd's MemoryDenyWriteExecute= does: prctl(PR_SET_MDWE). */
const prctl = process.arch === "x64" ? 157 : 167;
const deny = [
  "perl",
  "-e",
  `syscall(${prctl}, 65, 1, 0, 0, 0) and die "$!\\n"; exec @ARGV`,
];

/** May trace, read what the clone's owner may, and nothing else. */
const capabilities = "-all,+bpf,+perfmon,+net_admin,+sys_admin";
const withoutOverride = [
  `setpriv --reuid=${statSync(root).uid}`,
  ...["inh-caps", "ambient-caps", "bounding-set"].map((set) => `--${set}=${capabilities}`),
].join(" ");

/** In a directory that belongs to another. */
const unreadableCwd = `
mount -t tmpfs -o mode=0,uid=65534 none /mnt && cd /mnt && exec ${withoutOverride} "$0" "$@"
`;

/** Beneath a root of cgroup v2 that belongs to another. */
const unreadableCgroups = `
mount -t tmpfs -o mode=0711,uid=65534 none "$0" &&
touch "$0/cgroup.procs" && exec ${withoutOverride} "$@"
`;

/** systemd's ProtectProc=invisible and ProcSubset=pid. */
const processesOnly = 'mount -t proc -o hidepid=2,subset=pid none /proc && exec "$0" "$@"';

/** PR_SET_MDWE came with Linux 6.3. */
function lacksMdwe(t: TestContext): boolean {
  const [major, minor] = readFileSync("/proc/sys/kernel/osrelease", "utf8").split(".").map(Number);
  const lacks = major! < 6 || (major === 6 && minor! < 3);
  if (lacks) cannot(t, "no PR_SET_MDWE before Linux 6.3");
  return lacks;
}

const rlimit = (name: string, value: number) => ["prlimit", `--${name}=${value}`];

const denied = /^tcpconnect: executable memory is denied: .*MemoryDenyWriteExecute=no/;

const refusals: [string, string[], RegExp][] = [
  ["executable memory is denied", deny, denied],
  ["executable memory is denied and address space ample", [...rlimit("as", 1e11), ...deny], denied],
  [
    "address space is short",
    rlimit("as", 1e9),
    /^tcpconnect: the limit of .*: ulimit -v unlimited/,
  ],
  ["files must be small", rlimit("fsize", 1e5), /^tcpconnect: load libbpf: EFBIG: .*: ulimit -f/],
];

/** What a process may lack without harm. */
const harmless: [string, string[]][] = [
  ["without an environment", ["env", "-i"]],
  ["without a temporary directory", ["env", "TMPDIR=/nonexistent", "HOME=/nonexistent"]],
  ["in a directory that it may not read", ["unshare", "--mount", "sh", "-c", unreadableCwd]],
  ["where /proc shows processes only", ["unshare", "--mount", "sh", "-c", processesOnly]],
  ["where no descriptor is inherited but standard output", ["sh", "-c", 'exec "$0" "$@" <&- 2>&-']],
];

// Not Deno: it crashes under each of these before it runs anything.
const bunOnly = ["executable", "Bun"] as const;

/** The tool must say one line and nothing else, with -v more before it. */
async function refuses(prefix: string[], command: readonly string[], line: RegExp): Promise<void> {
  for (const option of ["-s", "-r", "--doctor"]) {
    const child = new Child([...prefix, ...command, option]);
    const { status, stdout, stderr } = await child.endsItself();
    assert.deepEqual({ status, stdout }, { status: 1, stdout: "" }, stderr);
    oneLine(stderr);
    assert.match(stderr, line);
  }
}

describe("hardening", needsKernel(), () => {
  after(endAll);

  for (const runtime of bunOnly) {
    for (const [title, prefix, line] of refusals) {
      it(`tcpconnect says in one line that ${title} (${runtime})`, limit, async (t) => {
        if (prefix.includes("perl") && lacksMdwe(t)) return;
        await refuses(prefix, commands[runtime], line);
      });

      it(`--help and bad options do not mind that ${title} (${runtime})`, limit, async (t) => {
        if (prefix.includes("perl") && lacksMdwe(t)) return;
        assert.match(await run([...prefix, ...commands[runtime], "--help"]), /^Usage: /);
        const bad = await new Child([...prefix, ...commands[runtime], "-z"]).endsItself();
        assert.equal(bad.status, 64, bad.stderr);
        oneLine(bad.stderr);
      });
    }

    it(`-v shows where loading failed, then the line (${runtime})`, limit, async () => {
      const child = new Child([...rlimit("as", 1e9), ...commands[runtime], "-v"]);
      const { status, stderr } = await child.endsItself();
      assert.equal(status, 1);
      assert.match(stderr, /^TypeError: .*\n {4}at [^]*\ntcpconnect: the limit of [^\n]+\n$/);
    });
  }

  for (const runtime of runtimes) {
    for (const [title, prefix] of harmless) {
      it(`tcpconnect traces ${title} (${runtime})`, limit, async () => {
        const tool = await Tool.start(["-P", "1"], { command: [...prefix, ...commands[runtime]] });
        assert.equal((await tool.stop()).stderr, "");
      });
    }
  }

  for (const runtime of runtimes) {
    it(`tcpconnect does without cgroups that it may not read (${runtime})`, limit, async (t) => {
      const cgroups = cgroupRoot();
      if (cgroups === undefined) return cannot(t, "no root of cgroup v2");
      const prefix = ["unshare", "--mount", "sh", "-c", unreadableCgroups, cgroups];
      const tool = await Tool.start(["--attach", "tracepoint", "-P", "1"], {
        command: [...prefix, ...commands[runtime]],
      });
      const { stderr } = await tool.stop();
      assert.match(stderr, /^tcpconnect: warning: rows wait for .*: EACCES: cannot open [^\n]+\n$/);
    });
  }

  // From source, Bun needs more descriptors than this to read itself.
  it("tcpconnect says in one line that it may not open enough files", limit, async () => {
    const few = [5, 6].map((files) => rlimit("nofile", files));
    for (const prefix of few) {
      await refuses(prefix, commands.executable, /^tcpconnect: load libbpf: .*: ulimit -n 1024/);
    }
  });
});
