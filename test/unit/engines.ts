/** Directories as engines leave them, for tests where these engines are not: by documentation. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import type { StateRoots } from "../../src/enrich/roots.ts";

/** The ID of a container: a digit, 64 times. */
export const id = (digit: string) => digit.repeat(64);
export const POD_UID = "11111111-2222-3333-4444-555555555555";
const pod = `${POD_UID}_0`;

/** What {@linkcode engineFiles} has, by engine. */
export const ids = {
  docker: id("a"),
  dockershim: id("b"),
  podman: id("c"),
  volatile: id("d"),
  crio: id("e"),
  containerd: id("f"),
  sandbox: id("1"),
  k3s: id("2"),
  link: id("3"),
  crioSandbox: id("4"),
};

const annotations = (rest: object) => ({
  ociVersion: "1.1.0",
  process: { args: ["nginx"] },
  annotations: {
    "io.kubernetes.cri.sandbox-id": ids.sandbox,
    "io.kubernetes.cri.sandbox-name": "web-1",
    "io.kubernetes.cri.sandbox-namespace": "shop",
    "io.kubernetes.cri.sandbox-uid": POD_UID,
    ...rest,
  },
});

/** Files by their paths, with JSON content. */
export const engineFiles: Readonly<Record<string, unknown>> = {
  // moby/moby, container/container.go: type Container, marshalled by toDisk() to config.v2.json.
  [`docker/containers/${ids.docker}/config.v2.json`]: {
    StreamConfig: {},
    State: { Running: true, Pid: 4242 },
    ID: ids.docker,
    Config: { Hostname: "aaaaaaaaaaaa", Labels: {} },
    Name: "/shop_db.1",
    Driver: "overlay2",
  },
  // Mirantis/cri-dockerd, core/naming.go: makeContainerName().
  [`docker/containers/${ids.dockershim}/config.v2.json`]: {
    ID: ids.dockershim,
    Name: `/k8s_nginx_web-1_shop_${pod}`,
  },
  // containers/storage, containers.go: type Container; podman 4.3.1 writes it so.
  "storage/overlay-containers/containers.json": [
    { id: id("9"), names: ["other"], image: id("0"), layer: id("0"), flags: { Volatile: false } },
    { id: ids.podman, names: ["db"], image: id("0"), layer: id("0"), metadata: '{"name":"db"}' },
  ],
  // The same, volatileContainerLocation: of `podman run --rm`, and of CRI-O, whose names are made in
  // cri-o/cri-o, internal/factory/container/container.go and internal/factory/sandbox/sandbox.go.
  "storage/overlay-containers/volatile-containers.json": [
    { id: ids.volatile, names: ["once"], image: id("0"), layer: id("0") },
    { id: ids.crio, names: [`k8s_nginx_web-1_shop_${pod}`], image: id("0"), layer: id("0") },
    {
      id: ids.crioSandbox,
      names: [`k8s_POD_web-1_shop_${pod}`, `k8s_web-1_shop_${pod}`],
      image: id("0"),
      layer: id("0"),
    },
  ],
  // containerd/containerd, internal/cri/annotations/annotations.go, in the bundle's config.json.
  [`containerd/${ids.containerd}/config.json`]: annotations({
    "io.kubernetes.cri.container-type": "container",
    "io.kubernetes.cri.container-name": "nginx",
  }),
  [`containerd/${ids.sandbox}/config.json`]: annotations({
    "io.kubernetes.cri.container-type": "sandbox",
  }),
  [`k3s/${ids.k3s}/config.json`]: annotations({ "io.kubernetes.cri.container-name": "proxy" }),
  // kubernetes/kubernetes, pkg/kubelet/kuberuntime/legacy.go: logSymlink(). Files instead of links.
  [`logs/web-1_shop_nginx-${ids.link}.log`]: "",
};

/** Writes files below a folder. A text is written as it is. */
export function writeFiles(folder: string, files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  }
}

/** Where {@linkcode engineFiles} are below a folder. */
export const rootsIn = (folder: string): StateRoots => ({
  docker: [[folder, "docker"]],
  storage: [[folder, "none"], [folder, "storage"]],
  containerd: [[folder, "containerd"], [folder, "k3s"]],
  logs: [join(folder, "logs")],
});

/** Who owns what the tests write. */
export const uid = process.getuid!();
