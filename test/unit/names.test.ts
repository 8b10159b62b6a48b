/** The names of containers, from files as engines write them, and as others would. */

import { after, beforeEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Names } from "../../src/enrich/names.ts";
import { linkRecord, storageRecords } from "../../src/enrich/records.ts";
import { userRoots } from "../../src/enrich/roots.ts";
import { engineFiles, id, ids, rootsIn, uid, writeFiles } from "./engines.ts";

const pod = { namespace: "shop", name: "web-1" };

describe("Names", () => {
  const all = mkdtempSync(join(tmpdir(), "tcpconnect-names-"));
  after(() => rmSync(all, { recursive: true }));
  let folder: string;
  let warnings: string[];
  let names: Names;
  beforeEach(() => {
    folder = mkdtempSync(join(all, "t"));
    warnings = [];
    names = new Names({ warn: (line) => warnings.push(line), roots: () => rootsIn(folder) });
  });

  it("find() reads the records of each engine", () => {
    writeFiles(folder, engineFiles);
    for (
      const [digits, runtime, record] of [
        [ids.docker, "docker", { name: "shop_db.1" }],
        [ids.dockershim, "docker", { name: "nginx", pod }],
        [ids.podman, "podman", { name: "db" }],
        [ids.volatile, "podman", { name: "once" }],
        [ids.crio, "cri-o", { name: "nginx", pod }],
        [ids.crioSandbox, "cri-o", { name: "POD", pod }],
        [ids.containerd, "containerd", { name: "nginx", pod }],
        [ids.sandbox, "containerd", { name: "POD", pod }],
        [ids.k3s, "containerd", { name: "proxy", pod }],
        [ids.link, "cri-o", { name: "nginx", pod }],
      ] as const
    ) {
      assert.deepEqual(names.find(digits, uid, runtime), { record, runtime });
      const any = names.find(digits, uid);
      assert.deepEqual(any?.record, record, "without the engine");
    }
    assert.equal(names.find(ids.docker, uid, "podman"), undefined);
    assert.equal(names.find(ids.podman, uid, "lxc"), undefined);
    assert.equal(names.find(id("0"), uid), undefined);
    assert.deepEqual(warnings, []);
  });

  it("find() asks no file for what is not the ID of a container", () => {
    writeFiles(folder, { "docker/containers/x/config.v2.json": { Name: "/x" } });
    for (const text of ["x", "", "..", `${id("a")}/..`, id("A"), id("a").slice(1)]) {
      assert.equal(names.find(text, uid, "docker"), undefined);
    }
  });

  it("find() reads a list anew once it has changed", () => {
    const list = (name: string) => [{ id: ids.podman, names: [name] }];
    const path = "storage/vfs-containers/containers.json";
    writeFiles(folder, { [path]: list("one") });
    assert.equal(names.find(ids.podman, uid, "podman")?.record.name, "one");
    writeFiles(folder, { [`${path}.new`]: list("two") });
    renameSync(join(folder, `${path}.new`), join(folder, path));
    assert.equal(names.find(ids.podman, uid, "podman")?.record.name, "two");
    rmSync(join(folder, path));
    assert.equal(names.find(ids.podman, uid, "podman"), undefined);
  });

  const config = `docker/containers/${ids.docker}/config.v2.json`;
  const outside = { Name: "/outside" };
  const link = "a symbolic link, or not a directory";
  const hostile: [what: string, why: string, make: (path: string) => void][] = [
    ["a symbolic link", link, (path) => {
      writeFiles(folder, { "outside.json": outside });
      symlinkSync(join(folder, "outside.json"), path);
    }],
    ["a directory that is a symbolic link", link, (path) => {
      writeFiles(folder, { "outside/config.v2.json": outside });
      rmSync(dirname(path), { recursive: true });
      symlinkSync(join(folder, "outside"), dirname(path));
    }],
    ["a FIFO", "not a regular file", (path) => execFileSync("mkfifo", [path])],
    ["a directory", "not a regular file", (path) => mkdirSync(path)],
    ["a gigabyte", "larger than 2097152 bytes", (path) => {
      writeFileSync(path, '{"Name":"/x"}');
      truncateSync(path, 2 ** 30);
    }],
    ["what is cut off", "not JSON", (path) => writeFileSync(path, '{"Name":"/x"')],
    ["an empty file", "not JSON", (path) => writeFileSync(path, "")],
    ["what is no text", "not JSON", (path) => writeFileSync(path, new Uint8Array([0xff, 0]))],
  ];
  for (const [what, why, make] of hostile) {
    it(`find() refuses ${what}, warns once, and goes on`, () => {
      mkdirSync(dirname(join(folder, config)), { recursive: true });
      make(join(folder, config));
      const began = performance.now();
      for (let i = 0; i < 3; i++) assert.equal(names.find(ids.docker, uid, "docker"), undefined);
      assert.ok(performance.now() - began < 1000);
      assert.deepEqual(warnings, [`names of containers: ${join(folder, config)}: ${why}`]);
      const list = [{ id: id("5"), names: ["n"] }];
      writeFiles(folder, { "storage/vfs-containers/containers.json": list });
      assert.equal(names.find(id("5"), uid, "podman")?.record.name, "n");
    });
  }

  it("find() refuses a file of somebody else", () => {
    writeFiles(folder, engineFiles);
    assert.equal(names.find(ids.docker, uid + 1, "docker"), undefined);
    assert.match(warnings.join(), /: belongs to UID \d+, not to \d+$/);
  });

  it("find() outlives JSON that is nested deeply", () => {
    mkdirSync(dirname(join(folder, config)), { recursive: true });
    writeFileSync(join(folder, config), "[".repeat(1 << 20) + "]".repeat(1 << 20));
    assert.equal(names.find(ids.docker, uid, "docker"), undefined);
  });

  const shapes: unknown[] = [
    ...[null, 1, "x", [], {}, { Name: 1 }, { Name: null }, { Name: ["x"] }, { Name: {} }],
    ...["", "/", "/../x", "/a b", "/a\n", "/\x1b[31m", "/a/b", `/${"x".repeat(254)}`, "/é", "//a"]
      .map((Name) => ({ Name })),
  ];
  it("find() takes no name that no engine gives", () => {
    for (const json of shapes) {
      writeFiles(folder, { [config]: JSON.stringify(json) });
      assert.equal(names.find(ids.docker, uid, "docker"), undefined, JSON.stringify(json));
    }
    assert.deepEqual(warnings, []);
  });
});

