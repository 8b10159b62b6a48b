import assert from "node:assert/strict";
import test from "node:test";
import { batchOf, eventsOf } from "../../src/event/batch.ts";
import { addToFlows, type Flow } from "../../src/event/flow.ts";
import { TextBuffer } from "../../src/event/text.ts";
import { appendFlows } from "../../src/views/flows.ts";
import { assertLines, lines, linesC } from "./c.ts";
import { encode, type Sample } from "./events.ts";
import { Random } from "./random.ts";

function format(flows: Flow[], ...args: string[]): string[] {
  const text = new TextBuffer();
  const has = (option: string) => args.includes(option);
  appendFlows(text, flows, {
    sourcePort: has("-s"),
    verdict: has("-r"),
    wide: has("-w"),
    color: has("color"),
  });
  return lines(text.bytes);
}

const flow = (changes: Partial<Flow> = {}): Flow => ({
  saddr: "10.0.0.1",
  daddr: "10.0.0.2",
  sport: 0,
  dport: 443,
  result: 0,
  count: 1,
  latencySum: 0,
  latencyMax: 0,
  ...changes,
});

/** Flows of all sizes, the busiest first, no two alike in their count. */
function sortedFlows(count: number): Flow[] {
  const random = new Random(count);
  const addresses = ["1.2.3.4", "255.255.255.255", "::1", "2001:db8::1:2:3:4", "fe80::1"];
  addresses.push("2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff");
  let connects = 1e10;
  return Array.from({ length: count }, () =>
    flow({
      saddr: random.pick(addresses),
      daddr: random.pick(addresses),
      sport: random.below(65536),
      dport: random.below(65536),
      count: connects = Math.floor(connects / (1.1 + random.below(10) / 10)),
    }));
}

/** The report of the C tool, by its formats. */
const tool = (sourcePort: boolean) => `
int main(void)
{
	char l[64], r[64];
	unsigned long long count;
	int lport, rport;

	printf("\\n%-25s %-25s", "LADDR", "RADDR");
	if (${Number(sourcePort)})
		printf(" %-20s", "LPORT");
	printf(" %-20s", "RPORT");
	printf(" %-10s", "CONNECTS");
	printf("\\n");
	while (scanf("%63s %63s %d %d %llu", l, r, &lport, &rport, &count) == 5) {
		printf("%-25s %-25s", l, r);
		if (${Number(sourcePort)})
			printf(" %-20d", lport);
		printf(" %-20d", rport);
		printf(" %-10llu", count);
		printf("\\n");
	}
	return 0;
}`;

for (const sourcePort of [false, true]) {
  const title = sourcePort ? "with -s" : "without -s";
  test("appendFlows() has results that are not ok in color, and pads them as without", () => {
    const flows = [flow({ count: 3 }), flow({ result: 111, count: 2 }), flow({ result: -1 })];
    const [plain, colored] = [format(flows, "-r"), format(flows, "-r", "color")];
    assert.deepEqual(colored.slice(0, 3), plain.slice(0, 3));
    assert.ok(colored[3]!.includes(" \x1b[31mECONNREFUSED\x1b[0m 2 "));
    assert.ok(colored[4]!.includes(" \x1b[31mclosed\x1b[0m       1 "));
  });

  test("appendFlows() has room for any address with -w", () => {
    const long = "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff";
    const [, header, ...rows] = format(
      [flow({ saddr: long, daddr: long, count: 2 }), flow()],
      "-w",
    );
    const at = header!.indexOf("RPORT");
    assert.equal(at, 80);
    for (const row of rows) assert.match(row.slice(at - 1), /^ 443 /);
  });

  test(`appendFlows() writes the report of the C tool ${title}`, () => {
    const flows = sortedFlows(20);
    assert.ok(flows.every(({ count }, i) => count > 0 && (i === 0 || count < flows[i - 1]!.count)));
    const input = flows.map((f) => [f.saddr, f.daddr, f.sport, f.dport, f.count].join(" "));
    const expected = linesC(tool(sourcePort), Buffer.from(input.join("\n")));
    assertLines(format(flows, ...sourcePort ? ["-s"] : []), expected);
  });
}

test("appendFlows() writes an empty report as the C tool does", () => {
  assertLines(format([]), linesC(tool(false)));
});

