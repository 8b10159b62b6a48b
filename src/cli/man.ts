/** The manual page, tcpconnect(8), in the man(7) format: from the tables. */

import project from "../../package.json" with { type: "json" };
import { type Column, columns } from "../event/columns.ts";
import { causes, WATCH_MS } from "../kernel/accounting.ts";
import { backendNames, backends } from "../kernel/backends.ts";
import { type Entry, type Group, groupTitles, shownOptions, spellings } from "./options.ts";
import * as prose from "./prose.ts";
import { bold, escaped, italic, item, paragraph, running } from "./roff.ts";

/** Words as a sentence. */
const capital = (words: string) => `${words[0]!.toUpperCase()}${words.slice(1)}.`;

const section = (title: string, ...blocks: string[]) => [`.SH ${title}`, ...blocks].join("\n");
const part = (title: string, ...blocks: string[]) => [`.SS ${title}`, ...blocks].join("\n");

/** An option with all that the table knows of it. */
function describe(entry: Entry, all: readonly Entry[]): string {
  const [name, { value, list, multiple, excludes = [], sentence, details }] = entry;
  const heads = spellings(entry).map((spelling) =>
    value === undefined ? bold(spelling) : `${bold(spelling)} ${italic(value)}`
  );
  const others = all.filter(([other, option]) =>
    excludes.includes(other) || option.excludes?.includes(name)
  ).map((other) => spellings(other)[0]!);
  const sentences = [
    `${sentence}.`,
    list && `Comma-separated${multiple ? "; if given more than once, all elements count" : ""}.`,
    details,
    others.length > 0 && `It is refused beside ${prose.listed(others, "and")}.`,
  ];
  return item(heads.join(", "), sentences.filter(Boolean).join(" "));
}

function group(name: Group, title: string, all: readonly Entry[]): string {
  const own = all.filter(([, option]) => option.group === name);
  return part(title, ...own.map((entry) => describe(entry, all)));
}

const withFtrace = prose.listed(backendNames.filter((name) => backends[name].ftrace), "and");

const environment = {
  TZ: "the time zone of -T; see tzset(3)",
  NO_COLOR: "unless it is empty, --color auto uses none",
  TERM: "the same if it is dumb, or not set",
};

/** What it reads, and what for. */
const files = {
  "/etc/localtime": "the time zone, unless TZ is set",
  "/etc/passwd": "names of users",
  "/sys/kernel/btf/vmlinux": "the types of the kernel (BTF)",
  "/sys/kernel/tracing": "tracefs, which the back end tracepoint needs with -r",
};

const failures = `tcpconnect -j -r | jq 'select(.event.outcome == "failure")'`;

const peers = ["ss(8)", "tcpdump(8)", "bpftrace(8)", "connect(2)", "tcp(7)", "capabilities(7)"];

/**
 * The whole page.
 *
 * @param date Of the page, as in `2026-01-31`.
 * @param options Those that it tells of.
 * @param table The columns that it tells of, by their keys.
 */
export function manual(
  date: string,
  options: readonly Entry[] = shownOptions,
  table: Readonly<Record<string, Column>> = columns,
): string {
  const blocks = [
    '.\\" Made by src/cli/man.ts from the tables of options, columns and back ends.',
    `.TH TCPCONNECT 8 ${date} "${project.name} ${project.version}"`,
    section("NAME", "tcpconnect \\- trace active TCP connections"),
    section("SYNOPSIS", ".B tcpconnect", `[${italic("OPTION")}...]`),
    section(
      "DESCRIPTION",
      running(prose.purpose),
      paragraph(
        "It attaches eBPF programs to the running kernel, and prints rows until a signal comes. " +
          "Without -r a row means that the kernel sent the first packet; the peer may still refuse " +
          "the connection. With -r each attempt has a row, also one that failed at once.",
      ),
    ),
    section(
      "OPTIONS",
      running("A long option may be cut short while that is unambiguous."),
      ...Object.entries(groupTitles).map(([name, title]) => group(name as Group, title, options)),
      paragraph(prose.lists),
      paragraph(prose.notAvailable),
    ),
    section(
      "COLUMNS",
      running("Each with its key."),
      ...Object.entries(table).map(([key, column]) =>
        item(`${bold(column.title)} (${escaped(key)})`, `${column.sentence}.`)
      ),
    ),
    section(
      "RESULTS",
      running(`With -r, ${columns.result.title} is one of these:`),
      ...prose.results.map(({ name, meaning, condition }) =>
        item(escaped(name), capital(condition ?? meaning!))
      ),
      paragraph(prose.timesAndIds),
    ),
    section(
      "BACK ENDS",
      running(prose.choiceOfBackEnd),
      ...prose.backEndNeeds.map(([name, needs]) => item(bold(name), capital(needs))),
      paragraph(prose.backEndsCompared),
      paragraph(
        "On most kernels all of them need BTF: the kernel's own (CONFIG_DEBUG_INFO_BTF), or that of " +
          "--btf.",
      ),
      paragraph(
        `While the sysctl kernel.ftrace_enabled is 0, ${withFtrace} see nothing. --doctor tells ` +
          "which back ends work here, and why others do not.",
      ),
    ),
    section(
      "EXIT STATUS",
      ...prose.exitStatuses.map(([status, condition]) => item(`${status}`, capital(condition))),
    ),
    section(
      "SIGNALS",
      running(
        "SIGINT, SIGTERM and SIGHUP end the trace: what was traced is printed first. One that is " +
          "ignored at the start stays ignored. While no reader takes the report of -c, it waits for a " +
          "second signal.",
      ),
    ),
    section(
      "EXAMPLES",
      ...prose.examples.map(([command, purpose]) => item(bold(command), capital(purpose))),
      item(bold(failures), "Only objects of what failed."),
      item(bold("source <(tcpconnect --completions bash)"), "Completion in the current shell."),
    ),
    section(
      "ENVIRONMENT",
      ...Object.entries(environment).map(([name, what]) => item(bold(name), capital(what))),
    ),
    section(
      "FILES",
      ...Object.entries(files).map(([path, what]) => item(italic(path), capital(what))),
    ),
    section(
      "NOTES",
      part(
        "Lost events",
        running(
          "Each attempt that the back end sees is printed, filtered or reported as lost. -v prints " +
            "the sum at the end; only with -r is it known how many attempts there were. Losses are " +
            `reported on standard error within ${
              WATCH_MS / 1000
            } seconds, and at the end by cause:`,
        ),
        ...Object.entries(causes).map(([cause, what]) => item(escaped(cause), capital(what))),
        paragraph(
          "The kernel may skip a program of kprobe, and of tracepoint with -r, while another " +
            "program runs on the same CPU. Not all of these cases can be counted.",
        ),
      ),
      part(
        "Privileges",
        running(
          "Run it as root, through sudo. CAP_BPF and CAP_PERFMON are enough for fentry and kprobe; " +
            "tracepoint needs CAP_NET_ADMIN too. Never make the file setuid, and never give it file " +
            "capabilities: environment variables of its runtime would then let any user run code " +
            "with its privileges.",
        ),
      ),
    ),
    section("SEE ALSO", peers.map(reference).join(",\n")),
  ];
  return `${blocks.join("\n")}\n`;
}

/** Another manual page. */
const reference = (page: string) => page.replace(/^[^(]+/, bold);
