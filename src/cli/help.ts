/** What `--help`, `--usage` and `--version` print: from the options table. */

import project from "../../package.json" with { type: "json" };
import { type Group, groupTitles, type Option, shownOptions } from "./options.ts";
import {
  backEndNeeds,
  backEndsCompared,
  choiceOfBackEnd,
  examples,
  exitStatuses,
  lists,
  notAvailable,
  purpose,
  results,
  timesAndIds,
} from "./prose.ts";

export const version = `tcpconnect ${project.version}\n`;

const WIDTH = 98;

const withValue = (name: string, { value }: Option<unknown>) =>
  value === undefined ? name : `${name} ${value}`;

/** Words in lines of at most {@linkcode WIDTH} characters, those after the first indented. */
function wrap(words: readonly string[], indent: string): string {
  const lines = [""];
  for (const word of words) {
    const longer = `${lines.at(-1)!}${lines.at(-1)!.trim() ? " " : ""}${word}`;
    if (longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(indent + word);
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Digits, then letters, small ones before capitals, then signs. */
function byLetter(a: string, b: string): number {
  const key = (c: string) => `${/\d/.test(c) ? 0 : /[a-z]/i.test(c) ? 1 : 2}${c.toLowerCase()}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a < b ? 1 : -1;
}

function synopsis(): string {
  const flags = shownOptions.filter(([, { value }]) => value === undefined);
  const letters = flags.flatMap(([, { short = "" }]) => [...short]).sort(byLetter).join("");
  const capitalsLast = ([, { short = "" }]: (typeof shownOptions)[number]) =>
    `${/[A-Z]/.test(short)}${short}`;
  const valued = shownOptions.filter(([, { short, value }]) => short && value !== undefined)
    .sort((a, b) => capitalsLast(a) < capitalsLast(b) ? -1 : 1);
  const long = shownOptions.toSorted(([a], [b]) => a < b ? -1 : 1);
  return wrap([
    "Usage: tcpconnect",
    `[-${letters}]`,
    ...valued.map(([, option]) => `[${withValue(`-${option.short}`, option)}]`),
    ...long.map(([name, option]) => `[${withValue(`--${name}`, option)}]`),
  ], " ".repeat(12));
}

export const usage = synopsis();

/** The options of a group, a line each. */
function section(wanted: Group): string {
  return shownOptions.filter(([, { group }]) => group === wanted).map(([name, option]) => {
    const letters = [...option.short ?? ""].map((letter) => `-${letter}, `).join("");
    const names = `${letters.padStart(4)}${withValue(`--${name}`, option)}`;
    return `  ${names.padEnd(23)} ${option.sentence}\n`;
  }).join("");
}

/** A paragraph, in lines. */
const paragraph = (text: string) => wrap(text.split(" "), "").trimEnd();

const column = Math.max(...examples.map(([command]) => command.length));
const needs = backEndNeeds.map((words) => words.join(" ")).join(", ");
const outcomes = results.map(({ name, condition = "" }) => `${name} ${condition}`.trimEnd());
const statuses = exitStatuses.map((words) => words.join(" ")).join(", ");

export const help = `\
Usage: tcpconnect [OPTION...]
${purpose}

EXAMPLES:
${examples.map(([command, what]) => `    ${command.padEnd(column)}  # ${what}`).join("\n")}

${groupTitles.show}:
${section("show")}
${groupTitles.trace}:
${section("trace")}
${groupTitles.attach}:
${section("attach")}
${section("other")}
${paragraph(`Back ends: ${choiceOfBackEnd} ${needs}. ${backEndsCompared}`)}

${paragraph(lists)}

${notAvailable}

${
  paragraph(
    `With -r, RESULT is ${outcomes.slice(0, -1).join(", ")}, or ${outcomes.at(-1)}. ${timesAndIds}`,
  )
}

${paragraph(`Exit status: ${statuses}.`)}
`;
