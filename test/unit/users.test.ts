import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Users } from "../../src/enrich/users.ts";
import { withTemporary } from "./c.ts";

/** A file of users, and a clock that stands still unless told. */
function withUsers(
  use: (parts: {
    users: Users;
    write: (text: string | Uint8Array) => void;
    remove: () => void;
    pass: (ms: number) => void;
    name: (uid: number) => string | undefined;
  }) => void,
): void {
  withTemporary((directory) => {
    const path = join(directory, "passwd");
    let now = 0;
    const users = new Users(path, () => now);
    use({
      users,
      write: (text) => writeFileSync(path, text),
      remove: () => rmSync(path),
      pass: (ms) => now += ms,
      name(uid) {
        const bytes = users.name(uid);
        return bytes && new TextDecoder().decode(bytes);
      },
    });
  });
}

test("Users.name() finds the users of /etc/passwd", () => {
  assert.equal(new TextDecoder().decode(new Users().name(0)), "root");
});

test("Users.name() takes the first line of a UID, as getpwuid(3)", () => {
  withUsers(({ write, name }) => {
    write("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nmüller:x:4294967294:1::/:/x\n");
    assert.deepEqual([name(0), name(4294967294), name(1)], ["root", "müller", undefined]);
  });
});

test("Users.name() passes over lines that name no UID", () => {
  withUsers(({ write, name }) => {
    write("a\nb:x\nc:x:\n:x:0::\nd:x:-1:0\ne:x:0x1:0\nf:x: 1:0\n\ng:x:99999999999:0\nh:x:7:7:::");
    const uids = [0, 1, 7, 99999999999];
    assert.deepEqual(uids.map(name), [undefined, undefined, "h", undefined]);
  });
});

test("Users.name() cuts a name of more than 32 bytes", () => {
  withUsers(({ write, name }) => {
    write(`${"a".repeat(1000)}:x:5:5:::\n`);
    assert.equal(name(5), "a".repeat(32));
  });
});

test("Users.name() reads the file again for an unknown UID, but not at once", () => {
  withUsers(({ write, name, pass }) => {
    write("a:x:1:1:::\n");
    assert.deepEqual([name(1), name(2)], ["a", undefined]);
    write("a:x:1:1:::\nb:x:2:2:::\n");
    pass(9_999);
    assert.equal(name(2), undefined);
    pass(1);
    assert.deepEqual([name(1), name(2)], ["a", "b"]);
  });
});

test("Users.name() has no name without the file", () => {
  withUsers(({ name }) => assert.equal(name(0), undefined));
});

test("Users.name() reads no more than the first MiB", () => {
  withUsers(({ write, name }) => {
    write("a:x:1:1:::\n" + "#".repeat(1 << 20) + "\nb:x:2:2:::\n");
    assert.deepEqual([name(1), name(2)], ["a", undefined]);
  });
});
