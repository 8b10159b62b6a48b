/** An interactive shell on a terminal of its own. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Shell as Name } from "../../src/cli/options.ts";
import { Child } from "../child.ts";

const TAB = "\t";
/** Bound to a function that prints the command line between marks, and empties it. */
const CTRL_T = "\x14";
const PROMPT = "ready to type> ";

/** What the shell reads when it starts, and how it is started. */
interface Start {
  readonly file: string;
  readonly text: string;
  readonly argv: (folder: string) => string[];
}

const starts: Readonly<Record<Exclude<Name, "fish">, Start>> = {
  bash: {
    file: "bashrc",
    argv: (folder) => ["bash", "--noprofile", "--rcfile", join(folder, "bashrc"), "-i"],
    text: `
. /usr/share/bash-completion/bash_completion
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
bind 'set completion-query-items 0'
bind 'set page-completions off'
bind 'set show-all-if-ambiguous on'
show() { printf '\\n<<%s>>\\n' "$READLINE_LINE"; READLINE_LINE=; }
bind -x '"\\C-t": show'
PS1='${PROMPT}'
`,
  },
  zsh: {
    file: ".zshrc",
    argv: (folder) => ["env", `ZDOTDIR=${folder}`, "zsh", "-d", "-i"],
    text: `
fpath=($SITE_FUNCTIONS $fpath)
autoload -U compinit && compinit -u -D
zstyle ':completion:*' list-prompt ''
LISTMAX=100000
show() { print -r -- "<<$BUFFER>>"; BUFFER=; }
zle -N show
bindkey '^T' show
PS1='${PROMPT}'
`,
  },
};

/** What one press of TAB has made of a command line. */
export interface Completed {
  /** The command line, without spaces at its end. */
  readonly line: string;
  /** What the shell has shown meanwhile. */
  readonly screen: string;
}

/** A shell with completion, as a user's. */
export class Shell {
  readonly #child: Child;
  readonly #folder: string;

  private constructor(child: Child, folder: string) {
    this.#child = child;
    this.#folder = folder;
  }

  /**
   * Starts a shell, and waits for its prompt.
   *
   * @param share Where completions are found, as in /usr/share.
   */
  static async start(name: keyof typeof starts, share: string): Promise<Shell> {
    const { file, text, argv } = starts[name];
    const folder = mkdtempSync(join(tmpdir(), "tcpconnect-"));
    writeFileSync(join(folder, file), text);
    const command = `stty rows 50 cols 160; exec ${argv(folder).join(" ")}`;
    const env = {
      ...{ TERM: "xterm", HOME: folder, LC_ALL: "C.UTF-8", INPUTRC: "/dev/null" },
      XDG_DATA_DIRS: `${share}:/usr/share`,
      SITE_FUNCTIONS: join(share, "zsh/site-functions"),
    };
    const child = new Child(["script", "-qefc", command, "/dev/null"], { env });
    const shell = new Shell(child, folder);
    await child.until(({ stdout }) => stdout.includes(PROMPT));
    return shell;
  }

  /** Types text and presses TAB once. */
  async complete(text: string): Promise<Completed> {
    const before = this.#child.stdout.length;
    const said = /<<(.*)>>/;
    this.#child.write(`${text}${TAB}${CTRL_T}`);
    await this.#child.until(({ stdout }) => said.test(stdout.slice(before)));
    const screen = this.#child.stdout.slice(before);
    const [, line] = said.exec(screen)!;
    assert(line !== undefined);
    return { line: line.trimEnd(), screen };
  }

  async close(): Promise<void> {
    await this.#child.stop("SIGKILL");
    rmSync(this.#folder, { recursive: true });
  }
}
