/** Completion, as the shells do it: what one press of TAB makes of a command line. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { completions } from "../../src/cli/completions.ts";
import { type Entry, shownOptions } from "../../src/cli/options.ts";
import { endAll } from "../child.ts";
import { executable } from "../tool.ts";
import { have, makeShare, share } from "./share.ts";
import { Shell } from "./shell.ts";

/** What is typed, and what it becomes; of several that fit, those that must be shown. */
const cases: { typed: string; line?: string; shown?: string[]; hidden?: string[] }[] = [
  { typed: "tcpconnect --at", line: "tcpconnect --attach" },
  { typed: "sudo tcpconnect --at", line: "sudo tcpconnect --attach" },
  { typed: "tcpconnect -t --min", line: "tcpconnect -t --min-latency" },
  { typed: "tcpconnect --ipv", shown: ["--ipv4", "--ipv6"], hidden: ["--failed"] },
  { typed: "tcpconnect --attach k", line: "tcpconnect --attach kprobe" },
  { typed: "tcpconnect --attach=k", line: "tcpconnect --attach=kprobe" },
  {
    typed: "tcpconnect --attach ",
    shown: ["auto", "fentry", "kprobe", "tracepoint"],
    hidden: ["--attach ", "README.md"],
  },
  { typed: "tcpconnect --completions z", line: "tcpconnect --completions zsh" },
  { typed: "tcpconnect -u dae", line: "tcpconnect -u daemon" },
  { typed: "tcpconnect -u root,dae", line: "tcpconnect -u root,daemon" },
  { typed: "tcpconnect --uid=root,dae", line: "tcpconnect --uid=root,daemon" },
  { typed: "tcpconnect -uroot,dae", line: "tcpconnect -uroot,daemon" },
  { typed: `tcpconnect -p 1,${process.pid}`, shown: [`${process.pid}`] },
  { typed: "tcpconnect --btf /etc/host.co", line: "tcpconnect --btf /etc/host.conf" },
  { typed: "tcpconnect --buffer-pages ", line: "tcpconnect --buffer-pages", hidden: ["README.md"] },
];

/** A list of words, as no option needs to have one. */
const words: Entry = ["words", {
  short: "W",
  value: "LIST",
  completes: ["alpha", "beta", "gamma"],
  list: true,
  group: "show",
  sentence: "It's a list [of \\words\\]: `one`",
  multiple: true,
  parse: () => undefined,
}];
const wordCases: typeof cases = [
  { typed: "tcpconnect -W al", line: "tcpconnect -W alpha" },
  { typed: "tcpconnect -W beta,al", line: "tcpconnect -W beta,alpha" },
  { typed: "tcpconnect --words=beta,gamma,al", line: "tcpconnect --words=beta,gamma,alpha" },
  { typed: "tcpconnect -W beta,", shown: ["alpha", "gamma"] },
  { typed: "tcpconnect -W +al", line: "tcpconnect -W +alpha" },
  { typed: "tcpconnect -W \\!al", line: "tcpconnect -W \\!alpha" },
  { typed: "tcpconnect -W \\!beta,al", line: "tcpconnect -W \\!beta,alpha" },
  { typed: "tcpconnect -W '!al", line: "tcpconnect -W '!alpha" },
  { typed: "tcpconnect --wo", line: "tcpconnect --words" },
];

/** Where each shell looks for its script. */
const places = {
  bash: "bash-completion/completions/tcpconnect",
  zsh: "zsh/site-functions/_tcpconnect",
  fish: "fish/vendor_completions.d/tcpconnect.fish",
};

describe("completion", () => {
  const own = mkdtempSync(join(tmpdir(), "tcpconnect-"));
  before(() => {
    makeShare();
    for (const shell of ["bash", "zsh", "fish"] as const) {
      const file = join(own, places[shell]);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, completions(shell, [...shownOptions, words]));
    }
  });
  after(async () => {
    await endAll();
    rmSync(own, { recursive: true });
  });
  const trees = [[share, cases], [own, wordCases]] as const;

  for (const name of ["bash", "zsh"] as const) {
    it(`${name} completes options, values and lists`, async (t) => {
      if (!have(t, name)) return;
      for (const [tree, cases] of trees) {
        const shell = await Shell.start(name, tree);
        for (const { typed, line, shown = [], hidden = [] } of cases) {
          const completed = await shell.complete(typed);
          // zsh goes on with what may follow, and takes it back if something else does; bash closes
          // quotes.
          const bare = completed.line.replace(/[=,']$/, "");
          if (line !== undefined) assert.equal(bare, line, completed.screen);
          for (const word of shown) assert.ok(completed.screen.includes(word), completed.screen);
          const rest = completed.screen.replaceAll(typed, "");
          for (const word of hidden) assert.ok(!rest.includes(word), completed.screen);
        }
        await shell.close();
      }
    });
  }

  it("fish completes options, values and lists", (t) => {
    if (!have(t, "fish")) return;
    for (const [tree, cases] of trees) {
      // fish loads no completions of a program that is not there.
      const PATH = `${dirname(executable)}:/usr/bin:/bin`;
      const env = { PATH, HOME: own, LC_ALL: "C.UTF-8", XDG_DATA_DIRS: `${tree}:/usr/share` };
      for (const { typed, line, shown = [], hidden = [] } of cases) {
        // What it offers for TAB, each with its description.
        const ask = ["-c", 'complete --do-complete="$argv[1]"', typed];
        const stdout = execFileSync("fish", ask, { env, encoding: "utf8" });
        const offered = stdout.split("\n").map((line) => line.split("\t")[0]!).filter(Boolean);
        const before = typed.slice(0, typed.lastIndexOf(" ") + 1);
        // It tells words without their backslashes and quotes.
        const expected = line === typed.trimEnd() ? [] : [line?.replace(/[\\']/g, "")];
        if (line !== undefined) assert.deepEqual(offered.map((word) => before + word), expected);
        for (const word of shown) assert.ok(offered.some((text) => text.endsWith(word)), typed);
        for (const word of hidden) assert.ok(!offered.includes(word.trimEnd()), typed);
      }
    }
  });

  for (const shell of ["bash", "zsh", "fish"] as const) {
    it(`tcpconnect --completions ${shell} prints what is installed`, () => {
      const printed = execFileSync(executable, ["--completions", shell], { encoding: "utf8" });
      assert.equal(printed, completions(shell));
      assert.equal(
        printed,
        execFileSync("cat", [join(share, places[shell])], { encoding: "utf8" }),
      );
    });
  }

  it("bash and zsh complete once they have read the output of --completions", (t) => {
    if (!have(t, "bash") || !have(t, "zsh")) return;
    const bash = `. <("$0" --completions bash); complete -p tcpconnect`;
    const zsh = `autoload -U compinit; compinit -u -D; . <("$0" --completions zsh)
      print $_comps[tcpconnect]`;
    const said = (shell: string, ...args: string[]) =>
      execFileSync(shell, [...args, executable], {
        encoding: "utf8",
        env: { PATH: "/usr/bin:/bin" },
      });
    assert.equal(said("bash", "--norc", "-c", bash), "complete -F _tcpconnect tcpconnect\n");
    assert.equal(said("zsh", "-f", "-c", zsh), "_tcpconnect\n");
  });
});
