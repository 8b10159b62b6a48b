/** The wall clock of the shim. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import test from "node:test";
import { TextBuffer } from "../../src/event/text.ts";
import { localWriter } from "../../src/event/clock.ts";
import { linesC, root } from "./c.ts";
import { loadShim } from "./runtime.ts";

const libbpf = await loadShim();

test("Libbpf.wallClockOffset leads from the monotonic clock to the wall clock, in microseconds", () => {
  for (let i = 0; i < 100; i++) {
    const before = Date.now();
    const wall = (libbpf.monotonic / 1000 + libbpf.wallClockOffset) / 1000;
    const after = Date.now() + 1;
    assert.ok(before <= wall + 0.1 && wall <= after + 0.1, `${before} ${wall} ${after}`);
  }
});

test("shim_wall_clock_offset() is exact to microseconds: many readings agree", () => {
  const offsets = Array.from({ length: 200 }, () => libbpf.wallClockOffset).sort((a, b) => a - b);
  // NTP slews by 500 us a second at most.
  const spread = offsets[180]! - offsets[20]!;
  assert.ok(spread < 50, `${spread} us`);
});

/** TZ, and times: among them the hours before and behind a change of summer time. */
const zones = ["", "UTC", "Europe/Berlin", ":Europe/Berlin", "America/St_Johns", "<+0330>-3:30"];
const times = [0, 1_774_745_999, 1_774_746_000, 1_792_889_999, 1_792_890_000, 1_795_756_875];

test("shim_utc_offset() is that of date(1), before and after a change of summer time", () => {
  const calls = zones.flatMap((zone) =>
    times.map((time) => `
	setenv("TZ", "${zone}", 1);
	printf("%d\\n", shim_utc_offset(${time}.0));`)
  );
  const offsets = linesC(`
#include "${root}lib/shim/zone.c"
int main(void)
{
${calls.join("")}
	return 0;
}`).map(Number);
  const expected = zones.flatMap((TZ) =>
    times.map((time) => {
      const { stdout } = spawnSync("date", ["-d", `@${time}`, "+%z"], {
        env: { ...process.env, TZ },
        encoding: "utf8",
      });
      const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)\n$/.exec(stdout)!;
      return Number(`${sign}1`) * (Number(hours) * 3600 + Number(minutes) * 60);
    })
  );
  assert.deepEqual(offsets, expected);
  assert.ok(new Set(expected.slice(12, 18)).size === 2, "Berlin has summer time");
});

/** Times as they are written. */
function write(local: ReturnType<typeof localWriter>, micros: number): string {
  const text = new TextBuffer();
  local(text, micros);
  return new TextDecoder().decode(text.bytes);
}

test("localWriter() writes what Date does, in UTC", () => {
  const local = localWriter(() => 0);
  for (const micros of [0, 999_999, 1_000_000, 1_795_758_075_123_456, 951_782_400_000_001]) {
    const iso = new Date(Math.floor(micros / 1000)).toISOString();
    const expected = iso.replace("Z", `${micros % 1000}`.padStart(3, "0") + "+00:00");
    assert.equal(write(local, micros), expected);
  }
});

test("localWriter() follows a change of summer time within the second", () => {
  // Europe/Berlin, 2026-10-25T01:00:00Z.
  const change = 1_792_890_000;
  const local = localWriter((when) => when < change ? 7200 : 3600);
  assert.equal(write(local, change * 1e6 - 1), "2026-10-25T02:59:59.999999+02:00");
  assert.equal(write(local, change * 1e6), "2026-10-25T02:00:00.000000+01:00");
  assert.equal(write(local, change * 1e6 - 1), "2026-10-25T02:59:59.999999+02:00");
});

test("localWriter() asks for the zone once for each second", () => {
  let asked = 0;
  const local = localWriter(() => (asked++, 0));
  for (let micros = 0; micros < 3_000_000; micros += 1000) write(local, micros);
  assert.equal(asked, 3);
});

test("localWriter() writes zones on either side of UTC, and of half an hour", () => {
  const zone = (seconds: number) => write(localWriter(() => seconds), 1e12);
  assert.equal(zone(-12600), "1970-01-12T10:16:40.000000-03:30");
  assert.equal(zone(20700), "1970-01-12T19:31:40.000000+05:45");
  assert.equal(zone(-1800), "1970-01-12T13:16:40.000000-00:30");
  // Of a time before there were zones, in whole minutes.
  assert.equal(zone(3208), "1970-01-12T14:39:40.000000+00:53");
});
