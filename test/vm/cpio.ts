import { Buffer } from "node:buffer";

/** One member of a cpio archive. */
export interface CpioEntry {
  /** Absolute path. */
  path: string;
  /** Type and permission bits, as in `st_mode`. */
  mode: number;
  /** A file's content, or a symbolic link's target. */
  data?: Uint8Array;
  /** A device's major and minor number. */
  device?: readonly [number, number];
}

/** Returns a regular file with its permission bits. */
export function file(path: string, data: string | Uint8Array, mode = 0o644): CpioEntry {
  return { path, mode: 0o100000 | mode, data: typeof data === "string" ? Buffer.from(data) : data };
}

/** Returns a directory. */
export function directory(path: string, mode = 0o755): CpioEntry {
  return { path, mode: 0o040000 | mode };
}

/** Returns a symbolic link. */
export function symlink(path: string, target: string): CpioEntry {
  return { path, mode: 0o120777, data: Buffer.from(target) };
}

/** Returns a character device. */
export function device(path: string, major: number, minor: number): CpioEntry {
  return { path, mode: 0o020600, device: [major, minor] };
}

/** Returns an archive in the "newc" format, the parent directories of its members included. */
export function cpio(entries: Iterable<CpioEntry>): Uint8Array {
  const members = new Map<string, CpioEntry>();
  for (const entry of entries) {
    for (let end = entry.path.indexOf("/", 1); end > 0; end = entry.path.indexOf("/", end + 1)) {
      const parent = entry.path.slice(0, end);
      if (!members.has(parent)) members.set(parent, directory(parent));
    }
    members.set(entry.path, entry);
  }
  const parts = [...members.values()].flatMap(member);
  return Buffer.concat([...parts, ...member({ path: "/TRAILER!!!", mode: 0 }, 0)]);
}

function member(entry: CpioEntry, index: number): Uint8Array[] {
  const name = Buffer.from(entry.path.slice(1) + "\0");
  const data = entry.data ?? new Uint8Array();
  const [major, minor] = entry.device ?? [0, 0];
  const isDirectory = (entry.mode & 0o170000) === 0o040000;
  // inode, mode, uid, gid, links, mtime, size, device, special device, name size, checksum
  const fields = [index + 1, entry.mode, 0, 0, isDirectory ? 2 : 1, 0, data.length, 0, 0];
  const header = [...fields, major, minor, name.length, 0];
  const hex = header.map((value) => value.toString(16).padStart(8, "0")).join("");
  const head = Buffer.concat([Buffer.from("070701" + hex), name]);
  return [head, padding(head.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array(-length & 3);
}
