/** Which systemd unit a cgroup belongs to. */

const UNIT = /^(.+)\.(service|scope|socket|mount|swap)$/;
/** Units below which a user's own systemd or session has units of its own. */
const USER = /^(user@\d+\.service|session-[^/]+\.scope)$/;

/**
 * The unit, of a user's systemd if there is one: the first name that is no slice, as systemd itself
 * has it (`cg_path_get_unit()` and `cg_path_get_user_unit()` of its `cgroup-util.c`). What a unit
 * calls the cgroups that it makes below its own is its own affair.
 *
 * @param path As in the last field of /proc/PID/cgroup.
 */
export function unitOf(path: string): string | undefined {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  const [unit, rest] = outermost(names);
  if (!unit || !USER.test(unit)) return unit;
  return outermost(rest)[0] ?? unit;
}

function outermost(names: readonly string[]): [unit: string | undefined, rest: readonly string[]] {
  const at = names.findIndex((name) => !name.endsWith(".slice"));
  // A name that could be taken for a file of the kernel begins with "_" (cg_escape()).
  const name = names[at]?.replace(/^_/, "");
  return [name && UNIT.test(name) ? name : undefined, names.slice(at + 1)];
}

/** Undoes what systemd-escape(1) does to a name. */
export const unescapeUnit = (text: string): string =>
  text.replace(/\\x([0-9a-f]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
