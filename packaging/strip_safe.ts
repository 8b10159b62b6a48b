/**
 * Lets an executable of `bun build --compile` survive strip(1): `strip_safe.ts FILE` changes FILE.
 *
 * At its start Bun reads a pointer to the program that it carries. The pointer lies in memory behind
 * the last section before it, where bun's own, empty `.bun` section was; `bun build` gives that
 * section header to the program itself. GNU strip and eu-strip write zeros where no section is. Bun
 * then finds no program, and is a plain Bun. So the section before the pointer is made to cover it.
 *
 * Only that size, 8 bytes of a section header, changes. The kernel reads no section headers.
 *
 * @module
 */

import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import process from "node:process";

// elf(5), little-endian: offsets in Elf64_Ehdr and Elf64_Shdr
const E_SHOFF = 0x28;
const E_SHENTSIZE = 0x3a;
const E_SHNUM = 0x3c;
const E_SHSTRNDX = 0x3e;
const SHT_PROGBITS = 1;

/** A section header of a 64-bit ELF file. */
export interface Section {
  name: string;
  type: number;
  /** Where it is mapped. */
  address: bigint;
  /** Where its bytes lie in the file. */
  offset: number;
  size: number;
  /** Where the field with its size lies in the file. */
  sizeField: number;
}

/** Reads the section headers of an open file. */
export function sections(fd: number): Section[] {
  const header = bytes(fd, 0, 64);
  if (header.readUInt32BE(0) !== 0x7f454c46) throw new Error("not an ELF file");
  const entry = header.readUInt16LE(E_SHENTSIZE);
  const start = Number(header.readBigUInt64LE(E_SHOFF));
  const table = bytes(fd, start, entry * header.readUInt16LE(E_SHNUM));
  const found = Array.from({ length: table.length / entry }, (_, i) => {
    const at = i * entry;
    return {
      name: table.readUInt32LE(at),
      type: table.readUInt32LE(at + 4),
      address: table.readBigUInt64LE(at + 0x10),
      offset: Number(table.readBigUInt64LE(at + 0x18)),
      size: Number(table.readBigUInt64LE(at + 0x20)),
      sizeField: start + at + 0x20,
    };
  });
  const { offset, size } = found[header.readUInt16LE(E_SHSTRNDX)]!;
  const names = bytes(fd, offset, size);
  return found.map(({ name, ...rest }) => ({
    name: names.toString("latin1", name, names.indexOf(0, name)),
    ...rest,
  }));
}

/**
 * Returns the section that the pointer to the program follows or belongs to, and whether it covers
 * the pointer.
 *
 * @throws if there is no such section: the file is not Bun's, or Bun's layout is another one now
 */
export function pointer(fd: number): { section: Section; offset: number; covered: boolean } {
  const all = sections(fd);
  const program = all.find(({ name }) => name === ".bun");
  if (!program) throw new Error("no section .bun: not an executable of `bun build --compile`");
  const pointsAt = (offset: number) => bytes(fd, offset, 8).readBigUInt64LE(0) === program.address;
  for (const section of all.filter(({ type, size }) => type === SHT_PROGBITS && size >= 8)) {
    const end = section.offset + section.size;
    if (section === program || end + 8 > fstatSync(fd).size) continue;
    if (pointsAt(end - 8)) return { section, offset: end - 8, covered: true };
    const taken = all.some(({ type, offset, size }) =>
      type === SHT_PROGBITS && offset < end + 8 && end < offset + size
    );
    if (!taken && pointsAt(end)) return { section, offset: end, covered: false };
  }
  throw new Error("no pointer to the program behind a section: strip would make it a plain Bun");
}

/** Makes an executable of `bun build --compile` one that strip does not destroy. */
export function makeStripSafe(path: string): void {
  const fd = openSync(path, "r+");
  try {
    const { section, covered } = pointer(fd);
    if (covered) return;
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(section.size + 8));
    writeSync(fd, size, 0, 8, section.sizeField);
  } finally {
    closeSync(fd);
  }
}

function bytes(fd: number, offset: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  if (readSync(fd, buffer, 0, length, offset) !== length) throw new Error("truncated ELF file");
  return buffer;
}

if (import.meta.main) {
  const [, , path] = process.argv;
  if (!path) throw new Error("usage: strip_safe.ts FILE");
  try {
    makeStripSafe(path);
  } catch (error) {
    console.error(`${path}: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
