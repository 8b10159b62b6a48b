/**
 * Boots every kernel and shows what it has; where the C tool runs, traces one connect with it.
 *
 * @module
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Guest, runGuests } from "./guest.ts";
import { type Kernel, kernels } from "./kernels.ts";
import { cache, libbpfTool } from "./packages.ts";

const script = `
uname -r | section uname
[ -e /sys/kernel/btf/vmlinux ] && echo yes | section btf
[ -x /tcpconnect ] || exit 0
nc -l -p 8080 >/dev/null &
/tcpconnect >/tmp/rows 2>&1 &
tracer=$!
tries=0
while [ "$(grep -c tcp_v /sys/kernel/debug/kprobes/list)" -lt 4 ]; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { cat /tmp/rows; exit 1; }
	sleep 0.1
done
echo | nc 127.0.0.1 8080
kill -INT $tracer
wait $tracer
section rows /tmp/rows
`;

function guest(kernel: Kernel): Guest {
  const files = kernel.arch === "amd64" ? { "/tcpconnect": libbpfTool("tcpconnect") } : {};
  return { kernel, script, files, modules: ["sch_netem", "nf_tables", "veth"] };
}

const started = performance.now();
const results = await runGuests(kernels.map(guest));
for (const [index, result] of results.entries()) {
  const { name } = kernels[index]!;
  if (result.status === "rejected") {
    console.log(name, result.reason);
    continue;
  }
  const { status, output, sections, bootSeconds, seconds } = result.value;
  const tree = join(cache, `kernel-${name.replace(" ", "-")}`);
  const [config] = globSync(["boot/config-*", "usr/lib/modules/*/config"], { cwd: tree });
  const has = config && readFileSync(join(tree, config), "utf8").includes("CONFIG_KPROBES=y");
  console.log(
    `${name}: ${sections.uname?.trim()}, BTF ${sections.btf?.trim() ?? "no"}, kprobes ${has},`,
    `boot ${bootSeconds.toFixed(1)} s, all ${seconds.toFixed(1)} s, status ${status}`,
  );
  console.log(output + (sections.rows ?? ""));
}
console.log(`${((performance.now() - started) / 1000).toFixed(1)} s`);
