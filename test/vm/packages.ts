/**
 * Debian packages of other suites and architectures, unpacked under build/vm, never installed.
 *
 * `packages.ts sysroot ARCH` unpacks what a build for amd64 or arm64 elsewhere needs, and prints the
 * directory.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

/** A Debian architecture that guests run on. */
export type Arch = "amd64" | "arm64";

/** Packages of one suite and architecture that are unpacked into one directory. */
export interface PackageSet {
  arch: Arch;
  suite: string;
  /** Names; `*` stands for anything, and the newest of the packages that match is taken. */
  packages: readonly string[];
}

/** The directory that everything fetched is kept in. */
export const cache = resolve(import.meta.dirname!, "../../build/vm");

/** What a build for another architecture links against. */
const buildPackages = [
  ..."libbpf-dev libelf-dev zlib1g-dev libc6-dev linux-libc-dev libgcc-12-dev".split(" "),
  ..."libc6 libbpf1 libelf1 zlib1g libgcc-s1".split(" "),
];

const suites = ["bullseye", "bookworm", "bookworm-backports", "trixie-backports"];
/** The keys that Debian signs its suites with. */
export const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
const root = join(cache, "apt");
let updated = false;

/**
 * Returns the directory `build/vm/<name>` with the packages of a set, fetched unless they are there.
 *
 * The directory appears only when it is whole.
 */
export function unpack(name: string, set: PackageSet): string {
  const dir = join(cache, name);
  const stamp = JSON.stringify(set);
  if (
    existsSync(join(dir, ".packages")) && readFileSync(join(dir, ".packages"), "utf8") === stamp
  ) {
    return dir;
  }
  update();
  const temporary = mkdtempSync(join(cache, "unpack-"));
  try {
    const names = set.packages.map((pattern) => `${newest(pattern)}:${set.arch}/${set.suite}`);
    apt(temporary, "apt-get", "-qq", "download", ...names);
    const files = readdirSync(temporary).map((file) => join(temporary, file));
    const tree = join(temporary, "tree");
    mkdirSync(tree);
    for (const file of files) execFileSync("dpkg-deb", ["-x", file, tree]);
    writeFileSync(join(tree, ".packages"), stamp);
    rmSync(dir, { recursive: true, force: true });
    renameSync(tree, dir);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return dir;
}

/** Returns the directory of the headers and libraries for a build for another architecture. */
function sysroot(arch: Arch): string {
  return unpack(`sysroot-${arch}`, { arch, suite: "bookworm", packages: buildPackages });
}

/** Returns the path of the C tool of that name, built for the libraries in a guest. */
export function libbpfTool(name: string, arch: Arch = "amd64"): string {
  const set = { arch, suite: "bookworm", packages: ["libbpf-tools"] };
  return join(unpack(`libbpf-tools-${arch}`, set), "usr/sbin", name);
}

/** Brings up a package index of its own, from the archive that the machine itself uses. */
function update(): void {
  if (updated) return;
  const config = ["etc/apt/apt.conf.d", "etc/apt/preferences.d"];
  for (const dir of [...config, "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"]) {
    mkdirSync(join(root, dir), { recursive: true });
  }
  const lines = [
    `Dir "${root}";`,
    `Dir::State::status "${root}/status";`,
    'APT::Architectures { "amd64"; "arm64"; };',
    'APT::Sandbox::User "root";',
    // The machine's proxies and the like, but none of its hooks.
    ...text("apt-config", "dump").split("\n").filter((line) =>
      /^Acquire::/.test(line) && !line.startsWith("Acquire::IndexTargets")
    ),
  ];
  const source = `deb [signed-by=${keyring}] ${archive()}`;
  writeFileSync(join(root, "apt.conf"), lines.join("\n") + "\n");
  writeFileSync(join(root, "status"), "");
  writeFileSync(
    join(root, "etc/apt/sources.list"),
    suites.map((suite) => `${source} ${suite} main\n`).join(""),
  );
  apt(root, "apt-get", "-qq", "update");
  updated = true;
}

/** Returns the address of the distribution's main archive in the machine's own apt sources. */
export function archive(): string {
  const targets = text(
    "apt-get",
    "indextargets",
    "--format",
    "$(LABEL) $(REPO_URI)",
    "Created-By: Packages",
  );
  const found = /^Debian (\S+)$/m.exec(targets);
  if (!found) throw new Error("no Debian archive in the apt sources: run `apt-get update` first");
  return found[1]!;
}

function newest(pattern: string): string {
  const [prefix, ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern;
  const escape = (part: string) => part.replace(/[.+]/g, "\\$&");
  const whole = new RegExp(`^${pattern.split("*").map(escape).join(".*")}$`);
  const names = apt(root, "apt-cache", "pkgnames", prefix!).split("\n").filter((name) =>
    whole.test(name)
  );
  const collator = new Intl.Collator("en", { numeric: true });
  const last = names.sort(collator.compare).at(-1);
  if (!last) throw new Error(`no package matches ${pattern}`);
  return last;
}

/** Runs an apt tool on the private index; `flock` since two builds may want it at once. */
function apt(cwd: string, ...command: string[]): string {
  return execFileSync("flock", [join(root, "lock"), ...command], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, APT_CONFIG: join(root, "apt.conf") },
    maxBuffer: 1 << 26,
  });
}

function text(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
}

if (import.meta.main) {
  const [, , command, arch] = process.argv;
  if (command !== "sysroot" || (arch !== "amd64" && arch !== "arm64")) {
    throw new Error("usage: packages.ts sysroot amd64|arm64");
  }
  console.log(sysroot(arch));
}
