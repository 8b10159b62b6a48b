/** What `--container` means. */

import assert from "node:assert/strict";
import test from "node:test";
import { matchesContainer, matchesGlob } from "../../src/enrich/match.ts";
import { id } from "./engines.ts";

test("matchesContainer() compares names, and IDs from 6 digits on", () => {
  const web = { id: `c0ffee${id("1").slice(6)}`, name: "web-1" };
  for (const pattern of ["web-1", "web*", "w?b-1", "*", "c0ffee", "c0ffee11", web.id]) {
    assert.equal(matchesContainer(pattern, web), true, pattern);
  }
  for (const pattern of ["web", "eb-1", "c0ffe", "c0ffee2", "C0FFEE", "", "0ffee1", `${web.id}1`]) {
    assert.equal(matchesContainer(pattern, web), false, pattern);
  }
  assert.equal(matchesContainer("*", { id: web.id }), false);
  assert.equal(matchesContainer("c0ffee", { id: web.id }), true);
});

test("matchesGlob() is what a regular expression says", () => {
  const texts = ["", "a", "b", "ab", "ba", "aab", "abab", "abcab", ".", "a.b", "[a]"];
  const patterns = [
    "",
    "a",
    "*",
    "?",
    "a*",
    "*a",
    "*b",
    "a*b",
    "*ab",
    "*a*b*",
    "a?b",
    "??",
    "*?",
    "?*b",
    ".",
    "[a]",
    "**",
    "a**b",
  ];
  for (const pattern of patterns) {
    const escaped = pattern.replace(/[.[\]]/g, "\\$&").replaceAll("?", ".").replaceAll("*", ".*");
    const expression = new RegExp(`^${escaped}$`);
    for (const text of texts) {
      assert.equal(matchesGlob(pattern, text), expression.test(text), `${pattern} ${text}`);
    }
  }
});

test("matchesGlob() takes no time to speak of for a pattern of stars", () => {
  const began = performance.now();
  assert.equal(matchesGlob("a*".repeat(1000) + "b", "a".repeat(5000)), false);
  assert.ok(performance.now() - began < 1000);
});
