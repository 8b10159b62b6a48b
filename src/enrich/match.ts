/** Which containers a filter means. */

/** The shortest part of an ID that is taken for one: fewer digits are more likely a name. */
const MIN_PREFIX = 6;

/** What is compared: a container as far as it is known. */
export interface Named {
  readonly id: string;
  readonly name?: string;
}

/**
 * Whether a pattern means a container: by its name, in which `*` stands for any text and `?` for any
 * character, or by the first digits of its ID, 6 at least.
 */
export function matchesContainer(pattern: string, { id, name }: Named): boolean {
  return name !== undefined && matchesGlob(pattern, name) ||
    pattern.length >= MIN_PREFIX && /^[0-9a-f]+$/.test(pattern) && id.startsWith(pattern);
}

/** In time proportional to the product of both lengths at the most, whatever the pattern. */
export function matchesGlob(pattern: string, text: string): boolean {
  let p = 0, t = 0;
  // Where the last star was, and what it stands for so far: one character more if the rest fails.
  let star = -1, taken = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      taken = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++taken;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
