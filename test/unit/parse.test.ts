import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parse } from "../../src/cli/parse.ts";
import { resultName } from "../../src/event/verdict.ts";
import type { CommPattern, Network, PortRange, Selection } from "../../src/kernel/filters.ts";
import { traceAll, type TraceSpec } from "../../src/kernel/spec.ts";
import { help, usage } from "../../src/cli/help.ts";

type Item = number | string;

/** A selection as a list. */
function items<T>({ values, except }: Selection<T>, show: (value: T) => Item): Item[] {
  return [...(except ? ["!"] : []), ...values.map(show)];
}

const number = (value: number) => value;
const pattern = ({ name, part }: CommPattern) =>
  `${part === "end" ? "*" : ""}${name}${part === "begin" ? "*" : ""}`;
const cidr = ({ address, bits }: Network) => `${address.join(".")}/${bits}`;
const range = ({ from, to }: PortRange) => from === to ? from : `${from}-${to}`;

/** What a command line asks for, whichever room is told of it. */
interface Meaning {
  verbose: boolean;
  timestamp: boolean;
  count: boolean;
  printUid: boolean;
  sourcePort: boolean;
  result: boolean;
  results: readonly Item[];
  minLatency: bigint;
  family: 0 | 4 | 6;
  /** As lists; `!` comes first where all others pass. A range of one port is that port. */
  pids: readonly Item[];
  uids: readonly Item[];
  comms: readonly Item[];
  ports: readonly Item[];
  sourcePorts: readonly Item[];
  destinations: readonly Item[];
  sources: readonly Item[];
  attach: string;
  btf: string | undefined;
  bufferPages: number | undefined;
  maxRows: number;
  duration: number;
}

const defaults: Meaning = {
  verbose: false,
  timestamp: false,
  count: false,
  printUid: false,
  sourcePort: false,
  result: false,
  results: [],
  minLatency: 0n,
  pids: [],
  uids: [],
  comms: [],
  ports: [],
  sourcePorts: [],
  destinations: [],
  sources: [],
  family: 0,
  attach: "auto",
  btf: undefined,
  bufferPages: undefined,
  maxRows: Infinity,
  duration: Infinity,
};

function options(...args: string[]): Meaning {
  const request = parse(args);
  assert.ok(request.run === "trace");
  const { spec, table, verbose, limits } = request;
  const has = (key: typeof table.columns[number]) => table.columns.includes(key);
  assert.deepEqual([has("result"), has("lat"), table.verdict], Array(3).fill(spec.verdict));
  assert.deepEqual([has("sport"), table.sourcePort], Array(2).fill(spec.flowSport));
  assert.equal(has("uid"), spec.uid);
  return {
    verbose,
    timestamp: has("time"),
    count: spec.count,
    printUid: spec.uid,
    sourcePort: spec.flowSport,
    result: spec.verdict,
    results: items(spec.results, resultName),
    minLatency: spec.minLatency,
    pids: items(spec.pids, number),
    uids: items(spec.uids, number),
    comms: items(spec.comms, pattern),
    ports: items(spec.ports, range),
    sourcePorts: items(spec.sourcePorts, range),
    destinations: items(spec.destinations, cidr),
    sources: items(spec.sources, cidr),
    family: spec.family,
    attach: spec.attach,
    btf: spec.btf,
    bufferPages: spec.bufferPages,
    maxRows: limits.rows,
    duration: limits.duration,
  };
}

