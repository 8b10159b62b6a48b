/** Completion in bash. It needs nothing of the package bash-completion. */

import { type Completes, type Entry, spellings } from "../options.ts";
import { letters, quoted } from "./words.ts";

/** The command that prints what a value may be, a line each. */
function source(completes: Exclude<Completes, "file">): string {
  switch (completes) {
    case "user":
      return "cut -d: -f1 /etc/passwd";
    case "process":
      return "printf '%s\\n' /proc/[0-9]* | cut -d/ -f3";
    default:
      return `printf '%s\\n' ${completes.map(quoted).join(" ")}`;
  }
}

/** What is done for the value of an option. */
function action({ completes = [], list }: Entry[1]): string {
  // What the function leaves empty, readline completes as a file name.
  if (completes === "file") return "compopt -o default";
  if (completes.length === 0) return ":";
  return `__tcpconnect_offer ${list ? "list" : "word"} < <(${source(completes)})`;
}

/** The script for bash. */
export function bash(entries: readonly Entry[]): string {
  const valued = entries.filter(([, { value }]) => value !== undefined);
  const cases = valued.map((entry) =>
    `\t${spellings(entry).map(quoted).join(" | ")}) ${action(entry[1])} ;;\n`
  );
  const names = entries.flatMap(spellings);
  const [withValue, without] = [true, false].map((valued) => letters(entries, { valued }));
  return `\
# bash completion for tcpconnect(8), made from its options: tcpconnect --completions bash

# Offers the lines of standard input that begin as what is typed: $before$cur, of which readline
# replaces $before too. In a list that is its last element; a ! or a + may stand before the first.
__tcpconnect_offer() {
	local line
	if [[ $1 == list ]]; then
		compopt -o nospace
		[[ $cur =~ ^(.*,|\\\\?[!+]) ]] && before+=\${BASH_REMATCH[1]} cur=\${cur#"\${BASH_REMATCH[1]}"}
	fi
	while IFS= read -r line; do
		[[ $line == "$cur"* ]] && printf -v line %q "$line" && COMPREPLY+=("$before$line")
	done
}

_tcpconnect() {
	# In --option=value the equals sign is a word of its own, if COMP_WORDBREAKS has it.
	local cur=$2 option=\${COMP_WORDS[COMP_CWORD - 1]} before=
	[[ $cur == = ]] && cur=
	[[ $option == = ]] && option=\${COMP_WORDS[COMP_CWORD - 2]}
	if [[ $cur == --*=* ]]; then
		option=\${cur%%=*} before=$option= cur=\${cur#*=}
	elif [[ $cur =~ ^-[${without}]*[${withValue}] && $cur != --* ]]; then
		before=\${BASH_REMATCH[0]} option=-\${before: -1} cur=\${cur#"$before"}
	elif [[ $option =~ ^-[${without}]*([${withValue}])$ ]]; then
		option=-\${BASH_REMATCH[1]}
	fi
	COMPREPLY=()
	case $option in
${cases.join("")}\t*) __tcpconnect_offer word < <(printf '%s\\n' ${names.map(quoted).join(" ")}) ;;
	esac
}
complete -F _tcpconnect tcpconnect
`;
}
