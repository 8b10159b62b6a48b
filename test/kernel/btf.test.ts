/** --btf: kernels that this one is not. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, parseAttempts } from "../cases.ts";
import { Child, endAll } from "../child.ts";
import { Netns } from "../netns.ts";
import {
  client,
  executable,
  mountTracefs,
  needsKernel,
  oneLine,
  ready,
  takePort,
  Tool,
} from "../tool.ts";

const port = `${takePort()}`;
const closed = `${takePort()}`;

/** This kernel's BTF, but fields have another name, as if it had none of these. */
function btfWithout(...fields: string[]): Buffer {
  const btf = readFileSync("/sys/kernel/btf/vmlinux");
  for (const field of fields) {
    const at = btf.indexOf(`\0${field}\0`);
    assert(at > 0, `no ${field}`);
    btf.write("x", at + 1);
  }
  return btf;
}

describe("btf", needsKernel(), () => {
  const directory = mkdtempSync(join(tmpdir(), "tcpconnect-btf-"));
  after(async () => {
    await endAll();
    rmSync(directory, { recursive: true });
  });

  for (const how of [[], ["-r"]]) {
    const line = ["--attach", "tracepoint", ...how].join(" ");
    it(`${line} needs no field of IPv6 for IPv4 (CONFIG_IPV6=n)`, async () => {
      const file = join(directory, "btf");
      writeFileSync(file, btfWithout("skc_v6_daddr", "skc_v6_rcv_saddr"));
      await mountTracefs();
      const netns = await Netns.open();
      await ready(netns.start([client, "serve", "127.0.0.1", port]));
      const ports = [port, closed].join();
      const tool = await Tool.start(["-s", "--btf", file, ...line.split(" "), "-P", ports]);
      const attempts = [];
      for (const to of [port, closed]) {
        attempts.push(...parseAttempts(await netns.run(client, "tcp", "127.0.0.1", to)));
      }
      const { rows } = await tool.stop();
      compare(attempts, rows, { result: how.length > 0 });
    });
  }

  for (
    const [columns, status, says] of [
      [
        "retrans",
        1,
        /^tcpconnect: the BTF has no tcp_sock\.total_retrans: leave out .* retrans and rtt$/m,
      ],
      ["result", 0, /^$/],
    ] as const
  ) {
    it(`-o ${columns} ends with ${status} before it traces if its field is missing`, async () => {
      const file = join(directory, "btf");
      writeFileSync(file, btfWithout("total_retrans"));
      await mountTracefs();
      const tool = new Child([executable, "--btf", file, "-o", columns, "-P", port]);
      if (status === 0) await tool.until(({ stdout }) => stdout === "RESULT\n");
      const ended = await (status === 0 ? tool.stop("SIGINT") : tool.endsItself());
      assert.deepEqual([ended.status, ended.stdout], [status, status ? "" : "RESULT\n"]);
      assert.match(ended.stderr, says);
      if (status) oneLine(ended.stderr);
    });
  }
});
