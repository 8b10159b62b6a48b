import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { BpfError, DisposedError, errnoName } from "../../lib/mod.ts";
import { result } from "../../src/event/layout.gen.ts";
import { resultName, resultOf } from "../../src/event/verdict.ts";
import { compiler } from "./c.ts";

/** The names and numbers of C's errno.h; not the second names, such as EWOULDBLOCK. */
function errnos(): Map<number, string> {
  const input = "#include <errno.h>\n";
  const flags = ["-E", "-dM", "-x", "c", "-"];
  const { stdout } = spawnSync(compiler(), flags, { input, encoding: "utf8" });
  const defines = stdout.matchAll(/^#define (E[A-Z0-9]+)\s+(\d+)$/gm);
  return new Map([...defines].map(([, name, number]) => [Number(number), name!]));
}

test("errnoName() has the name of every errno of C, and no other", () => {
  const names = errnos();
  assert.ok(names.size > 120, `${names.size} errnos found`);
  names.set(524, "ENOTSUPP"); // the kernel's own
  for (let errno = 1; errno < 4096; errno++) {
    assert.equal(errnoName(errno), names.get(errno) ?? String(errno));
  }
});

test("errnoName() returns the number where there is no name", () => {
  const unnamed = [0, 41, 58, 134].map((errno) => errnoName(errno));
  assert.deepEqual(unnamed, ["0", "41", "58", "134"]);
});

test("resultName() names what an attempt ended with", () => {
  assert.equal(resultName(result.RESULT_OK), "ok");
  assert.equal(resultName(result.RESULT_CLOSED), "closed");
  assert.equal(resultName(result.RESULT_PENDING), "pending");
});

test("resultName() calls an attempt pending whose call has not returned", () => {
  assert.equal(resultName(result.RESULT_CALLING), "pending");
  assert.equal(resultName(result.RESULT_REFUSED), "pending");
});

test("resultName() names a failure by its errno", () => {
  for (const [errno, name] of errnos()) assert.equal(resultName(errno), name);
});

test("BpfError is a chain of operation, errno and words", () => {
  const error = new BpfError("attach fexit_v4", 1, "operation not permitted", "the log");
  assert.equal(error.message, "attach fexit_v4: EPERM: operation not permitted");
  assert.equal(error.name, "BpfError");
  assert.deepEqual(
    [error.operation, error.errno, error.code, error.log],
    ["attach fexit_v4", 1, "EPERM", "the log"],
  );
  assert.ok(error instanceof Error);
  assert.equal(new BpfError("x", 4000, "y").message, "x: 4000: y");
  assert.equal(new BpfError("x", 4000, "y").log, "");
});

test("DisposedError names what is disposed", () => {
  const error = new DisposedError("the skeleton");
  assert.equal(`${error}`, "DisposedError: the skeleton is disposed");
});

test("resultOf() finds what resultName() names, and no number", () => {
  for (const code of [result.RESULT_OK, result.RESULT_CLOSED, result.RESULT_PENDING, 524]) {
    assert.equal(resultOf(resultName(code)), code);
  }
  for (const [number, name] of errnos()) assert.equal(resultOf(name), number);
  for (const name of ["111", "0", "-1", "", "EWRONG"]) assert.equal(resultOf(name), undefined);
});
