/** The names of containers, from the files of engines; the engines themselves are not called. */

import { opendirSync } from "node:fs";
import { Bounded } from "./bounded.ts";
import { isContainerId, type Runtime } from "./container.ts";
import { FileRefused, type Read, readJson, type StateFile } from "./files.ts";
import {
  containerdRecord,
  type ContainerRecord,
  dockerRecord,
  linkRecord,
  storageRecords,
} from "./records.ts";
import { rootsOf, type StateRoots } from "./roots.ts";

/** Storage drivers of containers/storage; each has its own directory of records. */
const DRIVERS = ["overlay", "vfs", "btrfs", "zfs"];
/** `volatile-containers.json` has those that need not outlive a crash. */
const LISTS = ["containers.json", "volatile-containers.json"];
/** So many lists are remembered, */
const MAX_LISTS = 64;
/** and so many names of links are looked at. */
const MAX_LINKS = 4096;

/** What {@linkcode Names} may be given. */
export interface NameOptions {
  /** Takes a line about the first file that is not as it should be; there is one line at most. */
  readonly warn: (line: string) => void;
  /** Where the engines of a user, by UID, keep their records. @default rootsOf */
  readonly roots?: (uid: number) => StateRoots;
}

/** A record, and the engine that has it. */
export interface Known {
  readonly record: ContainerRecord;
  readonly runtime: Runtime;
}

/** Reads the records of engines. */
export class Names {
  readonly #warn: (line: string) => void;
  readonly #roots: (uid: number) => StateRoots;
  readonly #lists = new Bounded<string, [version: string, ReadonlyMap<string, ContainerRecord>]>(
    MAX_LISTS,
  );
  #warned = false;

  constructor({ warn, roots = rootsOf }: NameOptions) {
    this.#warn = warn;
    this.#roots = roots;
  }

  /**
   * What the files of engines have about a container. Each file takes a tenth of a millisecond.
   *
   * @param id 64 hexadecimal digits; nothing is known of anything else.
   * @param uid Who made its cgroup. Only the engines of that user count: anybody may call a cgroup of
   * their own by the ID of another one's container.
   * @param runtime The engine that counts. @default any
   */
  find(id: string, uid: number, runtime?: Runtime): Known | undefined {
    if (!isContainerId(id)) return undefined;
    const roots = this.#roots(uid);
    const engines = runtime ? [runtime] : ["docker", "podman", "containerd"] as const;
    const known = first(engines, (runtime) => {
      const record = this.#record(runtime, roots, uid, id);
      return record && { record, runtime };
    });
    if (known) return known;
    const record = first(roots.logs, (path) => this.#link(path, id));
    return record && { record, runtime: runtime ?? "containerd" };
  }

  #record(
    runtime: Runtime,
    roots: StateRoots,
    uid: number,
    id: string,
  ): ContainerRecord | undefined {
    switch (runtime) {
      case "docker":
        return first(roots.docker, (root) => {
          const read = this.#read({ path: [...root, "containers", id, "config.v2.json"], uid });
          return dockerRecord(read?.json);
        });
      case "podman":
      case "cri-o":
        return first(
          roots.storage,
          (root) =>
            first(
              DRIVERS,
              (driver) =>
                first(LISTS, (list) =>
                  this.#list({ path: [...root, `${driver}-containers`, list], uid })?.get(id)),
            ),
        );
      case "containerd":
        return first(
          roots.containerd,
          (root) => containerdRecord(this.#read({ path: [...root, id, "config.json"], uid })?.json),
        );
      default: // named by the path already
        return undefined;
    }
  }

  /** A list of containers; it is parsed again only when it has changed. */
  #list(file: StateFile): ReadonlyMap<string, ContainerRecord> | undefined {
    const key = file.path.join("/");
    const [version, records] = this.#lists.get(key) ?? [];
    const read = this.#read(file, version);
    if (!read || read.version === version) return read && records;
    const fresh = storageRecords(read.json);
    this.#lists.set(key, [read.version, fresh]);
    return fresh;
  }

  /** The names of kubelet's links are read; no link is followed. */
  #link(path: string, id: string): ContainerRecord | undefined {
    try {
      const directory = opendirSync(path);
      try {
        for (let i = 0; i < MAX_LINKS; i++) {
          const entry = directory.readSync();
          if (!entry) break;
          const [found, record] = linkRecord(entry.name) ?? [];
          if (found === id) return record;
        }
      } finally {
        directory.closeSync();
      }
    } catch {
      // Most hosts have no kubelet.
    }
    return undefined;
  }

  #read(file: StateFile, known?: string): Read | undefined {
    try {
      return readJson(file, known);
    } catch (error) {
      if (!(error instanceof FileRefused)) throw error;
      if (!this.#warned) this.#warn(`names of containers: ${error.message}`);
      this.#warned = true;
      return undefined;
    }
  }
}

/** The first result that there is. */
function first<T, R>(elements: readonly T[], get: (element: T) => R | undefined): R | undefined {
  for (const element of elements) {
    const result = get(element);
    if (result !== undefined) return result;
  }
  return undefined;
}