/** Command lines, and what they change of the defaults. */
const accepted: [string[], Partial<Meaning>][] = [
  [[], {}],
  [["-v"], { verbose: true }],
  [["--verbose"], { verbose: true }],
  [["-t"], { timestamp: true }],
  [["--timestamp"], { timestamp: true }],
  [["-c"], { count: true }],
  [["--count"], { count: true }],
  [["-U"], { printUid: true }],
  [["--print-uid"], { printUid: true }],
  [["-s"], { sourcePort: true }],
  [["--source-port"], { sourcePort: true }],
  [["-L"], { sourcePort: true }],
  [["--lport"], { sourcePort: true }],
  [["-r"], { result: true }],
  [["--result"], { result: true }],
  [["--failed"], { results: ["!", "ok"], result: true }],
  [["--errno", "!ok"], { results: ["!", "ok"], result: true }],
  [["--errno", "ECONNREFUSED,ok,closed,pending,EHWPOISON"], {
    results: ["ECONNREFUSED", "ok", "closed", "pending", "EHWPOISON"],
    result: true,
  }],
  [["--errno", "!closed", "--failed"], { results: ["!", "closed", "ok"], result: true }],
  [["--failed", "--errno=ok,ETIMEDOUT"], { results: ["ETIMEDOUT"], result: true }],
  [["--min-latency", "0"], { result: true }],
  [["--min-latency", "20"], { minLatency: 20_000_000n, result: true }],
  [["--min-latency=0.25"], { minLatency: 250_000n, result: true }],
  [["--min-latency=0.000001"], { minLatency: 1n, result: true }],
  [["--min-latency=999999999.999999"], { minLatency: 999_999_999_999_999n, result: true }],
  [["-p", "1"], { pids: [1] }],
  [["--pid", "2147483647"], { pids: [2147483647] }],
  [["-u", "0"], { uids: [0] }],
  [["--uid", "4294967294"], { uids: [4294967294] }],
  [["-u", "root"], { uids: [0] }],
  [["-P", "1"], { ports: [1] }],
  [["--port", "65535"], { ports: [65535] }],
  [["-4"], { family: 4 }],
  [["--ipv4"], { family: 4 }],
  [["-6"], { family: 6 }],
  [["--ipv6"], { family: 6 }],
  [["--attach", "auto"], {}],
  [["--attach", "fentry"], { attach: "fentry" }],
  [["--attach=kprobe"], { attach: "kprobe" }],
  [["--attach", "tracepoint"], { attach: "tracepoint" }],
  [["--btf", "/boot/a file.btf"], { btf: "/boot/a file.btf" }],
  [["--buffer-pages", "1"], { bufferPages: 1 }],
  [["--buffer-pages=65536"], { bufferPages: 65536 }],
  // Spellings.
  [["-tU"], { timestamp: true, printUid: true }],
  [["-tUsvr4"], {
    ...{ timestamp: true, printUid: true, sourcePort: true, verbose: true },
    ...{ result: true, family: 4 },
  }],
  [["-crsv6"], { count: true, result: true, sourcePort: true, verbose: true, family: 6 }],
  [["-P80"], { ports: [80] }],
  [["-tP80,443"], { timestamp: true, ports: [80, 443] }],
  [["-tP", "80"], { timestamp: true, ports: [80] }],
  [["--port=80"], { ports: [80] }],
  [["--port=80,443"], { ports: [80, 443] }],
  [["--time"], { timestamp: true }],
  [["--t"], { timestamp: true }],
  [["--po", "80"], { ports: [80] }],
  [["--po=80"], { ports: [80] }],
  [["--min=1"], { minLatency: 1_000_000n, result: true }],
  [["--att=kprobe"], { attach: "kprobe" }],
  [["--pid", "1", "--pi", "2"], { pids: [1, 2] }],
  [["--btf=a=b"], { btf: "a=b" }],
  // Lists.
  [["-p", "3,1,2"], { pids: [3, 1, 2] }],
  [["-p", "1", "-p", "2,3", "--pid=4"], { pids: [1, 2, 3, 4] }],
  [["-P", "80,80", "-P80"], { ports: [80] }],
  [["-u", "root,1", "-u", "0"], { uids: [0, 1] }],
  [["-P", Array.from({ length: 64 }, (_, i) => i + 1).join()], {
    ports: Array.from({ length: 64 }, (_, i) => i + 1),
  }],
  [["-P", [...Array.from({ length: 64 }, (_, i) => i + 1), 64].join()], {
    ports: Array.from({ length: 64 }, (_, i) => i + 1),
  }],
  [["-P", Array.from({ length: 65 }, (_, i) => i + 1).join()], {
    ports: Array.from({ length: 65 }, (_, i) => i + 1),
  }],
  [["-P", "80,443,8000-8999"], { ports: [80, 443, "8000-8999"] }],
  [["-P", "1-65535", "-P", "7-7"], { ports: ["1-65535", 7] }],
  [["-P", "!443"], { ports: ["!", 443] }],
  [["-P", "!80,443", "-P", "!8000-8999"], { ports: ["!", 80, 443, "8000-8999"] }],
  [["-p", "!1,2,1"], { pids: ["!", 1, 2] }],
  [["-u", "!root"], { uids: ["!", 0] }],
  [["--sport", "!1024,32768-60999"], { sourcePorts: ["!", 1024, "32768-60999"] }],
  [["--dst", "10.0.0.0/8,192.0.2.1"], { destinations: ["10.0.0.0/8", "192.0.2.1/32"] }],
  [["--src", "!::ffff:10.0.0.0/104,10.0.0.0/8"], { sources: ["!", "10.0.0.0/8"] }],
  [["--dst=::1"], { destinations: [`${"0.".repeat(15)}1/128`] }],
  [["--dst=loopback"], { destinations: ["127.0.0.0/8", `${"0.".repeat(15)}1/128`] }],
  [["--comm", "nginx*,*-worker,curl"], { comms: ["nginx*", "*-worker", "curl"] }],
  [["--comm", "!a name,curl", "--comm=!curl"], { comms: ["!", "a name", "curl"] }],
  [["--comm", "fifteen-letters,ÄÖÜäöüß*"], { comms: ["fifteen-letters", "ÄÖÜäöüß*"] }],
  // Limits.
  [["-n", "1"], { maxRows: 1 }],
  [["-rn100"], { maxRows: 100, result: true }],
  [["--max-events", "9007199254740991"], { maxRows: 9007199254740991 }],
  ...([["30", 30_000], ["30s", 30_000], ["500ms", 500], ["1.5m", 90_000], [
    "1h",
    3_600_000,
  ]] as const)
    .map(([text, duration]): [string[], Partial<Meaning>] => [["--duration", text], { duration }]),
  [["-c", "--duration=2d"], { count: true, duration: 172_800_000 }],
  [["--dur", "0.25"], { duration: 250 }],
  // Repetition and the end of options.
  [["-t", "-t"], { timestamp: true }],
  [["--attach", "kprobe", "--attach", "fentry"], { attach: "fentry" }],
  [["--"], {}],
  [["-t", "--"], { timestamp: true }],
];

