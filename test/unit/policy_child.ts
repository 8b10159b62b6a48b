/** What libbpf.test.ts runs under a scheduling policy: prints which one neverPreempt() leaves. */

import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { loadShim } from "./runtime.ts";

(await loadShim()).neverPreempt();
const thread = readlinkSync("/proc/thread-self").split("/").at(-1)!;
const said = execFileSync("chrt", ["--pid", thread], { encoding: "utf8" });
console.log(/policy: (\w+)/.exec(said)![1]);
