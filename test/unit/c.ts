/** Expected values from C: what a small C program prints, compiled when the test runs. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url).href);

const includes = `\
#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tcpconnect.h"
`;

let found: string | undefined;

/** The C compiler. The project cannot be built without one, so that none is a failure. */
export function compiler(): string {
  found ??= ["cc", "clang", "gcc"].find((name) => spawnSync(name, ["--version"]).status === 0);
  assert.ok(found, "no C compiler: neither cc, clang nor gcc");
  return found;
}

/** Calls back with a new directory under the system's temporary one, and removes it. */
export function withTemporary<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "tcpconnect-unit-"));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Compiles a program and runs it. It has the standard headers and bpf/tcpconnect.h.
 *
 * @param input Its standard input.
 * @returns Its standard output.
 */
export function runC(source: string, input: Uint8Array = new Uint8Array(0)): Uint8Array {
  return withTemporary((directory) => {
    const program = join(directory, "program");
    const flags = ["-Wall", "-Werror", `-I${root}bpf`, "-x", "c", "-", "-o", program];
    const compiled = spawnSync(compiler(), flags, { input: includes + source, encoding: "utf8" });
    assert.equal(compiled.status, 0, compiled.stderr);
    // Not through a pipe: Deno would wait for all input to be taken before it reads any output.
    const inputFile = join(directory, "input");
    writeFileSync(inputFile, input);
    const command = ["-c", 'exec "$0" <"$1"', program, inputFile];
    const run = spawnSync("sh", command, { maxBuffer: 1 << 28 });
    assert.equal(run.status, 0, `${source}\nended with ${run.status ?? run.signal}`);
    return new Uint8Array(run.stdout);
  });
}

/** As {@linkcode runC}, as lines of bytes in ISO 8859-1, so that any byte can be compared. */
export function linesC(source: string, input?: Uint8Array): string[] {
  return lines(runC(source, input));
}

/** Bytes as text in which each byte is one character. */
export const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** The lines of bytes that end with a newline. */
export function lines(bytes: Uint8Array): string[] {
  const all = latin1(bytes).split("\n");
  assert.equal(all.pop(), "", "the last line does not end");
  return all;
}

/** Asserts that lines are the same, and shows the first that is not. */
export function assertLines(actual: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, i) => actual[i] !== line);
  if (at >= 0) assert.equal(actual[at], expected[at], `line ${at + 1} of ${expected.length}`);
  assert.equal(actual.length, expected.length);
}
