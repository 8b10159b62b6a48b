/** Completion in fish. */

import { type Completes, type Entry } from "../options.ts";
import { letters, quoted } from "./words.ts";

/** The command that prints what a value may be, a line each. */
function source(completes: Exclude<Completes, "file">): string {
  switch (completes) {
    case "user":
      return "string match -r '^[^:]+' </etc/passwd";
    case "process":
      return "__fish_complete_pids";
    default:
      return `printf '%s\\n' ${completes.join(" ")}`;
  }
}

/** A word as fish takes it literally: unlike in other shells, a backslash has a meaning in it. */
const literal = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;

/** What is said of the value of an option. */
function argument({ value, completes = [], list }: Entry[1]): string[] {
  if (value === undefined) return [];
  if (completes === "file") return ["--require-parameter", "--force-files"];
  if (completes.length === 0) return ["--exclusive"];
  const words = `(${source(completes)})`;
  return ["--exclusive", "--arguments", literal(list ? `(__tcpconnect_list ${words})` : words)];
}

function command([name, option]: Entry): string {
  return [
    "complete --command tcpconnect",
    ...[...option.short ?? ""].map((letter) => `--short-option ${quoted(letter)}`),
    `--long-option ${name}`,
    ...argument(option),
    `--description ${literal(option.sentence)}`,
  ].join(" ");
}

/** The script for fish. */
export function fish(entries: readonly Entry[]): string {
  const [withValue, without] = [true, false].map((valued) => letters(entries, { valued }));
  return `\
# fish completion for tcpconnect(8), made from its options: tcpconnect --completions fish

# Prints the arguments, each behind what is typed of a comma-separated list before its last element;
# a ! or a + may stand before the first.
function __tcpconnect_list
    set -l option '^(--[^=]*=|-[${without}]*[${withValue}])?'
    set -l value (commandline -ct | string replace -r $option'[\\'"]?' '' | string replace -a '\\\\' '')
    set -l before (string match -r '^(?:.*,|[!+])' -- $value; or echo)
    printf '%s\\n' $before$argv
end

complete --command tcpconnect --no-files
${entries.map(command).join("\n")}
`;
}