for (const [args, changes] of accepted) {
  test(`parse() takes ${JSON.stringify(args).slice(0, 60)}`, () => {
    assert.deepEqual(options(...args), { ...defaults, ...changes });
  });
}

test("parse() takes the name of a user", () => {
  const users = readFileSync("/etc/passwd", "utf8").trimEnd().split("\n");
  assert.ok(users.length > 1);
  for (const [name, , uid] of users.map((line) => line.split(":"))) {
    assert.deepEqual(options("-u", name!).uids, [Number(uid)]);
  }
});

const byDefault = ["pid", "comm", "ip", "saddr", "daddr", "dport"];

/** Command lines, the columns that they show, and what they ask of the kernel for these. */
const columnLists: [string[], string[], Partial<TraceSpec>][] = [
  [[], byDefault, {}],
  [["-o", "pid"], ["pid"], {}],
  [["-o", "dport,pid,comm"], ["dport", "pid", "comm"], {}],
  [["--output=daddr"], ["daddr"], {}],
  [["-oip,saddr"], ["ip", "saddr"], {}],
  [["-o", "PID,Comm"], ["pid", "comm"], {}],
  [["-o", "+uid"], [...byDefault, "uid"], { uid: true }],
  [["-o", "+pid"], [...byDefault, "pid"], {}],
  [["-o", "pid,pid"], ["pid", "pid"], {}],
  [["-o", "pid", "-o", "comm"], ["comm"], {}],
  [["-o", "pid", "-o", "+tid"], [...byDefault, "tid"], { tid: true }],
  [["-o", "user"], ["user"], { uid: true }],
  [["-o", "tid,user"], ["tid", "user"], { tid: true, uid: true }],
  [["-o", "result"], ["result"], { verdict: true }],
  [["-o", "+lat"], [...byDefault, "lat"], { verdict: true }],
  [["-o", "retrans"], ["retrans"], { verdict: true, tcpInfo: true }],
  [["-r", "-o", "+rtt"], [...byDefault, "result", "lat", "rtt"], { verdict: true, tcpInfo: true }],
  [["-T"], ["wtime", ...byDefault], {}],
  [["-tT"], ["wtime", "time", ...byDefault], {}],
  [["-T", "-o", "+tid"], ["wtime", ...byDefault, "tid"], { tid: true }],
  // A list takes the place of the columns, but not of what -r traces.
  [["-tUsrT", "-o", "pid"], ["pid"], { verdict: true, flowSport: true }],
  [["--failed", "-o", "pid"], ["pid"], { verdict: true, results: { values: [0], except: true } }],
];

