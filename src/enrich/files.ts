/**
 * JSON files that others have written: read whole, up to a size, and without a wait. A name may be a
 * trap: a symbolic link to a file of somebody else, a FIFO, a device, or a gigabyte of text.
 */

import { Buffer } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** The largest file that is read, in bytes. */
export const MAX_FILE = 2 << 20;

/** A file that is there, but is not taken; its message says in one line which one, and why. */
export class FileRefused extends Error {}

/** What is read, and from whom. */
export interface StateFile {
  /**
   * A directory, which may be reached through symbolic links, and the names from there to the file.
   * None of these may be a symbolic link.
   */
  readonly path: readonly [directory: string, ...names: string[]];
  /** Who must own the file. */
  readonly uid: number;
}

/** What was read. */
export interface Read {
  /** Changes whenever the file does. */
  readonly version: string;
  /** Absent if the version is the known one. */
  readonly json?: unknown;
}

/**
 * Reads a JSON file.
 *
 * @param known A version that need not be read again.
 * @returns Nothing if there is no such file.
 * @throws {FileRefused} If it is no regular file, is reached through a symbolic link, belongs to
 * somebody else, is larger than {@linkcode MAX_FILE}, is no JSON, or may not be read.
 */
export function readJson({ path, uid }: StateFile, known?: string): Read | undefined {
  let fd = -1;
  try {
    for (const [i, name] of path.entries()) {
      if (i > 0 && !isName(name)) throw new Error("not a file name");
      // Below a descriptor: a directory that was opened cannot be exchanged for a link.
      const at = i === 0 ? name : `/proc/self/fd/${fd}/${name}`;
      const last = i === path.length - 1;
      const flags = (i === 0 ? 0 : O_NOFOLLOW) | (last ? O_NONBLOCK : O_DIRECTORY);
      const next = openSync(at, O_RDONLY | flags);
      if (fd >= 0) closeSync(fd);
      fd = next;
    }
    return readRegular(fd, uid, known);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    const link = code === "ELOOP" || code === "ENOTDIR";
    const why = link ? "a symbolic link, or not a directory" : code ?? message;
    throw new FileRefused(`${path.join("/")}: ${why}`, { cause: error });
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

const isName = (name: string) => /^[^/\0]+$/.test(name) && name !== "." && name !== "..";

function readRegular(fd: number, uid: number, known?: string): Read {
  const stat = fstatSync(fd);
  if (!stat.isFile()) throw new Error("not a regular file");
  if (stat.uid !== uid) throw new Error(`belongs to UID ${stat.uid}, not to ${uid}`);
  if (stat.size > MAX_FILE) throw new Error(`larger than ${MAX_FILE} bytes`);
  const version = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`;
  if (version === known) return { version };
  const bytes = Buffer.allocUnsafe(stat.size);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return { version, json: parse(bytes.toString("utf8", 0, length)) };
}

/** What a parser says of a text may quote it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("not JSON");
  }
}
