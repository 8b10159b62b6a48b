/** Real containers, and cgroups that pretend to be some. */

import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import process from "node:process";
import { cgroup, netns } from "../../src/cli/places.ts";
import { Containers } from "../../src/enrich/containers.ts";
import { readMounts } from "../../src/enrich/mounts.ts";
import { systemRoots } from "../../src/enrich/roots.ts";
import { Child, endAll, eventually, run } from "../child.ts";
import { needsContainers, Podman, type Running } from "../container.ts";

const NOBODY = 65534;
const mounts = readMounts();
const v2 = mounts.filter(({ type }) => type === "cgroup2");
const root = v2[0]?.point ?? "";
const hybrid = mounts.some(({ type }) => type === "cgroup");

/** When a process began, in nanoseconds; the kernel tells hundredths of a second. */
function startOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]) * 1e7;
}

describe("containers", needsContainers(), () => {
  const podman = new Podman();
  let web: Running, db: Running;
  const made: string[] = [];
  before(async () => {
    [web, db] = await Promise.all([podman.start("web"), podman.start("db", "--hostname", "web")]);
  });
  after(async () => {
    await endAll();
    for (const path of made.reverse()) {
      await eventually(
        `${path} is empty`,
        () => readFileSync(`${path}/cgroup.procs`, "utf8") === "",
      );
      rmdirSync(path);
    }
    await podman[Symbol.asyncDispose]();
  });

  const warnings: string[] = [];
  const open = (options = {}) => {
    const storage = podman.storage.map((path) => [path] as const);
    const roots = () => ({ ...systemRoots, storage });
    return new Containers({ warn: (line) => warnings.push(line), roots, ...options });
  };
  const idOf = ({ id }: Running) => statSync(`${root}${podman.parent}/libpod-${id}`).ino;
  const known = ({ id }: Running, name: string) => ({ id, runtime: "podman", name, uid: 0 });

  /** A cgroup of v2 with a process in it. */
  const inCgroup = (path: string, uid = 0): Child => {
    mkdirSync(path);
    made.push(path);
    chownSync(path, uid, uid);
    const child = new Child(["cat"]);
    writeFileSync(`${path}/cgroup.procs`, `${child.pid}`);
    return child;
  };

  it("Containers tells two containers apart by cgroup, by process, by both", () => {
    for (const [running, name] of [[web, "web"], [db, "db"]] as const) {
      const [id, start] = [idOf(running), startOf(running.pid)];
      // Most processes of a hybrid host are in the root of v2, which is cgroup 1.
      const ways = [[id, 0], [id, start], [0, start], ...hybrid ? [[1, start], [1, 0]] : []];
      for (const [cgroup, start] of ways) {
        const { container, pod, unit, ...rest } = open().of(cgroup!, running.pid, start);
        assert.deepEqual(container, known(running, name), `${cgroup} ${start}`);
        assert.equal(rest.cgroup, `${podman.parent}/libpod-${running.id}`);
        assert.deepEqual([pod, unit], [undefined, undefined]);
      }
    }
    assert.deepEqual(warnings, []);
  });

  it("Containers knows a container by its cgroup when the process has gone", async () => {
    const child = new Child(["cat"]);
    writeFileSync(`${root}${podman.parent}/libpod-${web.id}/cgroup.procs`, `${child.pid}`);
    await child.stop();
    assert.deepEqual(open().of(idOf(web), child.pid).container, known(web, "web"));
    // Also where v2 is alone; there is no other cgroup at all then.
    assert.deepEqual(open({ mounts: v2 }).of(idOf(web), child.pid).container, known(web, "web"));
  });

  it("Containers takes nobody for a process that had the PID before", () => {
    const start = startOf(web.pid);
    assert.deepEqual(open().of(0, web.pid, start + 1e7), {});
    assert.deepEqual(open({ mounts: v2 }).of(0, web.pid, start - 1e7), {});
    assert.deepEqual(open({ mounts: v2 }).of(0, web.pid), {});
    assert.equal(open({ mounts: v2 }).of(0, web.pid, start).container?.name, "web");
  });

  it("Containers has no container for a process outside", () => {
    for (const pid of [process.pid, web.monitor]) {
      const origin = open().of(1, pid, startOf(pid));
      assert.equal(origin.container, undefined);
      assert.match(origin.cgroup ?? "", /^\//);
    }
  });

  it("Containers takes the outermost container, whatever is called so within", () => {
    const path = `${root}${podman.parent}/libpod-${web.id}/libpod-${db.id}`;
    const child = inCgroup(path);
    assert.deepEqual(open().of(statSync(path).ino, child.pid).container, known(web, "web"));
  });

  it("Containers gives no name to a cgroup that somebody else called by a container's ID", () => {
    const outer = `${root}/tcpconnect-fake-${process.pid}`;
    inCgroup(outer, NOBODY);
    const path = `${outer}/libpod-${web.id}`;
    const child = inCgroup(path, NOBODY);
    const { container } = new Containers({
      warn: assert.fail,
      roots: (uid) => ({
        ...systemRoots,
        storage: uid === 0 ? podman.storage.map((p) => [p]) : [],
      }),
    }).of(statSync(path).ino, child.pid);
    assert.deepEqual(container, { id: web.id, runtime: "podman", uid: NOBODY });
  });

  it("Containers keeps the ID and name of a container that has gone", async () => {
    const gone = await podman.start("gone", "--rm");
    const [id, path] = [idOf(gone), `${podman.parent}/libpod-${gone.id}`];
    let now = 0;
    const [seen, indexed, told, late] = [1, 2, 3, 4].map(() => open({ now: () => now })) as [
      Containers,
      Containers,
      Containers,
      Containers,
    ];
    assert.deepEqual(seen.of(id, gone.pid).container, known(gone, "gone"));
    indexed.of(999_999_999, 0); // a search, which comes past it
    await podman.remove("gone");
    await eventually("its cgroup is removed", () => !existsSync(root + path));
    for (const later of [0, 1e6]) {
      now += later;
      assert.deepEqual(seen.of(id, gone.pid).container, known(gone, "gone"));
    }
    told.learn(id, path);
    for (const containers of [indexed, told]) {
      const { container } = containers.of(id, gone.pid);
      assert.deepEqual([container?.id, container?.name], [gone.id, undefined]);
    }
    assert.equal(late.of(id, gone.pid).container, undefined);
  });

  it("Containers finds a new name after a while", async () => {
    const renamed = await podman.start("before");
    let now = 0;
    const containers = open({ now: () => now });
    assert.equal(containers.of(idOf(renamed), renamed.pid).container?.name, "before");
    await podman.run("rename", "before", "after");
    assert.equal(containers.of(idOf(renamed), renamed.pid).container?.name, "before");
    now += 31_000;
    assert.equal(containers.of(idOf(renamed), renamed.pid).container?.name, "after");
  });

  it("cgroup() resolves a path of the file system, and one of the hierarchy", () => {
    const path = `${podman.parent}/libpod-${web.id}`;
    assert.equal(cgroup(path), idOf(web));
    assert.equal(cgroup(root + path), idOf(web));
    assert.equal(cgroup(root), 1);
    for (const other of [`${path}x`, "/proc/self", `${root}/cgroup.procs`, "/tmp"]) {
      assert.throws(() => cgroup(other), /^Error: no cgroup '[^\n]*: neither it nor [^\n]+$/);
    }
  });

  it("netns() resolves a process, a path and a number", async () => {
    const of = `/proc/${web.pid}/ns/net`;
    const inode = Number(/\d+(?=]$)/.exec(readlinkSync(of))?.[0]);
    const name = `tcpconnect-${process.pid}`;
    await run(["ip", "netns", "attach", name, `${web.pid}`]);
    try {
      for (const text of [`${web.pid}`, of, `/run/netns/${name}`, `${inode}`]) {
        assert.equal(netns(text), inode, text);
      }
    } finally {
      await run(["ip", "netns", "delete", name]);
    }
    for (const other of [`/proc/${web.pid}/ns/mnt`, "/", "/etc/passwd"]) {
      assert.throws(
        () => netns(other),
        /^Error: no network namespace '[^\n]*: it is something else$/,
      );
    }
    assert.throws(() => netns("4194304"), /^Error: no network namespace of PID 4194304: ENOENT$/);
  });
});