test("appendFlows() puts the busiest flow first and leaves its argument in order", () => {
  const flows = [3, 10, 9, 100, 1].map((count) => flow({ count, dport: count }));
  const counts = format(flows).slice(2).map((line) => Number(line.trimEnd().split(/ +/).at(-1)));
  assert.deepEqual(counts, [100, 10, 9, 3, 1]);
  assert.deepEqual(flows.map(({ count }) => count), [3, 10, 9, 100, 1]);
});

test("appendFlows() shows result, average and greatest latency with -r", () => {
  const flows = [
    flow({ count: 4, latencySum: 10_000_000, latencyMax: 7_100_000 }),
    flow({ count: 2, result: 111, latencySum: 130_000, latencyMax: 100_000 }),
    flow({ count: 1, result: -1, latencySum: 1_234_567_890, latencyMax: 1_234_567_890 }),
    flow({ count: 1, result: -2 }),
  ];
  assert.deepEqual(format(flows, "-r").map((line) => line.slice(52)), [
    "",
    "RPORT                RESULT       CONNECTS   AVG(ms)    MAX(ms)",
    "443                  ok           4          2.50       7.10",
    "443                  ECONNREFUSED 2          0.07       0.10",
    "443                  closed       1          1234.57    1234.57",
    "443                  pending      1          0.00       0.00",
  ]);
});

test("appendFlows() puts LPORT before RPORT with -s and -r", () => {
  const [, header, row] = format([flow({ sport: 50000 })], "-s", "-r");
  assert.match(
    header!,
    /^LADDR +RADDR +LPORT {16}RPORT {16}RESULT +CONNECTS +AVG\(ms\) +MAX\(ms\)$/,
  );
  assert.match(row!, /^10\.0\.0\.1 +10\.0\.0\.2 +50000 {16}443 {18}ok +1 +0\.00 +0\.00$/);
});

function counted(samples: readonly Sample[], sourcePort: boolean): Flow[] {
  return addToFlows([], eventsOf(batchOf(encode(samples).buffer)), sourcePort);
}

const attempt: Sample = { daddr: [10, 0, 0, 2], saddr: [10, 0, 0, 1], dport: 443, latency: 5 };

test("addToFlows() adds up what agrees in all that the report shows", () => {
  const flows = counted([
    { ...attempt, sport: 1, pid: 1 },
    { ...attempt, sport: 2, latency: 9, pid: 2 },
    { ...attempt, sport: 3, latency: 7 },
  ], false);
  assert.deepEqual(flows, [flow({ count: 3, latencySum: 21, latencyMax: 9 })]);
});

test("addToFlows() tells flows apart by source port where it is shown", () => {
  const samples = [{ ...attempt, sport: 1 }, { ...attempt, sport: 2 }, { ...attempt, sport: 1 }];
  assert.deepEqual(counted(samples, true), [
    flow({ sport: 1, count: 2, latencySum: 10, latencyMax: 5 }),
    flow({ sport: 2, latencySum: 5, latencyMax: 5 }),
  ]);
});

test("addToFlows() tells flows apart by address, port and result", () => {
  const differences: Sample[] = [
    {},
    { saddr: [10, 0, 0, 9] },
    { daddr: [10, 0, 0, 9] },
    { dport: 80 },
    { result: 111 },
    { result: -2 },
    { family: 6 },
  ];
  const flows = counted(differences.map((difference) => ({ ...attempt, ...difference })), false);
  assert.equal(flows.length, differences.length);
  assert.deepEqual(flows.map(({ result }) => result), [0, 0, 0, 0, 111, -2, 0]);
  assert.deepEqual(
    flows[6],
    flow({
      ...{ saddr: "a00:1::", daddr: "a00:2::", latencySum: 5, latencyMax: 5 },
    }),
  );
});

test("addToFlows() counts only the events that it is told of", () => {
  const batch = batchOf(encode([attempt, attempt, attempt]).buffer);
  assert.equal(addToFlows([], eventsOf({ ...batch, count: 2 }), false)[0]!.count, 2);
  assert.deepEqual(addToFlows([], eventsOf({ ...batch, count: 0 }), false), []);
});

test("addToFlows() adds to the flow that was counted before, if there is one", () => {
  const before = [flow({ count: 7, latencySum: 30, latencyMax: 20 }), flow({ dport: 80 })];
  const batch = batchOf(encode([attempt, { ...attempt, dport: 22 }]).buffer);
  assert.deepEqual(addToFlows(before, eventsOf(batch), false), [
    flow({ count: 8, latencySum: 35, latencyMax: 20 }),
    flow({ dport: 80 }),
    flow({ dport: 22, latencySum: 5, latencyMax: 5 }),
  ]);
});
