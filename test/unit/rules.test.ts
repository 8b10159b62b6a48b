/** What `make check` says of a tree that breaks a rule. */

import assert from "node:assert/strict";
import test from "node:test";
import { violations } from "../rules.ts";

/** A small tree that keeps the rules. */
const tree = {
  "bpf/tool.bpf.c": 'SEC("fexit/tcp_v4_connect")\nint BPF_PROG(fexit_v4, int ret)\n{\n}\n',
  "bpf/sockops.bpf.c": 'SEC("sockops")\nint connect_cb(struct bpf_sock_ops *ctx)\n{\n}\n',
  "lib/mod.ts": 'export * from "./map.ts";\n',
  "lib/map.ts": '/** @example opened.load(["fexit_v4"]) */\n',
  "lib/bun.ts": 'import { open } from "./mod.ts";\n',
  "lib/deno.ts": 'import { open } from "./mod.ts";\n',
  "src/bun.ts": 'import { open } from "../lib/bun.ts";\nimport { main } from "./main.ts";\n',
  "src/deno.ts": 'import { open } from "../lib/deno.ts";\nimport { main } from "./main.ts";\n',
  "src/main.ts": 'import { parse } from "./cli/parse.ts";\nimport { live } from "./run/live.ts";\n',
  "src/cli/parse.ts": 'import { options } from "./options.ts";\n',
  "src/cli/options.ts": 'import { columns } from "../event/columns.ts";\nconst value = "PID";\n',
  "src/run/live.ts":
    'import { attach } from "../kernel/backends.ts";\nimport "../views/flows.ts";\n',
  "src/kernel/backends.ts": 'import { map } from "../../lib/mod.ts";\nconst plan = ["fexit_v4"];\n',
  "src/views/flows.ts": 'import "../event/columns.ts";\nconst all = [{ title: "CONNECTS" }];\n',
  "src/event/columns.ts": 'const all = { pid: { title: "PID" }, lat: { title: "LAT(ms)" } };\n',
};

/** The tree with lines put behind the text of a file, which may be new. */
function withLines(path: string, ...lines: string[]): Map<string, string> {
  const files = new Map<string, string>(Object.entries(tree));
  return files.set(path, [files.get(path) ?? "", ...lines, ""].join("\n"));
}

test("violations() finds none in a tree that keeps the rules", () => {
  assert.deepEqual(violations(new Map(Object.entries(tree))), []);
});

const forbidden = [
  ["src/run/live.ts", "src/cli/options.ts"],
  ["src/new.ts", "src/cli/options.ts"],
  ["src/kernel/backends.ts", "src/cli/options.ts"],
  ["src/kernel/backends.ts", "src/views/flows.ts"],
  ["src/kernel/backends.ts", "src/enrich/names.ts"],
  ["src/kernel/deep/new.ts", "src/run/pace.ts"],
  ["src/event/columns.ts", "src/kernel/backends.ts"],
  ["src/views/flows.ts", "src/run/pace.ts"],
  ["src/enrich/names.ts", "src/kernel/backends.ts"],
  ["src/enrich/names.ts", "src/cli/options.ts"],
  ["lib/map.ts", "src/event/columns.ts"],
  ["lib/map.ts", "lib/bun.ts"],
  ["src/main.ts", "lib/deno.ts"],
] as const;
for (const [from, to] of forbidden) {
  test(`violations() finds that ${from} imports ${to}`, () => {
    const up = "../".repeat(from.split("/").length - 1);
    const lines = [
      `import { x } from "${up}${to}";`,
      `import type {\n  X,\n} from "${up}${to}";`,
      `import "${up}${to}";`,
      `export * from "${up}${to}";`,
      `const x = await import(\n  "${up}${to}"\n);`,
    ];
    for (const line of lines) {
      const found = violations(withLines(from, line));
      assert.equal(found[0], `${from} must not import ${to}`, line);
    }
  });
}

test("violations() heeds no comments and no other strings", () => {
  const lines = ['// import { x } from "../cli/options.ts";', '/* from "../cli/options.ts" */'];
  const others = [
    'const path = "../cli/options.ts"; // not "fexit_v4"',
    'const s = "//"; // "PID"',
  ];
  assert.deepEqual(violations(withLines("src/run/live.ts", ...lines, ...others)), []);
});

test("violations() sees what is behind a string with a comment's beginning in it", () => {
  const found = violations(
    withLines("src/run/live.ts", 'const s = "/*" + `//`, p = "connect_cb";'),
  );
  assert.deepEqual(found, ['src/run/live.ts must not name the program "connect_cb"']);
});

test("violations() finds names that have another place", () => {
  for (
    const [path, name, what] of [
      ["src/run/live.ts", "fexit_v4", "program"],
      ["src/kernel/tracer.ts", "connect_cb", "program"],
      ["lib/map.ts", "fexit_v4", "program"],
      ["src/views/table.ts", "LAT(ms)", "column title"],
      ["src/main.ts", "PID", "column title"],
      ["src/cli/help.ts", "CONNECTS", "column title"],
    ]
  ) {
    for (const quoted of [`"${name}"`, `\`${name}\``]) {
      const found = violations(withLines(path!, `const x = ${quoted};`));
      assert.deepEqual(found, [`${path} must not name the ${what} "${name}"`]);
    }
  }
});

test("violations() does not pass when it no longer finds what the names are", () => {
  const files = withLines("src/main.ts");
  for (const path of ["bpf/tool.bpf.c", "bpf/sockops.bpf.c"]) files.delete(path);
  assert.deepEqual(violations(files), ["no program is defined in bpf/"]);
});

test("violations() finds an import cycle", () => {
  const files = withLines("src/event/columns.ts", 'import type { View } from "./view.ts";');
  files.set("src/event/view.ts", 'export { x } from "./text.ts";');
  files.set("src/event/text.ts", 'import { columns } from "./columns.ts";');
  assert.deepEqual(violations(files), [
    "import cycle: src/event/columns.ts -> src/event/view.ts -> src/event/text.ts -> src/event/columns.ts",
  ]);
});
