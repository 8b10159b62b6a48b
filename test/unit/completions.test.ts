import assert from "node:assert/strict";
import test from "node:test";
import { completions } from "../../src/cli/completions.ts";
import {
  type Entry,
  optionEntries,
  shells,
  shownOptions,
  spellings,
} from "../../src/cli/options.ts";
import { columns } from "../../src/event/columns.ts";
import { backendNames } from "../../src/kernel/backends.ts";

/** The options that a script offers. */
const offered = {
  bash(script: string): string[] {
    const [, list] = /^\t\*\) __tcpconnect_offer word < <\(printf '%s\\n' (.*)\) ;;$/m.exec(
      script,
    )!;
    return list!.split(" ").map((word) => word.slice(1, -1));
  },
  zsh(script: string): string[] {
    const specs = script.matchAll(/^ {4}'(?:\([^)]*\))?\*?(--?[\w?-]+)[=+]?\[/gm);
    return [...specs].map(([, name]) => name!);
  },
  fish(script: string): string[] {
    return script.split("\n").filter((line) => line.startsWith("complete ")).flatMap((line) => [
      ...[...line.matchAll(/ --short-option '(.)'/g)].map(([, letter]) => `-${letter}`),
      ...[...line.matchAll(/ --long-option (\S+)/g)].map(([, name]) => `--${name}`),
    ]);
  },
};

const entry = (option: Partial<Entry[1]>): Entry => ["new-one", {
  ...{ short: "N", value: "X", completes: [], group: "show", sentence: "Does it" },
  ...{ multiple: false, parse: () => undefined },
  ...option,
}];

for (const shell of shells) {
  test(`completions() for ${shell} offers every option, and no other`, () => {
    const all = shownOptions.flatMap(spellings);
    assert.deepEqual(offered[shell](completions(shell)).sort(), all.sort());
  });

  test(`completions() for ${shell} offers an option that is new in the table`, () => {
    assert.deepEqual(offered[shell](completions(shell, [entry({})])).sort(), ["--new-one", "-N"]);
  });

  test(`completions() for ${shell} names every back end`, () => {
    const script = completions(shell);
    for (const name of ["auto", ...backendNames]) assert.match(script, new RegExp(`\\b${name}\\b`));
  });

  test(`completions() for ${shell} quotes what a sentence has`, () => {
    const script = completions(shell, [entry({ sentence: "It's $(false) `false`" })]);
    const found = /It('\\''|\\')s \$\(false\) `false`/.test(script);
    assert.equal(found, shell !== "bash"); // which shows no sentences
  });
}

test("words that complete a value need no quotes, and are no options", () => {
  for (const [name, { completes = [] }] of optionEntries) {
    if (typeof completes === "string") continue;
    for (const word of completes) assert.match(word, /^[a-zA-Z0-9_][\w-]*$/, name);
  }
});

test("every option with a value says how it completes", () => {
  for (const [name, { value, completes }] of shownOptions) {
    assert.equal(completes !== undefined, value !== undefined, name);
  }
});

test("keys of columns need no quotes", () => {
  for (const key of Object.keys(columns)) assert.match(key, /^[a-z]+$/);
});
