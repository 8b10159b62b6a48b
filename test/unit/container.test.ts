/** What the path of a cgroup tells. */

import assert from "node:assert/strict";
import test from "node:test";
import { containerOf } from "../../src/enrich/container.ts";
import { unitOf } from "../../src/enrich/unit.ts";
import { id, POD_UID } from "./engines.ts";

const ID = id("a");
const other = id("b");
const slice = `pod${POD_UID.replaceAll("-", "_")}.slice`;
const burstable = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-";

/** Paths to runtime, ID, UID of the pod, systemd unit. The sources are named in container.ts. */
type Told = [runtime?: string | undefined, id?: string, podUid?: string | undefined, unit?: string];
const paths: [path: string, ...told: Told][] = [
  ["/"],
  [""],
  ["/system.slice/sshd.service", , , , "sshd.service"],

  [`/system.slice/docker-${ID}.scope`, "docker", ID, , `docker-${ID}.scope`],
  [`/docker/${ID}`, "docker", ID],
  [`/docker/${ID}/init.scope`, "docker", ID],
  [`/actions_job/${ID}`, undefined, ID],
  [`/system.slice:docker:${ID}`, "docker", ID],

  [`/machine.slice/libpod-${ID}.scope`, "podman", ID, , `libpod-${ID}.scope`],
  [`/machine.slice/libpod-${ID}.scope/container`, "podman", ID, , `libpod-${ID}.scope`],
  [`/libpod_parent/libpod-${ID}`, "podman", ID],
  [`/system.slice/web.service/libpod-payload-${ID}`, "podman", ID, , "web.service"],
  [`/machine.slice/libpod-conmon-${ID}.scope`, , , , `libpod-conmon-${ID}.scope`],
  [
    `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope/container`,
    "podman",
    ID,
    undefined,
    `libpod-${ID}.scope`,
  ],
  [
    `/machine.slice/machine-libpod_pod_${other}.slice/libpod-${ID}.scope`,
    "podman",
    ID,
    undefined,
    `libpod-${ID}.scope`,
  ],

  [`${burstable}${slice}/cri-containerd-${ID}.scope`, "containerd", ID, POD_UID],
  [`/kubepods.slice/kubepods-${slice}/cri-containerd-${ID}.scope`, "containerd", ID, POD_UID],
  [`${burstable}${slice}/crio-${ID}.scope`, "cri-o", ID, POD_UID],
  [`${burstable}${slice}/crio-${ID}.scope/container`, "cri-o", ID, POD_UID],
  [`${burstable}${slice}/crio-conmon-${ID}.scope`],
  [`${burstable}${slice}/docker-${ID}.scope`, "docker", ID, POD_UID],
  [`/kubepods/burstable/pod${POD_UID}/${ID}`, undefined, ID, POD_UID],
  [`/kubepods/pod${POD_UID}/${ID}`, undefined, ID, POD_UID],
  [`/kubepods/besteffort/pod${POD_UID}/crio-${ID}`, "cri-o", ID, POD_UID],
  // A static pod has the hash of its configuration in place of a UID.
  [`/kubepods/burstable/pod${"5".repeat(32)}/${ID}`, undefined, ID, "5".repeat(32)],
  [
    `/system.slice/containerd.service/kubepods-besteffort-${slice}:cri-containerd:${ID}`,
    "containerd",
    ID,
    POD_UID,
    "containerd.service",
  ],
  // Seen from within a cgroup namespace.
  [`/../cri-containerd-${ID}.scope`, "containerd", ID],

  ["/lxc.payload.web-1", "lxc", "web-1"],
  ["/lxc.payload.web-1/system.slice/sshd.service", "lxc", "web-1"],
  ["/lxc.monitor.web-1"],
  ["/lxc/101/ns/system.slice", "lxc", "101"],
  ["/machine.slice/systemd-nspawn@web.service/payload", "systemd-nspawn", "web"],
  ["/machine.slice/systemd-nspawn@web.service/supervisor", , , , "systemd-nspawn@web.service"],
  ["/machine.slice/machine-my\\x2dweb.scope", "systemd-nspawn", "my-web"],
  ["/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt"],

  // Only the outermost container counts.
  [`/docker/${ID}/docker/${other}`, "docker", ID],
  [`/docker/${ID}/kubelet.slice/kubelet-${slice}/cri-containerd-${other}.scope`, "docker", ID],
  [`/lxc.payload.web/docker/${ID}`, "lxc", "web"],

  // Almost.
  [`/docker/${ID}0`],
  [`/docker/${ID.slice(1)}`],
  [`/docker/${ID.toUpperCase()}`],
  [`/system.slice/docker-${ID}.service`],
  [`/system.slice/docker-${ID}x.scope`],
  [`/system.slice/constructor-${ID}.scope`],
  [`/x.slice/docker-..${ID.slice(2)}.scope`],
  [`/docker-${ID.slice(1)}\n.scope`],
];
for (const [path, runtime, id, podUid, unit] of paths) {
  test(`containerOf() and unitOf() ${JSON.stringify(path)}`, () => {
    const found = containerOf(path);
    assert.deepEqual([found?.runtime, found?.id], [runtime, id]);
    assert.equal(found?.podUid, podUid);
    if (unit !== undefined) assert.equal(unitOf(path), unit);
  });
}

test("containerOf() names the directory in which a container's cgroup is", () => {
  assert.equal(containerOf(`/docker/${ID}/x`)?.parent, "/docker");
  assert.equal(containerOf("/lxc.payload.web/x")?.parent, "/");
});

test("unitOf() takes the first unit, and a user's own below the user's systemd", () => {
  const user = "/user.slice/user-1000.slice";
  for (
    const [path, unit] of [
      ["/system.slice/postgresql.service", "postgresql.service"],
      [
        "/system.slice/system-postgresql.slice/postgresql@15-main.service",
        "postgresql@15-main.service",
      ],
      ["/system.slice/web.service/evil.service", "web.service"],
      ["/system.slice/web.service/evil.slice/evil.service", "web.service"],
      [`${user}/user@1000.service/app.slice/app-x.scope`, "app-x.scope"],
      [`${user}/user@1000.service/session.slice/dbus.service/evil.service`, "dbus.service"],
      [`${user}/user@1000.service/init.scope`, "init.scope"],
      [`${user}/user@1000.service`, "user@1000.service"],
      [`${user}/session-3.scope`, "session-3.scope"],
      ["/init.scope", "init.scope"],
      ["/system.slice/_cpu.service", "cpu.service"],
      ["/system.slice", undefined],
      ["/web/a.service", undefined],
      ["/", undefined],
      ["/.service", undefined],
    ] as const
  ) assert.equal(unitOf(path), unit, path);
});
