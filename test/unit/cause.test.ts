/** Errors that are made from others keep them as their cause. */

import assert from "node:assert/strict";
import test from "node:test";
import { BpfError, LoadError } from "../../lib/mod.ts";
import { checkBtf } from "../../src/cli/btf.ts";
import { UsageError } from "../../src/cli/values.ts";
import { AttachError } from "../../src/kernel/tracer.ts";
import { loadShim } from "./runtime.ts";

test("LoadError has what the runtime threw", async () => {
  await assert.rejects(loadShim("/dev/null/shim.so"), (error) => {
    assert.ok(error instanceof LoadError && error.cause instanceof Error);
    return true;
  });
});

test("checkBtf() throws a UsageError that has what the file system threw", () => {
  assert.throws(() => checkBtf("/dev/null/btf"), (error) => {
    assert.ok(error instanceof UsageError);
    assert.equal((error.cause as NodeJS.ErrnoException).code, "ENOTDIR");
    return true;
  });
});

test("AttachError has the last refusal", () => {
  const reasons = [1, 13].map((errno) => new BpfError("load object", errno, "refused"));
  const [fentry, tracepoint] = reasons as [BpfError, BpfError];
  const error = new AttachError([
    { backend: "fentry", reason: fentry },
    { backend: "tracepoint", reason: tracepoint },
  ]);
  assert.equal(error.cause, tracepoint);
});
