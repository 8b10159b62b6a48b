import assert from "node:assert/strict";
import test from "node:test";
import { uidOf, UsageError } from "../../src/cli/values.ts";

const passwd = (uid: string) => `root:x:0:0:root:/root:/bin/sh\nanna:x:${uid}:5::/:/bin/sh\n`;

test("uidOf() takes a user's UID, whatever stands before its line", () => {
  assert.equal(uidOf("anna", passwd("0")), 0);
  assert.equal(uidOf("anna", passwd("4294967294")), 4294967294);
  assert.equal(uidOf("anna", passwd("1000") + "anna:x:7:7::/:/bin/sh\n"), 1000);
});

for (const uid of ["", "x", "-1", "+1", " 1", "1 ", "1e3", "0x10", "1.0", "4294967295", "1\r"]) {
  test(`uidOf() refuses a line whose UID is ${JSON.stringify(uid)}`, () => {
    assert.throws(() => uidOf("anna", passwd(uid)), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, /^user 'anna' has no valid UID in \/etc\/passwd: '/);
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      return true;
    });
  });
}

test("uidOf() refuses a line that ends before the UID", () => {
  assert.throws(() => uidOf("anna", "anna\n"), /no valid UID/);
  assert.throws(() => uidOf("anna", "anna:x"), /no valid UID/);
});

test("uidOf() refuses a user that has no line, and the name of none", () => {
  assert.throws(() => uidOf("bert", passwd("1")), /unknown user 'bert'/);
  assert.throws(() => uidOf("ann", passwd("1")), /unknown user 'ann'/);
});
