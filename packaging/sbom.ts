/**
 * Prints an SBOM of an executable, SPDX 2.3 as JSON: `sbom.ts NAME EXECUTABLE MAP [SYSROOT]`.
 *
 * The linker's map says which archives are in it, Debian's packages their versions, and Bun its own
 * and those of its parts. SOURCE_DATE_EPOCH is the document's time.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import process from "node:process";
import { gunzipSync } from "node:zlib";
import { archives, bun, bunParts, type Component, toolchain } from "./components.ts";

/** A package of SPDX 2.3, section 7. */
export interface SpdxPackage {
  SPDXID: string;
  name: string;
  versionInfo?: string;
  downloadLocation: string;
  filesAnalyzed: false;
  checksums?: { algorithm: string; checksumValue: string }[];
  licenseConcluded: string;
  licenseDeclared: string;
  copyrightText: string;
  externalRefs?: { referenceCategory: string; referenceType: string; referenceLocator: string }[];
}

const json = (path: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname!, "..", path), "utf8"));

/** Returns the names of the archives that the linker took members from. */
export function linked(map: string): string[] {
  const paths = [...map.matchAll(/(\/?[^\s()]+\/lib\w+\.a)[(:]/g)].map(([, path]) => path!);
  return [...new Set(paths.map((path) => basename(path)))].sort();
}

/** Returns the Debian source package of an installed package, or of one unpacked in a sysroot. */
function debianSource(name: string, sysroot?: string): { source: string; version: string } {
  const text = sysroot
    ? gunzipSync(readFileSync(`${sysroot}/usr/share/doc/${name}/changelog.Debian.gz`)).toString()
    : execFileSync("dpkg-query", ["-W", "-f", "${source:Package} (${source:Version})\n", name], {
      encoding: "utf8",
    });
  const [, source, version] = /^(\S+) \((\S+)\)/.exec(text) ?? [];
  if (!source || !version) throw new Error(`no version of the package ${name}`);
  return { source, version };
}

/** Returns the one version of Bun in package-lock.json, which must be the one that runs this. */
function bunVersion(): string {
  const locked = Object.entries<{ version: string }>(json("package-lock.json").packages)
    .filter(([path]) => path.startsWith("node_modules/@oven/bun-"));
  const versions = new Set(locked.map(([, { version }]) => version));
  const running = process.versions["bun"];
  if (versions.size !== 1 || !running || !versions.has(running)) {
    throw new Error(`Bun ${running} runs, package-lock.json has ${[...versions].join(", ")}`);
  }
  return running;
}

function spdxPackage(
  { name, license, url }: Component,
  id: string,
  version?: string,
  purl?: string,
): SpdxPackage {
  const referenceCategory = "PACKAGE-MANAGER";
  return {
    SPDXID: `SPDXRef-${id.replace(/[^A-Za-z0-9.-]/g, "-")}`,
    name,
    ...(version && { versionInfo: version }),
    downloadLocation: url,
    filesAnalyzed: false,
    licenseConcluded: "NOASSERTION",
    licenseDeclared: license,
    copyrightText: "NOASSERTION",
    ...(purl && {
      externalRefs: [{ referenceCategory, referenceType: "purl", referenceLocator: purl }],
    }),
  };
}

/** Returns the document. */
export function sbom(name: string, executable: string, map: string, sysroot?: string) {
  const { version } = json("package.json");
  const sha256 = createHash("sha256").update(readFileSync(executable)).digest("hex");
  const tool: SpdxPackage = {
    ...spdxPackage(
      { name: "tcpconnect", license: "MIT", url: "NOASSERTION" },
      "tcpconnect",
      version,
    ),
    checksums: [{ algorithm: "SHA256", checksumValue: sha256 }],
  };
  const program = spdxPackage(
    { name: "tcpconnect.bpf.o", license: "MIT OR GPL-2.0-only", url: "NOASSERTION" },
    "kernel-program",
    version,
  );
  const libraries = linked(readFileSync(map, "utf8")).filter((archive) =>
    !toolchain.includes(archive)
  ).map((archive) => {
    const component = archives[archive];
    if (!component) throw new Error(`${archive} is linked, but not in components.ts`);
    const { source, version } = debianSource(component.debian, sysroot);
    const purl = `pkg:deb/debian/${source}@${encodeURIComponent(version)}?arch=source`;
    return spdxPackage(component, component.name, version, purl);
  });
  const runtime = spdxPackage(bun, "bun", bunVersion(), `pkg:npm/bun@${bunVersion()}`);
  const parts = bunParts.map((part) => {
    const told = part.key && process.versions[part.key];
    if (part.key && !told) throw new Error(`Bun does not tell its version of ${part.name}`);
    return spdxPackage(part, `bun-${part.name}`, told);
  });
  const related = (from: string, relationshipType: string, to: SpdxPackage) => ({
    spdxElementId: from,
    relationshipType,
    relatedSpdxElement: to.SPDXID,
  });
  return {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name,
    documentNamespace: `https://spdx.org/spdxdocs/${name}-${sha256}`,
    creationInfo: {
      created: new Date(Number(process.env["SOURCE_DATE_EPOCH"]) * 1000).toISOString()
        .replace(".000Z", "Z"),
      creators: [`Tool: sbom.ts-${version}`],
    },
    packages: [tool, program, ...libraries, runtime, ...parts],
    relationships: [
      related("SPDXRef-DOCUMENT", "DESCRIBES", tool),
      related(tool.SPDXID, "CONTAINS", program),
      ...libraries.map((library) => related(tool.SPDXID, "CONTAINS", library)),
      related(tool.SPDXID, "CONTAINS", runtime),
      ...parts.map((part) => related(runtime.SPDXID, "CONTAINS", part)),
    ],
  };
}

if (import.meta.main) {
  const [, , name, executable, map, sysroot] = process.argv;
  if (!name || !executable || !map) {
    throw new Error("usage: sbom.ts NAME EXECUTABLE MAP [SYSROOT]");
  }
  console.log(JSON.stringify(sbom(name, executable, map, sysroot), null, 2));
}
