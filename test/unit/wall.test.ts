/** The wall clock of the shim. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import test from "node:test";
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
