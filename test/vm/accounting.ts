/** The accounting of the tool must balance: printed + filtered + reported lost = made. */

import assert, { AssertionError } from "node:assert/strict";
import { type Attempt, compare, type Row } from "../cases.ts";

/**
 * Does what {@linkcode compare} does, but allows as many attempts without a row as were reported
 * lost.
 */
export function compareWithLosses(
  attempts: readonly Attempt[],
  rows: readonly Row[],
  options: { result: boolean; lost: number },
): [Attempt, Row][] {
  try {
    const pairs = compare(attempts, rows, options);
    assert.equal(options.lost, 0, "reported lost, but each attempt has its row");
    return pairs;
  } catch (error) {
    if (!(error instanceof AssertionError)) throw error;
    const { missing } = error.actual as { missing?: Attempt[] };
    if (options.lost === 0 || missing?.length !== options.lost) throw error;
    return compare(attempts.filter((attempt) => !missing.includes(attempt)), rows, options);
  }
}
