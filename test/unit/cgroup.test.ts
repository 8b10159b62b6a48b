/** From the ID of a cgroup, or a process, to where it belongs: on a made-up /proc and hierarchy. */

import { after, beforeEach, describe, it } from "node:test";
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Bounded } from "../../src/enrich/bounded.ts";
import { Budget } from "../../src/enrich/budget.ts";
import { Cgroups, parseMemberships } from "../../src/enrich/cgroup.ts";
import { Containers, labelOf } from "../../src/enrich/containers.ts";
import { mountOf, parseMounts } from "../../src/enrich/mounts.ts";
import { cgroup, netns } from "../../src/cli/places.ts";
import { engineFiles, ids, POD_UID, rootsIn, uid, writeFiles } from "./engines.ts";

const slice = `/kubepods.slice/kubepods-pod${POD_UID.replaceAll("-", "_")}.slice`;
const service = "/system.slice/postgresql.service";
const pod = { uid: POD_UID, namespace: "shop", name: "web-1" };

/** What /proc/PID/stat says of a process that began so many hundredths of a second after boot. */
const stat = (ticks: number, comm = "x) R 1 (y") =>
  `1 (${comm}) S ${"0 ".repeat(18)}${ticks} 0 0\n`;

describe("cgroups", () => {
  const all = mkdtempSync(join(tmpdir(), "tcpconnect-cgroup-"));
  after(() => rmSync(all, { recursive: true }));

  let folder: string;
  let now: number;
  const v2 = () => join(folder, "v2");
  const make = (path: string) => mkdirSync(v2() + path, { recursive: true });
  const idOf = (path: string) => statSync(v2() + path).ino;
  const inProc = (pid: number, cgroups: string, ticks = 100) =>
    writeFiles(join(folder, "proc", `${pid}`), { cgroup: cgroups, stat: stat(ticks) });
  const unified = () => [{ root: "/", point: v2(), type: "cgroup2", options: ["rw"] }];
  const hybrid = () => [
    ...unified(),
    { root: "/", point: join(folder, "memory"), type: "cgroup", options: ["rw", "memory"] },
    { root: "/", point: join(folder, "systemd"), type: "cgroup", options: ["rw", "name=systemd"] },
  ];
  const open = (mounts = unified()) =>
    new Containers({
      warn: assert.fail,
      mounts,
      now: () => now,
      proc: join(folder, "proc"),
      roots: (owner) => {
        assert.equal(owner, uid);
        return rootsIn(folder);
      },
    });
  beforeEach(() => {
    folder = mkdtempSync(join(all, "t"));
    now = 0;
    writeFiles(folder, engineFiles);
    mkdirSync(v2());
  });

  it("of() tells the container and the pod of a process", () => {
    const path = `${slice}/cri-containerd-${ids.containerd}.scope`;
    make(path);
    inProc(7, `0::${path}\n`);
    const container = { id: ids.containerd, runtime: "containerd", name: "nginx", uid };
    assert.deepEqual(open().of(idOf(path), 7), { cgroup: path, container, pod });
  });

  it("of() finds the engine by its records if the path does not name it", () => {
    const path = `/kubepods/pod${POD_UID}/${ids.k3s}`;
    make(path);
    const container = { id: ids.k3s, runtime: "containerd", name: "proxy", uid };
    assert.deepEqual(open().of(idOf(path), 0), { cgroup: path, container, pod });
  });

  it("of() tells the unit of a process in no container, and of a container in a service", () => {
    const inside = `${service}/libpod-payload-${ids.podman}`;
    make(inside);
    const containers = open();
    assert.deepEqual(containers.of(idOf(service), 0), {
      cgroup: service,
      unit: "postgresql.service",
    });
    const container = { id: ids.podman, runtime: "podman", name: "db", uid };
    const origin = { cgroup: inside, container, unit: "postgresql.service" };
    assert.deepEqual(containers.of(idOf(inside), 0), origin);
  });

  it("of() calls a machine by its path", () => {
    make("/lxc.payload.web-1/x");
    const { container } = open().of(idOf("/lxc.payload.web-1/x"), 0);
    assert.deepEqual(container, { id: "web-1", runtime: "lxc", name: "web-1", uid });
  });

  it("of() does not believe a process that is in another cgroup by now", () => {
    make(`/docker/${ids.docker}`);
    make(service);
    inProc(7, `0::/docker/${ids.docker}\n`);
    assert.equal(open().of(idOf(service), 7).unit, "postgresql.service");
    assert.deepEqual(open().of(99, 7), {});
  });

  it("of() does not look where a path leads out of the hierarchy", () => {
    make("/a");
    mkdirSync(join(folder, "out"));
    inProc(7, "0::/a/../../out\n");
    assert.deepEqual(open().of(statSync(join(folder, "out")).ino, 7), {});
  });

  it("of() asks the process where cgroup v1 is in use", () => {
    inProc(7, `4:memory:/docker/${ids.docker}\n1:name=systemd:/x\n0::/\n`, 100);
    mkdirSync(join(folder, "memory/docker"), { recursive: true });
    inProc(8, `4:memory:/user\n1:name=systemd:${service}\n0::/\n`, 200);
    inProc(9, "4:memory:/\n1:name=systemd:/\n0::/\n", 300);
    const containers = open(hybrid());
    const root = idOf("/");
    const docker = { id: ids.docker, runtime: "docker", name: "shop_db.1", uid };
    for (const start of [0, 1.009e9]) {
      assert.deepEqual(containers.of(root, 7, start).container, docker);
    }
    assert.equal(containers.of(root, 8, 2e9).unit, "postgresql.service");
    assert.deepEqual(containers.of(root, 9, 3e9), { cgroup: "/" });
    // Another process had the PID, and there is none.
    assert.deepEqual(containers.of(root, 7, 1.01e9), { cgroup: "/" });
    assert.deepEqual(containers.of(root, 10, 1e9), { cgroup: "/" });
    // It is remembered, also when the process has gone.
    rmSync(join(folder, "proc/7"), { recursive: true });
    now += 60_000;
    assert.deepEqual(containers.of(root, 7, 1.009e9).container, docker);
  });

  it("of() knows a PID without a time for a second", () => {
    inProc(7, `4:memory:/docker/${ids.docker}\n0::/\n`);
    const containers = open(hybrid());
    assert.equal(containers.of(1, 7).container?.id, ids.docker);
    inProc(7, `4:memory:/docker/${ids.dockershim}\n0::/\n`);
    now += 999;
    assert.equal(containers.of(1, 7).container?.id, ids.docker);
    now += 2;
    assert.equal(containers.of(1, 7).container?.id, ids.dockershim);
    rmSync(join(folder, "proc/7"), { recursive: true });
    now += 1001;
    assert.equal(containers.of(1, 7).container, undefined);
  });

  it("of() looks again for a name that was not there yet", () => {
    const path = `/docker/${"7".repeat(64)}`;
    make(path);
    const containers = open();
    assert.equal(containers.of(idOf(path), 0).container?.name, undefined);
    writeFiles(folder, {
      [`docker/containers/${"7".repeat(64)}/config.v2.json`]: { Name: "/late" },
    });
    now += 999;
    assert.equal(containers.of(idOf(path), 0).container?.name, undefined);
    now += 2;
    assert.equal(containers.of(idOf(path), 0).container?.name, "late");
  });

  it("of() works where nothing is mounted and nothing is there", () => {
    assert.deepEqual(open([]).of(1, 7, 1), {});
    assert.deepEqual(open().of(0, 0), {});
    rmSync(v2(), { recursive: true });
    assert.deepEqual(open().of(5, 7, 1), {});
  });

  it("path() searches no longer than its budget, and not for the same ID at once", () => {
    for (let i = 0; i < 30; i++) make(`/a/${i}`);
    let calls = 0;
    const clock = () => (calls++, now += 1); // each directory takes a millisecond
    const budget = new Budget(clock);
    const cgroups = new Cgroups({ mounts: unified(), budget, now: clock, proc: folder });
    assert.equal(cgroups.path(99, 0), undefined);
    assert.ok(calls > 10 && calls < 20, `${calls}`);
    const before = calls;
    assert.equal(cgroups.path(99, 0), undefined);
    assert.equal(calls, before + 1);
    for (let id = 100; id < 200; id++) cgroups.path(id, 0);
    assert.ok(calls < 700, `${calls}`);
  });

  it("learn() tells of a cgroup that is not there any more", () => {
    const containers = open();
    containers.learn(12345, `/docker/${ids.docker}`);
    const { container, cgroup } = containers.of(12345, 0);
    assert.equal(cgroup, `/docker/${ids.docker}`);
    // Who made it cannot be told, so no record is believed.
    assert.deepEqual(container, { id: ids.docker, runtime: "docker" });
  });
});

