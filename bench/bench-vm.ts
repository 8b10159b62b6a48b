/**
 * Measures ./tcpconnect beside the C tool of Debian's libbpf-tools in a guest: `make bench-vm`.
 *
 * Software emulation slows different code by different factors: compare ratios only.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { runGuest } from "../test/vm/guest.ts";
import { kernel } from "../test/vm/kernels.ts";
import { libbpfTool } from "../test/vm/packages.ts";
import { type Bar, type Figure, median, ratioBar, table } from "./stats.ts";
import { gauge, tcpconnect } from "./tracer.ts";

const client = resolve(import.meta.dirname!, "../build/test/client");

const { values } = parseArgs({
  options: {
    kernel: { type: "string", default: "6.12" },
    rounds: { type: "string", default: "2" },
    connects: { type: "string", default: "2000" },
    // Warm-up: the runtime compiles the code that runs often first.
    warm: { type: "string", default: "4000" },
  },
});

/** Command lines, by the name in the table; the first is the peer. */
const tracers: Record<string, string> = {
  "C (kprobe)": "/c/tcpconnect",
  kprobe: "/tcpconnect --attach kprobe",
  fentry: "/tcpconnect --attach fentry",
  tracepoint: "/tcpconnect --attach tracepoint",
  "kprobe -r": "/tcpconnect --attach kprobe -r",
  "fentry -r": "/tcpconnect --attach fentry -r",
  "tracepoint -r": "/tcpconnect --attach tracepoint -r",
};

const script = `
/client serve 127.0.0.1 8080 >/dev/null &
echo 1 >/proc/sys/kernel/bpf_stats_enabled

# Sums over what a process holds open: the programs' time in the kernel, ns.
kernel() {
	cat /proc/$1/fdinfo/* 2>/dev/null | awk '
		/^prog_id:/ { id = $2 }
		/^run_time_ns:/ { time[id] = $2 }
		END { for (id in time) sum += time[id]; printf "%.0f\\n", sum }'
}
# Time on a processor, of all threads, ns.
user() {
	cat /proc/$1/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f\\n", sum }'
}
attached() {
	case $1 in
	*/c/*) [ "$(grep -c tcp_v /sys/kernel/debug/kprobes/list)" -ge 4 ] ;;
	*) [ -s /tmp/rows ] ;;
	esac
}
measure() {
	name=$1
	shift
	"$@" >/tmp/rows 2>/tmp/errors &
	pid=$!
	tries=0
	until attached "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || { cat /tmp/errors; exit 1; }
		sleep 0.1
	done
	sleep 1
	/client burst 127.0.0.1 8080 ${values.warm} >/dev/null
	sleep 1
	kernel=$(kernel $pid)
	user=$(user $pid)
	made=$(/client burst 127.0.0.1 8080 ${values.connects})
	sleep 0.5
	echo "$name|$(($(kernel $pid) - kernel))|$(($(user $pid) - user))|$made" >>/tmp/results
	kill -TERM $pid
	wait $pid
}

for round in $(seq ${values.rounds}); do
	echo "none|0|0|$(/client burst 127.0.0.1 8080 ${values.connects})" >>/tmp/results
${Object.entries(tracers).map(([name, line]) => `\tmeasure "${name}" ${line}`).join("\n")}
	for start in "C (kprobe)|/c/tcpconnect" ${
  ["kprobe", "fentry", "tracepoint"].map((name) => `"${name}|${tracers[name]}"`).join(" ")
}; do
		echo "\${start%%|*}|$(/gauge start \${start#*|})" >>/tmp/starts
	done
done
section results /tmp/results
section starts /tmp/starts
`;

/** What one tracer came to in all rounds, by figure. */
interface Result {
  kernel: number[];
  user: number[];
  seconds: number[];
}

function parse(text: string): Map<string, Result> {
  const results = new Map<string, Result>();
  for (const line of text.trim().split("\n")) {
    const [name, kernel, user, made] = line.split("|");
    const [, connects, seconds] = /made (\d+) .*seconds (\S+)/.exec(made!)!.map(Number);
    const result = results.get(name!) ?? { kernel: [], user: [], seconds: [] };
    result.kernel.push(Number(kernel) / connects!);
    result.user.push(Number(user) / 1000 / connects!);
    result.seconds.push(seconds!);
    results.set(name!, result);
  }
  return results;
}

const guest = await runGuest({
  kernel: kernel(values.kernel),
  script,
  files: {
    "/tcpconnect": tcpconnect,
    "/c/tcpconnect": libbpfTool("tcpconnect"),
    "/client": client,
    "/gauge": gauge,
  },
  timeoutMs: 600_000,
});
if (guest.status !== 0) {
  console.error(guest.output);
  process.exit(1);
}

const results = parse(guest.sections.results!);
const peer = results.get("C (kprobe)")!;
const starts = new Map<string, number[]>();
for (const line of guest.sections.starts!.trim().split("\n")) {
  const [name, µs] = line.split("|");
  starts.set(name!, [...(starts.get(name!) ?? []), Number(µs) / 1000]);
}
const ours = Object.keys(tracers).slice(1);
const fentry = median(results.get("fentry")!.kernel);
const kernelBars: Record<string, Bar> = {
  fentry: ratioBar(0.5),
  tracepoint: { text: "<= fentry", met: (figure) => median(figure.ours) <= fentry },
};
const figure = (name: string, unit: string, ours: number[], peer: number[], bar?: Bar) => ({
  name,
  unit,
  ours,
  peer,
  ...(bar && { bar }),
});
const slowdown = ({ seconds }: Result) =>
  seconds.map((value, i) => value / results.get("none")!.seconds[i]!);
const figures: Figure[] = [
  ...ours.map((name) =>
    figure(
      `kernel time per connect, ${name}`,
      "ns",
      results.get(name)!.kernel,
      peer.kernel,
      kernelBars[name],
    )
  ),
  ...ours.map((name) => figure(`CPU per event, ${name}`, "µs", results.get(name)!.user, peer.user)),
  ...ours.map((name) =>
    figure(
      `slowdown of the load, ${name}`,
      "times",
      slowdown(results.get(name)!),
      slowdown(peer),
      ratioBar(1),
    )
  ),
  ...[...starts.keys()].slice(1).map((name) =>
    figure(
      `start to attached, ${name}`,
      "ms",
      starts.get(name)!,
      starts.get("C (kprobe)")!,
      ratioBar(1.5),
    )
  ),
];
const file = resolve(import.meta.dirname!, "../build/bench-vm.json");
writeFileSync(file, JSON.stringify({ kernel: values.kernel, figures }, null, 2) + "\n");
console.log(table(figures));
console.log(
  `\nguest kernel ${values.kernel}, emulated; ${values.rounds} rounds of ${values.connects} connects`,
);
