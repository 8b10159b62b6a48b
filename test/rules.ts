/**
 * `make check`: who imports whom, and which names stand where. `rules.ts` reads bpf/, lib/ and src/ of
 * the current directory, prints what breaks a rule, and then exits with status 1.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import process from "node:process";

/** Paths are files, or folders that end with a slash. */
const entries = ["src/bun.ts", "src/deno.ts"];
const rules: Rule[] = [
  { files: ["src/"], except: [...entries, "src/main.ts", "src/cli/"], neverImport: ["src/cli/"] },
  { files: ["lib/"], neverImport: ["src/"] },
  { files: ["lib/", "src/"], except: entries, neverImport: ["lib/bun.ts", "lib/deno.ts"] },
  {
    files: ["src/event/", "src/views/", "src/enrich/"],
    neverImport: ["src/kernel/", "src/run/", "src/cli/"],
  },
  { files: ["src/kernel/"], neverImport: ["src/views/", "src/enrich/", "src/run/", "src/cli/"] },
];
const names: NameRule[] = [
  {
    what: "program",
    definedIn: ["bpf/"],
    definition: /^SEC\("[^"]+"\)\s+int (?:BPF_\w+\()?(\w+)/gm,
    allowedIn: ["src/kernel/backends.ts"],
  },
  {
    what: "column title",
    definedIn: ["src/event/columns.ts", "src/views/flows.ts"],
    definition: /\btitle: "([^"]+)"/g,
    // For an option, PID and UID are what its value is called.
    allowedIn: [
      "src/event/columns.ts",
      "src/views/flows.ts",
      "src/cli/options.ts",
      "src/cli/values.ts",
    ],
  },
];

interface Rule {
  files: string[];
  except?: string[];
  neverImport: string[];
}

interface NameRule {
  what: string;
  definedIn: string[];
  /** Its first group is a name. */
  definition: RegExp;
  /** The TypeScript files that may have it as a string. Comments may name anything. */
  allowedIn: string[];
}

/** The text of each file, by its path from the root of the repository. */
export type Files = ReadonlyMap<string, string>;

/** Returns what breaks the rules, one line each. An import for types alone counts too. */
export function violations(files: Files): string[] {
  const code = new Map(
    [...files].filter(([path]) => path.endsWith(".ts")).map(([path, text]) => [path, parse(text)]),
  );
  const imports = new Map(
    [...code].map(([path, { imports }]) => [
      path,
      imports.map((name) => posix.join(posix.dirname(path), name)),
    ]),
  );
  const found: string[] = [];
  for (const { files, except = [], neverImport } of rules) {
    for (const [path, targets] of imports) {
      if (!within(path, files) || within(path, except)) continue;
      for (const target of targets.filter((target) => within(target, neverImport))) {
        found.push(`${path} must not import ${target}`);
      }
    }
  }
  for (const { what, definedIn, definition, allowedIn } of names) {
    const defined = [...files].filter(([path]) => within(path, definedIn));
    const all = new Set(defined.flatMap(([, text]) => [...text.matchAll(definition)].map(second)));
    if (all.size === 0) found.push(`no ${what} is defined in ${definedIn.join(", ")}`);
    for (const [path, { strings }] of code) {
      if (within(path, allowedIn)) continue;
      for (const text of strings.filter((text) => all.has(text))) {
        found.push(`${path} must not name the ${what} "${text}"`);
      }
    }
  }
  return [...found, ...cycles(imports)];
}

const within = (path: string, places: string[]) =>
  places.some((place) => place.endsWith("/") ? path.startsWith(place) : path === place);

const second = (match: RegExpMatchArray) => match[1]!;

/** Finds strings and relative imports; comments are passed over. */
function parse(text: string): { imports: string[]; strings: string[] } {
  const token =
    /\/\/.*|\/\*[^]*?\*\/|"((?:\\.|[^"\\\n])*)"|'(?:\\.|[^'\\\n])*'|`((?:\\.|[^`\\])*)`/g;
  const imports: string[] = [];
  const strings: string[] = [];
  for (const { 1: plain, 2: template, index } of text.matchAll(token)) {
    const string = plain ?? template;
    if (string === undefined) continue;
    strings.push(string);
    const before = text.slice(Math.max(0, index - 20), index);
    if (string.startsWith(".") && /\b(from|import)[\s(]*$/.test(before)) imports.push(string);
  }
  return { imports, strings };
}

/** One line for each import that closes a circle. */
function cycles(imports: ReadonlyMap<string, string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: string[]) => {
    const start = way.indexOf(path);
    if (start >= 0) found.push(`import cycle: ${[...way.slice(start), path].join(" -> ")}`);
    if (start >= 0 || done.has(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  return found;
}

if (import.meta.main) {
  const paths = ["bpf", "lib", "src"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name))
  );
  const files = paths.filter((path) => /\.(ts|c)$/.test(path)).sort();
  const found = violations(new Map(files.map((path) => [path, readFileSync(path, "utf8")])));
  for (const line of found) console.error(line);
  process.exit(found.length > 0 ? 1 : 0);
}