it("labelOf() takes the name, else a host name of its own, else the short ID", () => {
  const id = ids.docker;
  assert.equal(labelOf({ id, name: "web" }, "host"), "web");
  assert.equal(labelOf({ id }, "ho\x1bst"), "ho?st");
  for (const nodename of [undefined, "", hostname()]) {
    assert.equal(labelOf({ id }, nodename), "aaaaaaaaaaaa");
  }
  assert.equal(labelOf({ id: "web\n1" }), "web?1");
});

it("parseMemberships() passes over lines of another shape", () => {
  const text = "4:cpu,cpuacct:/a:b\n1:name=systemd:/x (deleted)\n0::/\n\nx\n0:/\n:::\n3:cpu:a\n";
  assert.deepEqual(parseMemberships(text), [
    { controllers: "cpu,cpuacct", path: "/a:b" },
    { controllers: "name=systemd", path: "/x" },
    { controllers: "", path: "/" },
  ]);
});

it("Budget lends 100 ms at once and 5 % of the time, whatever the work throws", () => {
  let now = 0;
  const budget = new Budget(() => now);
  let spent = 0;
  const work = () => (now += 10, spent += 10);
  const spend = () => budget.spend(work);
  for (let i = 0; i < 50; i++) spend();
  assert.ok(spent >= 100 && spent <= 110, `${spent}`);
  assert.equal(spend(), undefined);
  const before = spent;
  for (const end = now + 100_000; now < end; now++) spend();
  assert.ok(spent - before > 4600 && spent - before < 5100, `${spent - before}`);
  now += 1e9;
  spent = 0;
  for (let i = 0; i < 50; i++) spend();
  assert.ok(spent >= 100 && spent <= 110, `${spent}`);
  now += 1e9;
  for (let i = 0; i < 50; i++) {
    try {
      budget.spend(() => {
        now += 10;
        throw new Error("x");
      });
    } catch {
      continue;
    }
  }
  assert.equal(spend(), undefined);
});

