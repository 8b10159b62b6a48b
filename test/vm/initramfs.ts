import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { cpio, type CpioEntry, device, directory, file, symlink } from "./cpio.ts";
import { modules } from "./modules.ts";
import { type Arch, unpack } from "./packages.ts";

/** Files for a guest: guest path to host path, whose mode is kept, or to content and mode. */
export type GuestFiles = Readonly<
  Record<string, string | { content: string | Uint8Array; mode: number }>
>;

const layouts: Record<Arch, { libraries: string; loader: string; target: string }> = {
  amd64: {
    libraries: "lib/x86_64-linux-gnu",
    loader: "/lib64/ld-linux-x86-64.so.2",
    target: "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
  },
  arm64: {
    libraries: "lib/aarch64-linux-gnu",
    loader: "/lib/ld-linux-aarch64.so.1",
    target: "/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1",
  },
};

/**
 * Returns an archive for the kernel to start from: busybox, glibc, libelf, `script` and `files`.
 *
 * `tree` is the unpacked kernel package that `moduleNames` come from.
 */
export function initramfs(
  { arch, tree, script, files, moduleNames }: {
    arch: Arch;
    tree: string;
    script: string;
    files: GuestFiles;
    moduleNames: readonly string[];
  },
): Uint8Array {
  return cpio([
    ...base(arch),
    ...[...modules(tree, moduleNames)].map(([name, data], index) =>
      file(`/modules/${String(index).padStart(3, "0")}-${name}.ko`, data)
    ),
    file("/script", script),
    ...Object.entries(files).map(([path, from]) =>
      typeof from === "string"
        ? file(path, readFileSync(from), statSync(from).mode & 0o7777)
        : file(path, from.content, from.mode)
    ),
  ]);
}

function base(arch: Arch): CpioEntry[] {
  const { libraries, loader, target } = layouts[arch];
  const packages = ["busybox-static", "libc6", "libelf1", "zlib1g"];
  const tree = unpack(`base-${arch}`, { arch, suite: "bookworm", packages });
  const shared = [libraries, `usr/${libraries}`].flatMap((dir) =>
    readdirSync(join(tree, dir)).filter((name) => /\.so\.\d+$/.test(name)).map((name) =>
      file(`/${libraries}/${name}`, readFileSync(join(tree, dir, name)), 0o755)
    )
  );
  return [
    ...["/proc", "/sys", "/root", "/sections", "/modules", "/run", "/var"].map((path) =>
      directory(path)
    ),
    directory("/tmp", 0o1777),
    device("/dev/console", 5, 1),
    device("/dev/null", 1, 3),
    file("/bin/busybox", readFileSync(join(tree, "bin/busybox")), 0o755),
    file("/init", readFileSync(join(import.meta.dirname!, "init.sh")), 0o755),
    file("/bin/section", '#!/bin/sh\ncat "${2:--}" >"/sections/$1"\n', 0o755),
    file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    file("/etc/passwd", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"),
    file("/etc/group", "root:x:0:\nnogroup:x:65534:\n"),
    ...shared,
    symlink(loader, target),
  ];
}
