/** --doctor on this kernel: a back end that it reports as working does trace here. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { Child, endAll } from "../child.ts";
import { commands, mountTracefs, needsKernel, runtimes } from "../tool.ts";

const limit = { timeout: 60_000 };

async function examined(argv: readonly string[]): Promise<string> {
  await mountTracefs();
  const { status, stdout, stderr } = await new Child(argv).endsItself();
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
  assert.match(stdout, /^tcpconnect runs here with \w+\. A kprobe-only tool, /m);
  return stdout.split("\n").filter((line) => / {2,}(yes: loaded|no: )/.test(line)).join("\n");
}

describe("doctor", needsKernel(), () => {
  after(endAll);

  for (const runtime of runtimes) {
    it(`--doctor sees its own connect (${runtime})`, limit, async () => {
      const report = await examined([...commands[runtime], "--doctor"]);
      assert.match(report, /^tracepoint +yes: loaded, attached, saw its own connect$/m);
      assert.match(report, /^tracepoint -r +yes: loaded, attached, saw its own connect$/m);
    });
  }

  for (const runtime of runtimes) {
    it(
      `--doctor says why its own connect failed, where lo is down (${runtime})`,
      limit,
      async () => {
        const report = await examined(["unshare", "--net", ...commands[runtime], "--doctor"]);
        const why = "attached, but its own connect failed: the loopback interface is down";
        assert.match(report, new RegExp(`^tracepoint +no: ${why} \\(ip link set lo up\\)$`, "m"));
        // The call itself is an attempt, and has a row.
        assert.match(report, /^tracepoint -r +yes: loaded, attached, saw its own connect$/m);
      },
    );
  }

  const command = [...commands.executable, "--doctor"];

  it("--doctor says the same whatever else is asked for", limit, async () => {
    const filters = ["-c", "-6", "-p", "1", "-u", "4294967294", "-P", "1", "--failed"];
    const report = await examined([...command, ...filters, "--min-latency", "5000"]);
    assert.equal(report, await examined(command));
  });

  it("--doctor says the same in a PID namespace, as of a container", limit, async () => {
    const report = await examined(["unshare", "--pid", "--fork", "--kill-child", ...command]);
    assert.equal(report, await examined(command));
  });
});
