/** What runs in a guest where the C tool and ours trace side by side. */

/** One client after the other connects while all tools watch. */
export interface Client {
  argv: string;
  /** Whether it gets a row. */
  row: boolean;
  /** Seconds that it waits first. */
  delay?: number;
}

const shown = (argv: string): Client => ({ argv, row: true });

/** A client of the user that -u lets pass, from the process that -p lets pass. */
export const chosen = 3;
/** A client of a user whose number the C tool shows with a sign. */
export const highest = 5;
/** A client whose connect fails at once. */
export const failed = 7;

export const clients: readonly Client[] = [
  shown("/client tcp 127.0.0.1 8080"),
  shown("/client tcp ::1 8080"),
  shown("/client mapped 127.0.0.1 8081"),
  shown("/client -u 1234 tcp 127.0.0.1 8080"),
  shown("/client -u 1234 tcp ::1 8082"),
  shown("/client -u 4294967294 tcp 127.0.0.1 8082"),
  shown("/client tcp 127.0.0.1 9"),
  { argv: "/client tcp 203.0.113.4 80", row: false },
  // Wider than its column.
  shown("/client tcp 2001:db8:1111:2222:3333:4444:5555:6666 9"),
  // A name as long as can be, and wider than the packaged version's column.
  shown("/run/busybox-long-na nc 127.0.0.1 8080"),
  shown("/client mptcp 127.0.0.1 8081"),
  // For TIME(s).
  { ...shown("/client tcp ::1 8081"), delay: 1 },
];

const columnOptions = ["-t", "-U", "-s"];
const filterOptions = ["-p $chosen", "-u 1234", "-P 8080,8081"];

const subset = (options: string[], bits: number) =>
  options.filter((_, i) => bits >> i & 1).join(" ");

/**
 * All 64 combinations of -t -U -s -p -u -P, in four shares of 16; each share has every combination
 * of the columns and every combination of the filters twice.
 */
export function combinations(share: number): string[] {
  const columns = [...Array(8).keys()];
  return columns.flatMap((c) =>
    [2 * share, 2 * share + 1].map((x) =>
      `${subset(columnOptions, c)} ${subset(filterOptions, c ^ x)}`.trim()
    )
  );
}

/** Two runs to compare, C's and ours, or one of either alone. */
export interface Pair {
  name: string;
  c?: string;
  ours?: string;
  signal?: "INT" | "TERM";
}

const ports = [...Array(64).keys()].map((i) => 20000 + i);

/** Where the C tool is wrong; one guest shows it. */
const faulty: readonly Pair[] = [
  { name: "result", ours: "-r --attach kprobe" },
  { name: "uid", c: "-U", ours: "-U" },
  { name: "term", c: "-c", ours: "-v -c --attach fentry", signal: "TERM" },
  { name: "port-x", c: "-P 8081x8082", ours: "-P 8081x8082" },
  { name: "port-range", c: "-P 8081-8082", ours: "-P 8081-8082" },
  { name: "port-65", c: `-P ${ports},8080`, ours: `-P ${ports},8080` },
  { name: "pid-abc", c: "-p ${chosen}abc", ours: "-p ${chosen}abc" },
  { name: "uid-abc", c: "-u 1234abc", ours: "-u 1234abc" },
  { name: "cgroup", c: "-C /none", ours: "-C /none" },
];

/** All runs of a share: those of equal rows, those of -c, and with the first the faults. */
export function pairs(share: number): Pair[] {
  return [
    ...combinations(share).map((args, i) => ({
      name: `rows.${i}`,
      c: args,
      ours: `${args} --attach ${i % 4 < 2 ? "kprobe" : "fentry"}`,
    })),
    { name: "count", c: "-c", ours: "-v -c --attach kprobe" },
    { name: "count-sport", c: "-c -s", ours: "-v -c -s --attach fentry" },
    ...(share === 0 ? faulty : []),
  ];
}

/** The part of a guest's script that runs a share, after the network is made. */
export function besideScript(share: number): string {
  const all = pairs(share);
  const with_ = (signal: string) => all.filter((pair) => (pair.signal ?? "INT") === signal);
  const names = (pairs: Pair[]) =>
    pairs.flatMap(({ name, c, ours }) => [
      ...(c === undefined ? [] : [`c.${name}`]),
      ...(ours === undefined ? [] : [`ours.${name}`]),
    ]).join(" ");
  const withC = all.filter(({ c }) => c !== undefined);
  return `
now | section beside.start
ip address add 2001:db8:1111:2222:3333:4444:5555:6666/128 dev lo nodad
cp /bin/busybox /run/busybox-long-na
hold() {
	mkfifo /run/go.$1
	sh -c "read -r _ </run/go.$1; sleep $2; exec $3" >/run/held.$1 2>&1 &
	echo $! >/run/held.$1.pid
}
${clients.map(({ argv, delay = 0 }, i) => `hold ${i} ${delay} "${argv}"`).join("\n")}
chosen=$(cat /run/held.${chosen}.pid)
(cd /run && grep -H . held.*.pid) | section held.pids
${withC.map(({ name, c }) => `start c.${name} /tcpconnect-c ${c}`).join("\n")}
probed() { [ "$(grep -c tcp_v /sys/kernel/debug/kprobes/list)" -ge ${4 * withC.length} ]; }
await probed
${all.map(({ name, ours }) => ours ? `trace ours.${name} /tcpconnect ${ours}` : "").join("\n")}
for i in ${clients.map((_, i) => i).join(" ")}; do
	echo >/run/go.$i
	wait $(cat /run/held.$i.pid)
done
(cd /run && grep -l "^unsupported" held.*) | section held.lacking
# What both have let out before the end.
wc -c </run/c.rows.0.out | section c.early
wc -c </run/ours.rows.0.out | section ours.early
stop TERM ${names(with_("TERM"))}
stop INT ${names(with_("INT"))}
now | section beside.end
`;
}
