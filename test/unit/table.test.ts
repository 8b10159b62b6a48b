import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "../../src/cli/parse.ts";
import { batchOf, eventsOf } from "../../src/event/batch.ts";
import { Table } from "../../src/views/table.ts";
import { TextBuffer } from "../../src/event/text.ts";
import { assertLines, lines, linesC } from "./c.ts";
import { ascii, encode, randomSamples, type Sample } from "./events.ts";
import { sources } from "./sources.ts";

/** What our table writes: the header and a row for each event. */
function table(args: string[], events: Uint8Array<ArrayBuffer>): string[] {
  const request = parse(args);
  assert.ok(request.run === "trace");
  const text = new TextBuffer();
  const table = new Table(text, { ...request.table, color: false }, sources);
  table.header();
  for (const event of eventsOf(batchOf(events.buffer))) table.row(event);
  return lines(text.bytes);
}

/** The rows of the C tool, by its formats; a UID is unsigned and a time may be negative. */
const tool = (args: string[]) => {
  const has = (option: string) => Number(args.includes(option));
  return `
#define T ${has("-t")}
#define U ${has("-U")}
#define S ${has("-s")}
#define R ${has("-r")}

/* As "%-*s", which leaves no space behind a text that fills its column: there alone we differ. */
static void tight(int width, const char *text)
{
	printf("%-*s%s", width, text, (int)strlen(text) >= width ? " " : "");
}

int main(void)
{
	char cell[32], s[INET6_ADDRSTRLEN], d[INET6_ADDRSTRLEN];
	int64_t start = -1, micros;
	struct event e;

	if (T)
		printf("%-9s", "TIME(s)");
	if (U)
		printf("%-6s", "UID");
	printf("%-6s %-16s %-2s %-16s %-16s", "PID", "COMM", "IP", "SADDR", "DADDR");
	if (S)
		printf(" %-5s", "SPORT");
	printf(" %-5s", "DPORT");
	if (R)
		printf(" %-12s %s", "RESULT", "LAT(ms)");
	printf("\\n");
	while (fread(&e, sizeof(e), 1, stdin)) {
		micros = (e.time - e.latency) / 1000;
		if (start < 0)
			start = micros;
		if (T)
			snprintf(cell, sizeof(cell), "%.3f", (micros - start) / 1000000.0), tight(9, cell);
		if (U)
			snprintf(cell, sizeof(cell), "%u", e.uid), tight(6, cell);
		inet_ntop(e.family == 4 ? AF_INET : AF_INET6, e.saddr, s, sizeof(s));
		inet_ntop(e.family == 4 ? AF_INET : AF_INET6, e.daddr, d, sizeof(d));
		printf("%-6d %-16.16s %-2d %-16s %-16s", e.pid, e.comm, e.family, s, d);
		if (S)
			printf(" %-5d", e.sport);
		printf(" %-5d", e.dport);
		if (R)
			printf(" %-12s %.2f", e.result ? "ECONNREFUSED" : "ok", e.latency / 1000000.0);
		printf("\\n");
	}
	return 0;
}`;
};

function compare(args: string[], samples: readonly Sample[]): void {
  const events = encode(samples);
  const expected = linesC(tool(args), events);
  assert.equal(expected.length, samples.length + 1);
  assertLines(table(args, events), expected);
}

/** All subsets of the options that add columns. */
const combinations = Array.from(
  { length: 8 },
  (_, bits) => ["-t", "-U", "-s"].filter((_, i) => bits >> i & 1),
);

for (const args of combinations) {
  const title = args.length > 0 ? args.join(" ") : "no option";
  test(`row() and header() write the lines of the C tool with ${title}`, () => {
    compare(args, randomSamples(150, args.length));
  });
}

test("row() writes a name that fills its sixteen bytes", () => {
  compare([], [{ comm: ascii("0123456789abcdef"), pid: 1234567 }]);
});

test("row() lets a long IPv6 address push the columns behind it", () => {
  const long = Array.from({ length: 16 }, (_, i) => 0xa0 + i);
  compare(["-s"], [{ family: 6, saddr: long, daddr: long }]);
});

test("row() writes a UID without a sign", () => {
  const rows = table(["-U"], encode([{ uid: 4294967294 }]));
  assert.match(rows[1]!, /^4294967294 4711 /);
});

/** Events at times after the first, in microseconds. */
const at = (micros: readonly number[]): Sample[] =>
  [0, ...micros].map((after) => ({ time: 1e15 + after * 1000 }));

test("row() rounds times that are exact ties as printf(3) does", () => {
  // Multiples of 62500 us and other odd multiples of 500 us, of which most are no ties in binary.
  const sixteenths = Array.from({ length: 64 }, (_, i) => (i + 1) * 62500);
  const halves = Array.from({ length: 4000 }, (_, i) => i * 1000 + 500);
  compare(["-t"], at([...sixteenths, ...halves]));
});

test("row() rounds ties of long traces as printf(3) does", () => {
  const hours = Array.from({ length: 500 }, (_, i) => i * 123_456_789_000 % 4e12 + 500);
  const days = Array.from({ length: 500 }, (_, i) => 1e12 + i * 62500);
  compare(["-t"], at([...hours, ...days]));
});

test("row() cuts what is below a microsecond before it subtracts", () => {
  const samples = [{ time: 1e15 + 999 }, { time: 1e15 + 500_000 }, { time: 1e15 + 1_499_999 }];
  compare(["-t"], samples);
});

test("row() writes the time of an event before the first one as negative", () => {
  const ties = Array.from({ length: 100 }, (_, i) => -i * 62500 - 62500);
  const halves = Array.from({ length: 1000 }, (_, i) => -i * 1000 - 500);
  compare(["-t"], at([-1000, -123_456, -1e9, ...ties, ...halves]));
});

test("row() writes a time that rounds to zero without a sign", () => {
  const rows = table(["-t"], encode(at([-499, -1])));
  for (const row of rows.slice(1)) assert.match(row, /^0\.000 {4}4711 /);
});

test("row() shows when an attempt began, not when it ended", () => {
  const samples = [{ time: 1e15 }, { time: 1e15 + 5e9, latency: 4e9 }];
  compare(["-t"], samples);
  assert.match(table(["-t"], encode(samples))[2]!, /^1\.000 /);
});

test("header() and row() show the result and the latency with -r", () => {
  const events = encode([{ latency: 80_000 }, { latency: 1_234_560_000, result: 111 }]);
  const rows = table(["-r"], events).map((row) => row.slice(61));
  assert.deepEqual(rows, [
    "DPORT RESULT       LAT(ms)",
    "80    ok           0.08",
    "80    ECONNREFUSED 1234.56",
  ]);
  compare(["-r"], [{ latency: 80_000 }, { latency: 1_234_560_000, result: 111 }]);
});

test("row() lets a long result push the latency", () => {
  const rows = table(["-r"], encode([{ latency: 10_000, result: 94 }]));
  assert.ok(rows[1]!.endsWith(" 80    ESOCKTNOSUPPORT 0.01"), rows[1]!);
});

test("row() rounds latencies as printf(3) does", () => {
  const latencies = Array.from({ length: 500 }, (_, i) => i * 7_919 + (i * i * 104_729) % 1e9);
  compare(["-r", "-U", "-s"], latencies.map((latency) => ({ latency })));
});

test("row() rounds latencies half up", () => {
  const rows = table(
    ["-r"],
    encode([{ latency: 14_999 }, { latency: 15_000 }, { latency: 125_000 }]),
  );
  assert.deepEqual(rows.slice(-3).map((row) => row.split(/ +/).at(-1)), ["0.01", "0.02", "0.13"]);
});
