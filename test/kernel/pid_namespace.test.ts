/** -p in a PID namespace, as a container's is: the PIDs are those that are seen there. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAttempts, parseRows } from "../cases.ts";
import { endAll } from "../child.ts";
import { Netns } from "../netns.ts";
import { client, commands, mountTracefs, needsKernel, ready, runtimes, takePort } from "../tool.ts";

const limit = { timeout: 60_000 };

/** Two clients wait until the tool, which traces one of them by its PID, has printed its header. */
const script = `
client=$1 port=$2 out=$3; shift 3
held() {
	sh -c 'kill -STOP $$ && exec "$@"' sh "$client" tcp 127.0.0.1 "$port" >"$out.$1" &
}
held wanted; wanted=$!
held other; other=$!
"$@" -p $wanted >"$out" & tool=$!
until [ -s "$out" ] || ! kill -0 $tool; do sleep 0.02; done
kill -CONT $wanted $other
wait $wanted $other
kill -TERM $tool
wait $tool
`;

const warning =
  "tcpconnect: warning: -p takes the PIDs of this PID namespace, rows show the host's\n";

describe("PID namespace", needsKernel(), () => {
  after(endAll);

  const btf = ["--btf", "/sys/kernel/btf/vmlinux"];
  for (const runtime of runtimes) {
    for (const options of [[], ["-r"], btf]) {
      const name = ["-p", ...options].join(" ");
      it(
        `${name} passes the process of that PID there, and no other (${runtime})`,
        limit,
        async () => {
          await mountTracefs();
          const [netns, port] = [await Netns.open(), `${takePort()}`];
          await ready(netns.start([client, "serve", "127.0.0.1", port]));
          const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
          const out = join(folder, "out");
          const inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
          const command = [...commands[runtime], "-s", ...options];
          const argv = [...inside, "sh", "-c", script, "sh", client, port, out, ...command];
          const { status, stderr } = await netns.start(argv).endsItself();
          const rows = parseRows(readFileSync(out, "utf8"));
          const [wanted] = parseAttempts(readFileSync(`${out}.wanted`, "utf8"));
          const [other] = parseAttempts(readFileSync(`${out}.other`, "utf8"));
          rmSync(folder, { recursive: true });
          assert.deepEqual({ status, stderr }, { status: 0, stderr: warning });
          assert(wanted && other && wanted.pid < 10);
          assert.deepEqual(rows.map((row) => row["SPORT"]), [`${wanted.sport}`]);
          assert.notEqual(rows[0]!["PID"], `${wanted.pid}`);
        },
      );
    }
  }

  it("without -p there is no warning, and all processes are traced", limit, async () => {
    const [netns, port] = [await Netns.open(), `${takePort()}`];
    await ready(netns.start([client, "serve", "127.0.0.1", port]));
    const traced = 'timeout -s TERM 2 "$@" & sleep 1; "$0" tcp 127.0.0.1 "$PORT" >&2; wait';
    const inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const argv = [...inside, "sh", "-c", traced, client, ...commands.executable, "-P", port];
    const { stdout, stderr } = await netns.start(argv, { env: { PORT: port } }).endsItself();
    assert.equal(parseRows(stdout).length, 1);
    assert.doesNotMatch(stderr, /warning/);
  });
});
