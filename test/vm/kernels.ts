import type { PackageSet } from "./packages.ts";

/** A kernel that the tests boot: Debian packages that hold its image, its modules and its config. */
export interface Kernel extends PackageSet {
  /** Its series, and the architecture if that is not x86-64. */
  name: string;
}

/** The kernels that `make test-vm` boots, slowest first, so that two side by side end together. */
export const kernels: readonly Kernel[] = [
  {
    name: "arm64 6.12",
    arch: "arm64",
    suite: "bookworm-backports",
    packages: ["linux-image-6.12.*-cloud-arm64"],
  },
  {
    name: "arm64 6.1",
    arch: "arm64",
    suite: "bookworm",
    packages: ["linux-image-6.1.*-cloud-arm64"],
  },
  {
    name: "7.x",
    arch: "amd64",
    suite: "trixie-backports",
    packages: [
      "linux-binary-7.*-cloud-amd64",
      "linux-base-7.*-cloud-amd64",
      "linux-modules-7.*-cloud-amd64",
    ],
  },
  {
    name: "6.12",
    arch: "amd64",
    suite: "bookworm-backports",
    packages: ["linux-image-6.12.*-cloud-amd64"],
  },
  { name: "6.1", arch: "amd64", suite: "bookworm", packages: ["linux-image-6.1.*-cloud-amd64"] },
  { name: "5.10", arch: "amd64", suite: "bullseye", packages: ["linux-image-5.10.*-cloud-amd64"] },
];

/** Returns the kernel of that name; throws a RangeError that lists the names if there is none. */
export function kernel(name: string): Kernel {
  const found = kernels.find((kernel) => kernel.name === name);
  if (found) return found;
  throw new RangeError(`no kernel ${name}: ${kernels.map((kernel) => kernel.name).join(", ")}`);
}
