import assert from "node:assert/strict";
import test from "node:test";
import { BpfError } from "../../lib/mod.ts";
import { advise } from "../../src/cli/advice.ts";
import { type BackendName, traceAll } from "../../src/kernel/spec.ts";
import { AttachError } from "../../src/kernel/tracer.ts";

/** errno(3) */
const EPERM = 1, ENOMEM = 12, ENFILE = 23, EMFILE = 24;

const refusal = (backend: BackendName, operation: string, errno: number, log = "") => ({
  backend,
  reason: new BpfError(operation, errno, "", log),
});
const noFentry = refusal("fentry", "load fentry program", EPERM);

/** The advice when fentry is denied, and then the last resort fails so. */
const advice = (operation: string, errno: number, log?: string) =>
  advise(new AttachError([noFentry, refusal("tracepoint", operation, errno, log)]), traceAll);

test("advise() tells of open files, whatever another back end failed of", () => {
  assert.match(advice("load object", EMFILE), /^too many open files \(ulimit -n is \d+\): /);
  assert.match(advice("open perf buffer events", EMFILE), /^too many open files \(/);
  assert.match(
    advice("attach x", ENFILE),
    /^too many open files in the whole system: .*fs\.file-max/,
  );
});

test("advise() does not blame open files for an EINVAL where there are enough", () => {
  const EINVAL = 22;
  assert.doesNotMatch(advice("load object", EINVAL), /too many open files/);
});

test("advise() tells what there was no memory for", () => {
  for (const operation of ["new batch", "load object", "open perf buffer events"]) {
    const text = advice(operation, ENOMEM);
    assert.match(text, /^not enough memory: .*ENOMEM.*--buffer-pages$/);
    assert.ok(text.includes(operation));
  }
});