it("storageRecords() passes over entries of another shape", () => {
  const entries = [null, 1, [], {}, { id: id("a") }, { id: "a", names: ["x"] }];
  const odd = [{ id: id("a"), names: "xy" }, { id: id("a"), names: [1] }, { id: 1, names: ["x"] }];
  const good = { id: id("b"), names: ["good"] };
  assert.deepEqual([...storageRecords([...entries, ...odd, good])], [[id("b"), { name: "good" }]]);
  for (const json of [null, {}, "x", undefined]) assert.equal(storageRecords(json).size, 0);
});

it("linkRecord() takes what kubelet calls its links, and nothing else", () => {
  const ID = id("a");
  const record = { name: "my-app", pod };
  assert.deepEqual(linkRecord(`web-1_shop_my-app-${ID}.log`), [ID, record]);
  for (
    const name of [
      `web-1_shop-${ID}.log`,
      `web-1_shop_my-app-${ID}`,
      `web-1_shop_my-app-${ID.slice(1)}.log`,
      `web-1_shop_my\x1b-${ID}.log`,
      `_shop_app-${ID}.log`,
    ]
  ) assert.equal(linkRecord(name), undefined, name);
});

it("userRoots() has places below a home on a local file system only", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/sh\nbad:x:7:7::x:\n";
  const mount = (point: string, type: string) => ({ root: "/", point, type, options: [] });
  const local = [mount("/", "ext4"), mount("/home", "xfs")];
  const share = ["/home/anna", ".local", "share"];
  const { docker, storage, logs } = userRoots(1000, passwd, local);
  assert.deepEqual(docker, [[...share, "docker"]]);
  assert.deepEqual(storage, [[...share, "containers", "storage"]]);
  assert.deepEqual(logs, []);
  const mounts = [
    [mount("/home", "nfs4")],
    [mount("/home/anna", "autofs")],
    [mount("/home/anna/.local", "fuse.x"), mount("/home", "xfs")],
  ];
  for (const remote of mounts) {
    assert.deepEqual(userRoots(1000, passwd, [...local, ...remote]).storage, []);
  }
  for (const uid of [1001, 7, 100]) assert.deepEqual(userRoots(uid, passwd, local).docker, []);
});
