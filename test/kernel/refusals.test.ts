/** What the tool refuses to do, and what it says then. */

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, endAll, run } from "../child.ts";
import { copyCommands, executable, needsKernel, oneLine, runtimes } from "../tool.ts";

const limit = { timeout: 30_000 };

const asNobody = "setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all".split(" ");
const withoutCapabilities = "setpriv --bounding-set=-all --inh-caps=-all".split(" ");

const many = Array.from({ length: 65 }, (_, i) => i + 1).join();

const badLines = [
  "-p 12abc",
  "-p 0",
  "-p 2147483648",
  "-p -1",
  "-u 1abc",
  "-u 4294967295",
  "-u nobody-has-this-name",
  "-P 80-90x",
  "-P 90-80",
  "-P 80,!443",
  "-P 0",
  "-P 65536",
  "-P ,",
  "-P 80,",
  "--port=",
  `-p ${many}`,
  `-u ${many}`,
  "-C /sys/fs/bpf/x",
  "-M /sys/fs/bpf/x",
  "-4 -6",
  "--attach foo",
  "--buffer-pages 3",
  "--buffer-pages 0",
  "--btf /nonexistent",
  "--btf /",
  "--btf /dev/null",
  "--btf /etc/passwd",
  "--min-latency 1x",
  "--min-latency",
  "--unknown",
  "-z",
  "-P",
  "--p 80",
  "stray",
  "-s stray",
  "--count=yes",
];

describe("refusals", needsKernel(), () => {
  let folder: string;
  let commands: ReturnType<typeof copyCommands>;
  before(() => {
    folder = mkdtempSync("/tmp/tcpconnect %41 #"); // not tmpdir(), which may be private
    commands = copyCommands(folder);
  });
  after(async () => {
    await endAll();
    rmSync(folder, { recursive: true });
  });

  for (const line of badLines) {
    const name = line.length < 40 ? line : `${line.slice(0, 2)} with 65 values`;
    it(`tcpconnect refuses ${name}`, limit, async () => {
      // Once libbpf is at work, -v says more than one line.
      const child = new Child([executable, "-v", ...line.split(" ")]);
      const { status, stdout, stderr } = await child.endsItself();
      assert.deepEqual({ status, stdout }, { status: 64, stdout: "" }, stderr);
      oneLine(stderr);
      assert.match(stderr, /`tcpconnect --help`\n$/);
    });
  }

  it("tcpconnect tells a broken --btf file in one line", limit, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
    const file = join(folder, "btf");
    writeFileSync(file, readFileSync("/sys/kernel/btf/vmlinux").subarray(0, 100_000));
    const child = new Child([executable, "--btf", file]);
    const { status, stdout, stderr } = await child.endsItself();
    rmSync(folder, { recursive: true });
    assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
    assert.equal(stderr, `tcpconnect: --btf '${file}' is not the BTF of a kernel\n`);
  });

  for (const uid of ["", "x"]) {
    it(`-u refuses a user whose UID in /etc/passwd is '${uid}'`, limit, async () => {
      const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
      const file = join(folder, "passwd");
      writeFileSync(file, `anna:x:${uid}:5::/:/bin/sh\n`);
      const script = 'mount --bind "$1" /etc/passwd && shift && exec "$@"';
      const command = ["unshare", "--mount", "sh", "-c", script, "sh", file, executable];
      const { status, stdout, stderr } = await new Child([...command, "-u", "anna"]).endsItself();
      rmSync(folder, { recursive: true });
      assert.deepEqual({ status, stdout }, { status: 64, stdout: "" }, stderr);
      oneLine(stderr);
    });
  }

  // From too few for the first map to too few for the last link; what is between depends on the CPUs.
  for (const files of [10, 11, 12, 13, 14, 15, 16, 17, 18, 20]) {
    it(`tcpconnect -r says that ${files} open files are not enough`, limit, async () => {
      const child = new Child(["prlimit", `--nofile=${files}`, executable, "-r", "-P", "1"]);
      const { status, stdout, stderr } = await child.endsItself();
      assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
      const advice = `too many open files (ulimit -n is ${files}): ulimit -n 4096`;
      assert.equal(stderr, `tcpconnect: ${advice}\n`);
    });
  }

  it("tcpconnect says that perf buffers pass what a user may lock", limit, async () => {
    const kept = ["inh-caps", "ambient-caps", "bounding-set"].map((set) =>
      `--${set}=-all,+bpf,+perfmon,+net_admin`
    );
    const user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...kept];
    const child = new Child([...user, executable, "--buffer-pages", "8192"]);
    const { status, stdout, stderr } = await child.endsItself();
    assert.deepEqual({ status, stdout }, { status: 1, stdout: "" });
    assert.match(stderr, /^tcpconnect: the perf buffers pass what this user may lock \(.*\n$/);
    oneLine(stderr);
  });

  for (const runtime of runtimes) {
    for (
      const [who, privileges, advice] of [
        ["nobody", asNobody, /root/],
        ["a root without capabilities", withoutCapabilities, /CAP_BPF/],
      ] as const
    ) {
      for (const options of [[], ["-r"], ["-c"], ["--attach", "tracepoint"]]) {
        const name = ["tcpconnect", ...options, `tells ${who} what it lacks in one line`].join(" ");
        it(`${name} (${runtime})`, limit, async () => {
          const child = new Child([...privileges, ...commands[runtime], ...options]);
          const { status, stdout, stderr } = await child.endsItself();
          assert.deepEqual({ status, stdout }, { status: 1, stdout: "" }, stderr);
          oneLine(stderr);
          assert.match(stderr, advice);
        });
      }
    }

    it(`--help, --usage and --version need no root (${runtime})`, limit, async () => {
      const [help, usage, version] = await Promise.all(
        ["--help", "--usage", "--version"].map((option) =>
          run([...asNobody, ...commands[runtime], option])
        ),
      );
      assert.match(help!, /^Usage: tcpconnect \[OPTION...\]\n/);
      assert.match(usage!, /^Usage: tcpconnect \[/);
      assert.match(version!, /^tcpconnect \d+\.\d+\.\d+\n$/);
    });
  }
});
