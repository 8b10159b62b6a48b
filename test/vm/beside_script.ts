/** What runs in a guest where the C tool and ours trace side by side. */

import type { BackendName } from "../../src/kernel/spec.ts";

/** One client after the other connects while all tools watch. */
export interface Client {
  argv: string;
  /** What becomes of its connect. */
  result: "ok" | "ECONNREFUSED" | "ENETUNREACH";
  /** Seconds that it waits first. */
  delay?: number;
}

const ok = (argv: string): Client => ({ argv, result: "ok" });
const refused = (argv: string): Client => ({ argv, result: "ECONNREFUSED" });

/** Whether the C tool shows it: no attempt that fails at once. */
export const shown = ({ result }: Client): boolean => result !== "ENETUNREACH";

/** A client of the user that -u lets pass, from the process that -p lets pass. */
export const chosen = 3;
/** A client of a user whose number the C tool shows with a sign. */
export const highest = 5;
/** A client whose connect fails at once. */
export const failed = 7;

export const clients: readonly Client[] = [
  ok("/client tcp 127.0.0.1 8080"),
  ok("/client tcp ::1 8080"),
  ok("/client mapped 127.0.0.1 8081"),
  ok("/client -u 1234 tcp 127.0.0.1 8080"),
  ok("/client -u 1234 tcp ::1 8082"),
  ok("/client -u 4294967294 tcp 127.0.0.1 8082"),
  refused("/client tcp 127.0.0.1 9"),
  { argv: "/client tcp 203.0.113.4 80", result: "ENETUNREACH" },
  // Wider than its column.
  refused("/client tcp 2001:db8:1111:2222:3333:4444:5555:6666 9"),
  // A name as long as can be, and wider than the packaged version's column.
  ok("/run/busybox-long-na nc 127.0.0.1 8080"),
  ok("/client mptcp 127.0.0.1 8081"),
  // For TIME(s).
  { ...ok("/client tcp ::1 8081"), delay: 1 },
];

const columnOptions = ["-t", "-U", "-s"];
const filterOptions = ["-p $chosen", "-u 1234", "-P 8080,8081"];

const subset = (options: string[], bits: number) =>
  options.filter((_, i) => bits >> i & 1).join(" ");

/** What a guest takes of the comparisons. */
export interface Share {
  /** Which of the eight squares. */
  squares: readonly number[];
  /** What traces beside the C tool, in turn. */
  backends: readonly BackendName[];
  /** Whether it shows the faults of the C tool, and what of ours has no peer. */
  alone?: true;
}

/**
 * All 64 combinations of -t -U -s -p -u -P make eight squares; each has every combination of the
 * columns once, and every combination of the filters.
 */
export function combinations({ squares }: Share): string[] {
  return squares.flatMap((square) =>
    [...Array(8).keys()].map((columns) =>
      `${subset(columnOptions, columns)} ${subset(filterOptions, columns ^ square)}`.trim()
    )
  );
}

/** Two runs to compare, C's and ours, or one of either alone. */
export interface Pair {
  name: string;
  c?: string;
  ours?: string;
  /** Whether the C tool is ended by SIGTERM, not by SIGINT; ours always is. */
  term?: boolean;
}

const ports = [...Array(64).keys()].map((i) => 20000 + i);

/** Where the C tool is wrong; one guest shows it. */
const faulty: readonly Pair[] = [
  { name: "uid", c: "-U", ours: "-U" },
  { name: "term", c: "-c", ours: "-v -c --attach fentry", term: true },
  { name: "port-x", c: "-P 8081x8082", ours: "-P 8081x8082" },
  { name: "port-range", c: "-P 8080-8082", ours: "-P 8080-8082" },
  { name: "port-65", c: `-P ${ports},8080`, ours: `-P ${ports},8080` },
  { name: "pid-abc", c: "-p ${chosen}abc", ours: "-p ${chosen}abc" },
  { name: "uid-abc", c: "-u 1234abc", ours: "-u 1234abc" },
  { name: "cgroup", c: "-C /none", ours: "-C /none" },
];

/** What the C tool does not have; the same guest shows it. */
const peerless: readonly Pair[] = [
  { name: "result", ours: "-r --attach kprobe" },
  { name: "failed", ours: "--failed" },
  { name: "min-latency", ours: "--min-latency 1000000" },
  { name: "count-result", ours: "-v -c -r" },
];

/** All runs of a share: those of equal rows, those of -c, and what only one guest shows. */
export function pairs(share: Share): Pair[] {
  const backend = (i: number) => share.backends[i % share.backends.length];
  return [
    ...combinations(share).map((args, i) => ({
      name: `rows.${i}`,
      c: args,
      ours: `${args} --attach ${backend(i)}`,
    })),
    { name: "count", c: "-c", ours: `-v -c --attach ${backend(0)}` },
    { name: "count-sport", c: "-c -s", ours: `-v -c -s --attach ${share.backends.at(-1)}` },
    ...(share.alone ? [...faulty, ...peerless] : []),
  ];
}

/** The part of a guest's script that runs a share, after the network is made. */
export function besideScript(share: Share): string {
  const all = pairs(share);
  const withC = all.filter(({ c }) => c !== undefined);
  const [termed, interrupted] = [true, false].map((term) =>
    withC.filter((pair) => Boolean(pair.term) === term).map(({ name }) => `c.${name}`).join(" ")
  );
  const ours = all.filter((pair) => pair.ours !== undefined).map(({ name }) => `ours.${name}`);
  return `
now | section beside.start
ip address add 2001:db8:1111:2222:3333:4444:5555:6666/128 dev lo nodad
cp /bin/busybox /run/busybox-long-na
hold() {
	mkfifo /run/go.$1
	sh -c "read -r _ </run/go.$1; $2 exec $3" >/run/held.$1 2>&1 &
	echo $! >/run/held.$1.pid
}
${
    clients.map(({ argv, delay }, i) => `hold ${i} "${delay ? `sleep ${delay};` : ""}" "${argv}"`)
      .join("\n")
  }
chosen=$(cat /run/held.${chosen}.pid)
(cd /run && grep -H . held.*.pid) | section held.pids
${withC.map(({ name, c }) => `start c.${name} /tcpconnect-c ${c}`).join("\n")}
probed() { [ "$(grep -c tcp_v /sys/kernel/debug/kprobes/list)" -ge ${4 * withC.length} ]; }
await probed
${all.map(({ name, ours }) => ours ? `trace ours.${name} /tcpconnect ${ours}` : "").join("\n")}
for i in ${clients.map((_, i) => i).join(" ")}; do
	echo >/run/go.$i
	read -r pid </run/held.$i.pid
	wait $pid
done
(cd /run && grep -l "^unsupported" held.*) | section held.lacking
# What both have let out before the end.
wc -c </sections/c.rows.0.out >/sections/c.early
wc -c </sections/ours.rows.0.out >/sections/ours.early
# The shell starts them with SIGINT ignored; only the C tool heeds it all the same.
stop TERM ${termed} ${ours.join(" ")}
stop INT ${interrupted}
now | section beside.end
`;
}
