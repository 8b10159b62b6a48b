/**
 * What engines write down about their containers: from JSON or a file name to a record. Sources:
 *
 * - Docker, type `Container` of `container/container.go`: member `Name` of config.v2.json, with a
 *   slash before it.
 * - podman and CRI-O, type `Container` of `containers.go` in containers/storage: a list of
 *   `{id, names}`.
 * - containerd's CRI plugin, `annotations.go`: `io.kubernetes.cri.*` in the bundle's config.json.
 * - kubelet, `logSymlink()` of `pkg/kubelet/kuberuntime/legacy.go`: a link for each container, called
 *   `<pod>_<namespace>_<container>-<id>.log`.
 * - CRI-O (`SetNameAndID()` of `internal/factory/container`) and cri-dockerd (`naming.go`) call a
 *   container of a pod `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`.
 */

import { isContainerId } from "./container.ts";

/** What is known of a container by its ID. */
export interface ContainerRecord {
  readonly name: string;
  /** Of a container in a pod. */
  readonly pod?: { readonly namespace: string; readonly name: string };
}

/** @param json The content of Docker's config.v2.json. */
export function dockerRecord(json: unknown): ContainerRecord | undefined {
  return named(string(member(json, "Name"))?.replace(/^\//, ""));
}

/**
 * IDs to records.
 *
 * @param json The content of a containers.json of containers/storage.
 */
export function storageRecords(json: unknown): Map<string, ContainerRecord> {
  const records = new Map<string, ContainerRecord>();
  for (const entry of Array.isArray(json) ? json : []) {
    const id = string(member(entry, "id"));
    const names = member(entry, "names");
    const record = named(string(member(names, "0")));
    if (id && record && isContainerId(id)) records.set(id, record);
  }
  return records;
}

/** @param json The content of the config.json of a bundle of containerd. */
export function containerdRecord(json: unknown): ContainerRecord | undefined {
  const annotations = member(json, "annotations");
  const of = (key: string) => string(member(annotations, `io.kubernetes.cri.${key}`));
  // The sandbox of a pod has no name of its own there: it gets the one that it has elsewhere.
  const name = of("container-type") === "sandbox" ? SANDBOX : of("container-name");
  return inPod(name, of("sandbox-name"), of("sandbox-namespace"));
}

const SANDBOX = "POD";

/** @param link The name of a link in /var/log/containers. */
export function linkRecord(link: string): [id: string, record: ContainerRecord] | undefined {
  const [, pod, namespace, name, id] = /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/.exec(link) ??
    [];
  const record = inPod(name, pod, namespace);
  return record && [id!, record];
}

function named(name: string | undefined): ContainerRecord | undefined {
  const [k8s, container, pod, namespace, , attempt, more] = name?.split("_") ?? [];
  if (k8s === "k8s" && attempt !== undefined && more === undefined) {
    return inPod(container, pod, namespace);
  }
  return isName(name) ? { name } : undefined;
}

function inPod(name?: string, pod?: string, namespace?: string): ContainerRecord | undefined {
  if (!isName(name) || !isName(pod) || !isName(namespace)) return undefined;
  return { name, pod: { namespace, name: pod } };
}

/** Every engine takes these names only; Kubernetes takes fewer, and 253 characters at the most. */
const isName = (text: string | undefined): text is string =>
  text !== undefined && /^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/.test(text);

const string = (value: unknown) => typeof value === "string" ? value : undefined;

const member = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
