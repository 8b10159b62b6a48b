/** What is installed under PREFIX/share, as `make share` leaves it. */

import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { cannot, root } from "../tool.ts";

/** A folder as /usr/share. */
export const share = join(root, "build/share");

/** Makes it. */
export function makeShare(): void {
  // Not what `make test` has put into the environment.
  const without = ["MAKEFLAGS", "MAKELEVEL", "ARCH"].flatMap((name) => ["-u", name]);
  execFileSync("env", [...without, "make", "share"], { cwd: root, stdio: "pipe" });
}

/** Whether a program can be tested with; where it is missing the test is skipped, under CI it fails. */
export function have(t: TestContext, program: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
  if (!found) cannot(t, `no ${program}: sh deps.sh test`);
  return found;
}
