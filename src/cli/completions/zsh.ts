/** Completion in zsh: a function for its completion system, compinit. */

import { type Completes, type Entry, spellings } from "../options.ts";
import { quoted } from "./words.ts";

/** The command that adds what a value may be. */
function source(completes: Completes): string {
  switch (completes) {
    case "user":
      return "_tcpconnect_users";
    case "process":
      return "_tcpconnect_pids";
    case "file":
      return "_files";
    default:
      return `compadd - ${completes.join(" ")}`;
  }
}

/** What follows the description of an option that takes a value: `:message:action`. */
function argument({ value, completes = [], list }: Entry[1]): string {
  if (value === undefined) return "";
  if (completes.length === 0) return `:${value}: `;
  return `:${value}:${list ? "_tcpconnect_list " : ""}${source(completes)}`;
}

/** As _arguments takes it, one for each spelling. */
function specs(entry: Entry, all: readonly Entry[]): string[] {
  const [name, option] = entry;
  const rivals = all.filter(([other, { excludes = [] }]) =>
    option.excludes?.includes(other) || excludes.includes(name)
  );
  const excluded = [...option.multiple ? [] : [entry], ...rivals].flatMap(spellings).join(" ");
  const what = option.sentence.replace(/[\\[\]]/g, "\\$&");
  return spellings(entry).map((spelling) => {
    const equals = option.value === undefined ? "" : spelling.startsWith("--") ? "=" : "+";
    return quoted(
      `${excluded && `(${excluded})`}${option.multiple ? "*" : ""}${spelling}${equals}` +
        `[${what}]${argument(option)}`,
    );
  });
}

/** The script for zsh. */
export function zsh(entries: readonly Entry[]): string {
  const all = entries.flatMap((entry) => specs(entry, entries));
  return `\
#compdef tcpconnect
# zsh completion for tcpconnect(8), made from its options: tcpconnect --completions zsh

# The last element of a comma-separated list; a ! or a + may stand before the first.
_tcpconnect_list() {
  if compset -P '!'; then
    # The backslash before it is gone, but still needed.
    [[ -n $compstate[quote] ]] || IPREFIX=\${IPREFIX%!}'\\!'
  else
    compset -P '+'
  fi
  _sequence "$@"
}

_tcpconnect_users() {
  compadd "$@" - \${\${(f)"$(</etc/passwd)"}%%:*}
}

# _pids tells only of the processes of this terminal.
_tcpconnect_pids() {
  local -a list=(\${(f)"$(ps -eo pid=,comm=)"})
  compadd "$@" -d list - \${\${list## #}%% *}
}

_tcpconnect() {
  _arguments -s -S \\
    ${all.join(" \\\n    ")}
}

# Autoloaded, the file is the function; from \`source\`, it only defines it.
if [[ $funcstack[1] == _tcpconnect ]]; then
  _tcpconnect "$@"
else
  compdef _tcpconnect tcpconnect
fi
`;
}
