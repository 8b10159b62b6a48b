/** The file of `--btf`. */

import { Buffer } from "node:buffer";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { UsageError } from "./values.ts";

/**
 * Checks that a file begins as one that libbpf takes: BTF as it is (BTF_MAGIC, in either byte order),
 * or within an ELF file.
 *
 * @throws {UsageError} If it does not, or cannot be read.
 */
export function checkBtf(path: string): void {
  const magic = Buffer.alloc(4);
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      readSync(fd, magic);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`cannot read --btf '${path}': ${code}`, { cause: error });
  }
  if (!/^(9feb|eb9f|7f454c46)/.test(magic.toString("hex"))) {
    throw new UsageError(`--btf '${path}' is neither BTF nor ELF`);
  }
}
