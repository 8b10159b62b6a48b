import assert from "node:assert/strict";
import test from "node:test";
import { manual } from "../../src/cli/man.ts";
import { type Entry, optionEntries, shownOptions, spellings } from "../../src/cli/options.ts";
import { escaped, item, running } from "../../src/cli/roff.ts";
import { columns } from "../../src/event/columns.ts";
import { causes } from "../../src/kernel/accounting.ts";
import { backendNames } from "../../src/kernel/backends.ts";

const page = manual("2026-01-31");
/** As it is read: without fonts and escapes. */
const plain = page.replace(/\\f[BIR]/g, "").replaceAll("\\-", "-").replaceAll("\\(aq", "'");

/** Each item, as its head and its text. */
const items = new Map(
  [...plain.matchAll(/^\.TP\n(.+)\n((?:[^.].*\n)*)/gm)].map(([, head, text]) =>
    [head!, text!.replaceAll("\n", " ").trimEnd()] as const
  ),
);

test("manual() has the date, and the sections that a manual has", () => {
  assert.match(page, /^\.TH TCPCONNECT 8 2026-01-31 "tcpconnect \d+\.\d+\.\d+"$/m);
  const sections = [...page.matchAll(/^\.SH (.+)$/gm)].map(([, title]) => title);
  assert.deepEqual(sections, [
    ...["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COLUMNS", "RESULTS", "BACK ENDS"],
    ...["EXIT STATUS", "SIGNALS", "EXAMPLES", "ENVIRONMENT", "FILES", "NOTES", "SEE ALSO"],
  ]);
});

test("manual() tells of every option with its sentence and its details", () => {
  for (const entry of shownOptions) {
    const [, { value, sentence, details = "" }] = entry;
    const names = spellings(entry).map((name) => value === undefined ? name : `${name} ${value}`);
    const text = items.get(names.join(", ")) ?? "";
    for (const words of [`${sentence}.`, details]) {
      assert.ok(text.includes(words.replaceAll("`", "")), text);
    }
  }
});

test("manual() tells of no option that is not in the table", () => {
  const known = optionEntries.flatMap(spellings);
  const named = [...plain.matchAll(/(?<![\w'*-])--?[a-zA-Z0-9?][\w-]*/g)].map(([name]) => name);
  assert.ok(named.length > shownOptions.length);
  assert.deepEqual(named.filter((name) => !known.includes(name)), []);
});

test("manual() says of both options which exclude each other", () => {
  assert.match(items.get("-4, --ipv4")!, / It is refused beside -6\.$/);
  assert.match(items.get("-6, --ipv6")!, / It is refused beside -4\.$/);
  assert.match(items.get("-t, --timestamp")!, / It is refused beside -\w(, -\w)* and -\w\.$/);
});

test("manual() tells of every column, back end and cause of losses", () => {
  for (const [key, { title, sentence }] of Object.entries(columns)) {
    assert.equal(items.get(`${title} (${key})`), `${sentence}.`);
  }
  for (const name of [...backendNames, ...Object.keys(causes)]) assert.ok(items.has(name), name);
});

test("manual() tells of an option that is new in the table", () => {
  const entry: Entry = ["new-one", {
    ...{ short: "N", value: "X", completes: [], list: true, group: "attach" },
    ...{ sentence: "Does it", details: "As told.", multiple: true, parse: () => undefined },
  }];
  assert.match(
    manual("2026-01-31", [entry]),
    /^\\fB\\-N\\fR \\fIX\\fR, \\fB\\-\\-new\\-one\\fR \\fIX\\fR\nDoes it\.\nComma.*\n(.*\n)?As told\.$/m,
  );
});

test("escaped() keeps what roff would change", () => {
  assert.equal(escaped("\\ - ' ` ^ ~"), "\\e \\- \\(aq \\(ga \\(ha \\(ti");
});

test("running() sets what is typed in bold, and a sentence on lines of its own", () => {
  assert.equal(running("See -t. Or `a b`."), "See \\fB\\-t\\fR.\nOr \\fBa b\\fR.");
  assert.equal(running("IPv4-mapped -4"), "IPv4\\-mapped \\fB\\-4\\fR");
  const lines = running(`${"word ".repeat(40)}end`).split("\n");
  assert.equal(lines.length, 3);
});

test("running() and item() make no requests of what begins with a dot or an apostrophe", () => {
  assert.equal(running(".so x"), "\\&.so x");
  assert.equal(running("'so x"), "\\(aqso x");
  assert.equal(item(".so", ".so"), ".TP\n\\&.so\n\\&.so");
  assert.doesNotMatch(running(`${"w".repeat(77)} .so x`), /^\./m);
});
