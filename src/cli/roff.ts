/** Text -> roff, for pages in the man(7) format. */

/** mandoc(1) warns of longer lines. */
const WIDTH = 78;

/** What is to be typed: between backticks, or an option. */
const typed = /`([^`]+)`|(?<![\w'-])(--?[a-zA-Z0-9?][\w-]*)/;

/** Text as roff takes it. Hyphens and quotes stay those of ASCII: they may be part of a command. */
export function escaped(text: string): string {
  const named: Record<string, string> = {
    ...{ "\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti" },
  };
  return text.replace(/[\\'`^~-]/g, (sign) => named[sign]!);
}

export const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;
export const italic = (text: string): string => `\\fI${escaped(text)}\\fR`;

/** Sentences, each on lines of its own; options and what stands between backticks in bold. */
export function running(text: string): string {
  return text.split(/(?<=[.:]) (?=[^a-z])/).map((sentence) => {
    // Three at a time: what is before, then one of the two groups.
    const parts = sentence.split(new RegExp(typed, "g"));
    return fold(
      parts.map((part = "", i) => i % 3 === 0 ? escaped(part) : part && bold(part)).join(""),
    );
  }).join("\n");
}

/** A paragraph of its own. */
export const paragraph = (text: string): string => `.PP\n${running(text)}`;

/** What is explained, in roff already, and its explanation. */
export const item = (head: string, text: string): string =>
  `.TP\n${guarded(head)}\n${running(text)}`;

/** Words in lines. */
function fold(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDTH) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(guarded(word));
  }
  return lines.join("\n");
}

/** A line that begins with a dot would be a request. */
const guarded = (line: string) => line.replace(/^\./, "\\&.");
