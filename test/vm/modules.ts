import { Buffer } from "node:buffer";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Returns kernel modules and what they depend on, uncompressed, in the order to insert them.
 *
 * `tree` is an unpacked kernel package. Built-in ones are left out; an unknown name is an Error.
 */
export function modules(tree: string, names: readonly string[]): Map<string, Uint8Array> {
  if (names.length === 0) return new Map();
  const [dir] = globSync("{usr/,}lib/modules/*", { cwd: tree });
  if (!dir) throw new Error(`no modules in ${tree}`);
  const files = new Map(
    globSync("**/*.ko{,.xz}", { cwd: join(tree, dir) }).map((path) => [plain(path), path]),
  );
  const builtin = join(tree, dir, "modules.builtin");
  const builtins = existsSync(builtin) ? readFileSync(builtin, "utf8").split("\n").map(plain) : [];
  const loaded = new Map<string, Uint8Array>();
  const add = (name: string) => {
    if (loaded.has(name) || builtins.includes(name)) return;
    const path = files.get(name);
    if (!path) throw new Error(`no kernel module ${name} in ${tree}`);
    const data = read(join(tree, dir, path));
    for (const dependency of dependencies(data)) add(dependency);
    loaded.set(name, data);
  };
  for (const name of names) add(plain(name));
  return loaded;
}

/** `drivers/net/some-name.ko.xz` is loaded as `some_name`. */
function plain(path: string): string {
  return basename(path).replace(/\.ko(\.xz)?$/, "").replaceAll("-", "_");
}

function read(path: string): Uint8Array {
  if (!path.endsWith(".xz")) return readFileSync(path);
  return execFileSync("xz", ["-dc", path], { maxBuffer: 1 << 28 });
}

/** Reads the `depends=` line of a module's `.modinfo`. */
function dependencies(data: Uint8Array): string[] {
  const image = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const start = image.indexOf("\0depends=") + "\0depends=".length;
  const list = image.toString("latin1", start, image.indexOf(0, start));
  return list === "" ? [] : list.split(",").map(plain);
}