for (const [args, keys, asked] of columnLists) {
  test(`parse() takes ${JSON.stringify(args)} for ${keys.join()}`, () => {
    const request = parse(args);
    assert.ok(request.run === "trace");
    assert.deepEqual(request.table.columns, keys);
    assert.equal(request.table.chosen, args.some((arg) => /^-(o|-output)/.test(arg)));
    assert.deepEqual(request.spec, { ...traceAll, ...asked });
  });
}

test("parse() takes --output help for a list of the columns", () => {
  assert.equal(parse(["--output", "help"]).run, "columns");
  assert.equal(parse(["-ohelp"]).run, "columns");
});

for (const help of ["-h", "-?", "--help", "-th", "--hel", "--he"]) {
  test(`parse() takes ${help} for help`, () => {
    assert.deepEqual(parse([help]), { run: "help" });
  });
}

for (const [arg, run] of [["--usage", "usage"], ["-V", "version"], ["--version", "version"]]) {
  test(`parse() takes ${arg} for the ${run}`, () => {
    assert.equal(parse([arg!]).run, run);
  });
}

for (const shell of ["bash", "zsh", "fish"]) {
  test(`parse() takes --completions ${shell}`, () => {
    assert.deepEqual(parse(["--completions", shell]), { run: "completions", shell });
    assert.deepEqual(parse(["-t", `--comp=${shell}`]), { run: "completions", shell });
  });
}

test("parse() gives help before it looks at values", () => {
  assert.equal(parse(["-p", "nonsense", "--help"]).run, "help");
});

test("parse() takes --doctor with options", () => {
  const expected = { run: "doctor", spec: { ...traceAll, attach: "kprobe" }, verbose: false };
  assert.deepEqual(parse(["--doctor", "--attach", "kprobe"]), expected);
});

for (const args of [["-j"], ["-j", "-r"], ["--json", "-U", "-s"], ["-j", "-c"]]) {
  test(`parse() takes ${args.join(" ")} for objects with all that costs nothing`, () => {
    const request = parse(args);
    assert.ok(request.run === "trace" && request.json);
    const { spec, table } = request;
    assert.equal(spec.uid, true);
    assert.equal(spec.verdict, args.includes("-r"));
    const keys = ["uid", "pid", "comm", "ip", "saddr", "daddr", "sport", "dport"] as const;
    for (const key of keys) assert.ok(table.columns.includes(key), key);
    assert.equal(table.columns.includes("result"), args.includes("-r"));
  });
}

test("parse() leaves its argument as it was", () => {
  const args = Object.freeze(["--time", "-P", "80"]);
  parse(args);
  assert.deepEqual(args, ["--time", "-P", "80"]);
});

/** Each option by its long name, with a value where it takes one. */
const longNames: [string, ...string[]][] = [
  ...["verbose", "timestamp", "count", "print-uid", "source-port", "lport", "result"],
  ...["failed", "wall-time", "wide", "json", "doctor", "ipv4", "ipv6", "help", "usage", "version"],
].map((name) => [name]);
const limits = { "max-events": "1", duration: "1s" };
const addresses = { errno: "ok", comm: "a", dst: "::1", src: "private", sport: "1" };
const valued = {
  color: "never",
  completions: "zsh",
  output: "pid",
  pid: "1",
  uid: "1",
  port: "1",
  ...addresses,
  ...limits,
  attach: "auto",
  btf: "/x",
};
longNames.push(...Object.entries({ ...valued, "buffer-pages": "8", "min-latency": "1" }));

for (const [name, text] of Object.entries({ help, usage })) {
  test(`${name} names every option`, () => {
    for (const [option] of longNames) assert.match(text, new RegExp(`--${option}\\b`));
  });

  test(`${name} names no option that parse() does not take`, () => {
    const known = new Map(longNames.map(([option, ...value]) => [`--${option}`, value]));
    const unavailable = ["--cgroupmap", "--mntnsmap"];
    for (const [option] of text.matchAll(/(?<=[\s[/(`])--[a-z][\w-]*/g)) {
      if (unavailable.includes(option)) continue;
      assert.ok(known.has(option), option);
      assert.doesNotThrow(() => parse([option, ...known.get(option)!]), option);
    }
  });
}

test("usage names every letter that parse() takes", () => {
  const letters = /\[-(\S+)\]/.exec(usage)![1]!;
  assert.equal(letters, "46chjLrstTUvVw?");
  for (const letter of letters) assert.doesNotThrow(() => parse([`-${letter}`]), letter);
  for (const letter of "opuP") assert.ok(usage.includes(`[-${letter} `), letter);
});
