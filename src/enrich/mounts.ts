/** What is mounted where, of proc_pid_mountinfo(5). */

import { readFileSync } from "node:fs";

/** One mount. */
export interface Mount {
  /** What of the file system is mounted: "/" is all of it. */
  readonly root: string;
  /** Where. */
  readonly point: string;
  /** As in `cgroup2` or `fuse.sshfs`. */
  readonly type: string;
  /** Options of the file system: for cgroup v1, its controllers or `name=...` are among them. */
  readonly options: readonly string[];
}

/** The mounts that the process sees; none if /proc cannot be read. */
export function readMounts(): Mount[] {
  try {
    return parseMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  } catch {
    return [];
  }
}

/** @param mountinfo Text as in proc_pid_mountinfo(5); lines of another shape are passed over. */
export function parseMounts(mountinfo: string): Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const fields = line.split(" ");
    // Optional fields come before the "-".
    const dash = fields.indexOf("-", 6);
    const [root, point] = [fields[3], fields[4]];
    const type = fields[dash + 1];
    if (dash < 0 || !root || !point || !type) return [];
    const options = fields[dash + 3]?.split(",") ?? [];
    return [{ root: unescape(root), point: unescape(point), type, options }];
  });
}

/** Space, tab, line feed and backslash are written in octal (seq_path() of the kernel). */
const unescape = (text: string) =>
  text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8)));

/** The mount in which an absolute path lies. Of two at one place the later one is on top. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const inside = mount.point === "/" || path === mount.point ||
      path.startsWith(`${mount.point}/`);
    if (inside && (!found || mount.point.length >= found.point.length)) found = mount;
  }
  return found;
}
