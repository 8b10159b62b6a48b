import { globSync } from "node:fs";
import { basename, join } from "node:path";
import type { GuestFiles } from "./initramfs.ts";
import { type Arch, unpack } from "./packages.ts";

/** What busybox cannot do: networks with delays, rules and routes that refuse, and capabilities. */
const programs = ["bin/ip", "sbin/tc", "usr/sbin/nft", "usr/bin/setpriv"];

/** The packages that hold them, and the libraries that they need beside a guest's own. */
const packages = [
  ..."iproute2 nftables util-linux".split(" "),
  ..."libbpf1 libbsd0 libcap2 libcap-ng0 libedit2 libgmp10 libjansson4 libmd0 libmnl0".split(" "),
  ..."libnftables1 libnftnl11 libtinfo6 libxtables12".split(" "),
];

const libraries: Record<Arch, string> = {
  amd64: "lib/x86_64-linux-gnu",
  arm64: "lib/aarch64-linux-gnu",
};

/** The kernel modules that the networks of the tests need. */
export const networkModules = ["veth", "sch_netem", "nf_tables", "nft_reject_inet"];

/** Returns `ip`, `tc`, `nft` and `setpriv` with their libraries, for a guest. */
export function guestPrograms(arch: Arch): GuestFiles {
  const tree = unpack(`programs-${arch}`, { arch, suite: "bookworm", packages });
  const shared = globSync(`{usr/,}${libraries[arch]}/*.so.*`, { cwd: tree })
    .filter((path) => /\.so\.\d+$/.test(path));
  return Object.fromEntries([
    ...programs.map((path) => [`/usr/sbin/${basename(path)}`, join(tree, path)]),
    ...shared.map((path) => [`/${libraries[arch]}/${basename(path)}`, join(tree, path)]),
  ]);
}
