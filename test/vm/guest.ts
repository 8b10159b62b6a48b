import { Buffer } from "node:buffer";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { closeSync, globSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type GuestFiles, initramfs } from "./initramfs.ts";
import type { Kernel } from "./kernels.ts";
import { type Arch, cache, unpack } from "./packages.ts";

/** What to boot and what to do there. */
export interface Guest {
  kernel: Kernel;
  /** A shell script, run as root by busybox's `sh`; `section NAME [FILE]` reports a file or stdin. */
  script: string;
  /** Files to put there. */
  files?: GuestFiles;
  /** Names of kernel modules to insert before the script. */
  modules?: readonly string[];
  /** More kernel arguments. */
  cmdline?: string;
  /** Number of processors, 1 unless given. */
  cpus?: number;
  /** MiB of memory, 512 unless given. */
  memory?: number;
  /** Milliseconds until the guest is given up, 90 s unless given. */
  timeoutMs?: number;
}

/** What came out of a guest. */
export interface GuestResult {
  /** The script's exit status. */
  status: number;
  /** What the script wrote to stdout and stderr. */
  output: string;
  /** What `section` reported, by name. */
  sections: Record<string, string>;
  /** Seconds from the start of QEMU to that of the script. */
  bootSeconds: number;
  /** Seconds from the start of QEMU to the end of the report. */
  seconds: number;
}

const machines: Record<Arch, { command: string; console: string }> = {
  // QEMU 7.2 leaves garbage in the flags after cmpxchg16b, which kills kernels from 6.12 on.
  // It copies and clears by the byte where the processor claims that to be fast (erms), and walks
  // the fifth level of page tables (la57) at every miss: each start of a tool takes a third longer.
  amd64: { command: "qemu-system-x86_64 -M q35 -cpu max,-cx16,-erms,-la57", console: "ttyS0" },
  // Without pauth-impdef it takes three times as long.
  arm64: { command: "qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on", console: "ttyAMA0" },
};

/** Milliseconds that a guest has for its report after its time is up. */
const graceMs = 15_000;

/**
 * Boots a kernel under QEMU, runs a script in it and returns what came out.
 *
 * A guest that dies, or is not done in time, is an Error that shows what was seen of it last.
 */
export async function runGuest(guest: Guest): Promise<GuestResult> {
  const { kernel, script, files = {}, modules = [], timeoutMs = 90_000 } = guest;
  const tree = fetchKernel(kernel);
  const archive = { arch: kernel.arch, tree, script, files, moduleNames: modules };
  const initrd = unnamedFile(initramfs(archive));
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  const [command, ...args] = qemu(guest, tree);
  const stdio = ["pipe", "pipe", "pipe", initrd] as const;
  const child = spawn(command!, args, { stdio: [...stdio] }) as ChildProcessWithoutNullStreams;
  closeSync(initrd);

  const chunks: Buffer[] = [];
  let recent = "";
  let bootSeconds = NaN;
  const read = (chunk: Buffer) => {
    chunks.push(chunk);
    recent += chunk.toString("latin1");
    if (recent.includes("@@guest start\r\n")) bootSeconds ||= seconds();
    if (/@@guest status \d+\r\n/.test(recent)) child.kill("SIGKILL");
    recent = recent.slice(-80);
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  child.stdin.on("error", () => {}); // it is gone before it was told that its time is up

  let late = false;
  const tell = setTimeout(() => {
    late = true;
    child.stdin.write("\n");
  }, timeoutMs);
  const kill = setTimeout(() => child.kill("SIGKILL"), timeoutMs + graceMs);
  try {
    await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  } finally {
    clearTimeout(tell);
    clearTimeout(kill);
  }

  const report = parse(Buffer.concat(chunks).toString());
  if (late || !report) {
    const what = late ? `not done after ${timeoutMs / 1000} s` : "died";
    const seen = report?.output ?? Buffer.concat(chunks).toString();
    throw new Error(`guest ${kernel.name}: ${what}\n${seen.split("\n").slice(-40).join("\n")}`);
  }
  return { ...report, bootSeconds, seconds: seconds() };
}

/** Runs guests, some side by side, and returns how each one settled, in the order given. */
export async function runGuests(
  guests: readonly Guest[],
  parallel = 2,
): Promise<PromiseSettledResult<GuestResult>[]> {
  // A download would hold up a guest that runs, and its timer.
  for (const { kernel } of guests) fetchKernel(kernel);
  const results: PromiseSettledResult<GuestResult>[] = [];
  const queue = guests.entries();
  const work = async () => {
    for (const [index, guest] of queue) {
      [results[index]] = await Promise.allSettled([runGuest(guest)]);
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return results;
}

function fetchKernel(kernel: Kernel): string {
  return unpack(`kernel-${kernel.name.replace(" ", "-")}`, kernel);
}

function qemu({ kernel, cpus = 1, memory = 512, cmdline = "" }: Guest, tree: string): string[] {
  const { command, console } = machines[kernel.arch];
  const [image] = globSync(["boot/vmlinuz-*", "usr/lib/modules/*/vmlinuz"], { cwd: tree });
  if (!image) throw new Error(`no kernel image in ${tree}`);
  return [
    // QEMU must not outlive the runner, however that dies.
    ..."setpriv --pdeathsig KILL --".split(" "),
    ...command.split(" "),
    // With a thread for each processor it dies now and then in the guest's own code patching.
    ..."-accel tcg,thread=single -nodefaults -display none -no-reboot -serial stdio".split(" "),
    ...["-smp", `${cpus}`, "-m", `${memory}`, "-kernel", join(tree, image)],
    ...["-initrd", "/proc/self/fd/3"],
    ...["-append", `console=${console} panic=-1 oops=panic quiet ${cmdline}`],
  ];
}

/** Returns a descriptor of a file that needs no removal. */
function unnamedFile(data: Uint8Array): number {
  mkdirSync(cache, { recursive: true });
  const path = join(cache, `initramfs-${crypto.randomUUID()}`);
  const descriptor = openSync(path, "wx+");
  rmSync(path);
  for (let done = 0; done < data.length;) done += writeSync(descriptor, data, done);
  return descriptor;
}

/** Reads the report of init.sh; a console that has no end of a report gives undefined. */
function parse(serial: string): Pick<GuestResult, "status" | "output" | "sections"> | undefined {
  // The terminal put one carriage return before each line feed, whatever the content.
  const text = serial.replaceAll("\r\n", "\n");
  const status = /\n@@guest status (\d+)\n/.exec(text);
  if (!status) return undefined;
  const found = text.matchAll(/\n@@guest begin (.*)\n([^]*?)\n@@guest end\n/g);
  const { output = "", ...sections } = Object.fromEntries([...found].map((m) => [m[1], m[2]]));
  return { status: Number(status[1]), output, sections };
}
