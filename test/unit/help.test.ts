import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { columnsHelp } from "../../src/cli/columns.ts";
import { help, usage } from "../../src/cli/help.ts";

const golden = (name: string) => readFileSync(`${import.meta.dirname}/golden/${name}.txt`, "utf8");

test("help is what it was, byte for byte", () => assert.equal(help, golden("help")));
test("usage is what it was, byte for byte", () => assert.equal(usage, golden("usage")));
test("columnsHelp is what it was, byte for byte", () =>
  assert.equal(columnsHelp, golden("columns")));