it("Bounded forgets what was set first", () => {
  const cache = new Bounded<number, string>(2);
  cache.set(1, "a");
  cache.set(2, "b");
  cache.set(1, "c");
  cache.set(3, "d");
  assert.deepEqual([1, 2, 3].map((key) => cache.get(key)), ["c", undefined, "d"]);
  for (let i = 0; i < 100; i++) cache.set(i, "x");
  assert.equal(cache.size, 2);
});

it("parseMounts() reads what proc_pid_mountinfo(5) has, and mountOf() finds the topmost", () => {
  const mounts = parseMounts([
    "23 1 0:21 / / rw,relatime - ext4 /dev/vda rw",
    "41 31 0:38 / /sys/fs/cgroup rw shared:1 master:2 - cgroup2 cgroup2 rw,nsdelegate",
    "42 31 0:4 net:[4026532177] /run/netns/a\\040b rw - nsfs nsfs rw",
    "43 31 0:5 / /sys/fs/cgroup rw - tmpfs none rw",
    "",
    "44 31 0:5 / /x rw",
    "nonsense - x",
  ].join("\n"));
  assert.deepEqual(mounts.map(({ point, type }) => [point, type]), [
    ["/", "ext4"],
    ["/sys/fs/cgroup", "cgroup2"],
    ["/run/netns/a b", "nsfs"],
    ["/sys/fs/cgroup", "tmpfs"],
  ]);
  assert.deepEqual(mounts[1]?.options, ["rw", "nsdelegate"]);
  assert.equal(mounts[2]?.root, "net:[4026532177]");
  assert.equal(mountOf("/sys/fs/cgroup/x", mounts)?.type, "tmpfs");
  assert.equal(mountOf("/sys/fs/cgroupx", mounts)?.type, "ext4");
  assert.equal(mountOf("/sys/fs/cgroup", [])?.type, undefined);
});

for (const text of ["", "system.slice", "./x", "../x"]) {
  it(`cgroup() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => cgroup(text), /^Error: invalid cgroup '[^\n]*': not an absolute path$/);
  });
}

it("cgroup() says that cgroup v2 is not mounted", () => {
  assert.throws(() => cgroup("/x", []), /^Error: no cgroup '\/x': cgroup v2 is not mounted$/);
});

for (
  const text of ["", "0", "01", "-1", "1.5", "1e3", "0x10", "4294967296", "x", " 1", "1\n", "self"]
) {
  it(`netns() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => netns(text), /^Error: invalid network namespace '[^\n]*': not [^\n]+$/);
  });
}

it("netns() takes what is larger than any PID for an inode number", () => {
  assert.equal(netns("4026531840"), 4026531840);
  assert.equal(netns("4194305"), 4194305);
});
