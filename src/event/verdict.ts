/** Results and latencies as they are shown. */

import { errnoName, namedErrnos } from "../../lib/mod.ts";
import { result as codes } from "./layout.gen.ts";

/** `ok`, `closed`, `pending`, or the errno's name. */
export function resultName(result: number): string {
  switch (result) {
    case codes.RESULT_OK:
      return "ok";
    case codes.RESULT_CLOSED:
      return "closed";
    case codes.RESULT_PENDING:
    case codes.RESULT_CALLING:
    case codes.RESULT_REFUSED:
      return "pending";
    default:
      return errnoName(result);
  }
}

const { RESULT_OK, RESULT_CLOSED, RESULT_PENDING } = codes;
const results = new Map(
  [RESULT_OK, RESULT_CLOSED, RESULT_PENDING, ...namedErrnos].map((r) => [resultName(r), r]),
);

/** The names of all results. */
export const resultNames: readonly string[] = [...results.keys()];

/** The result of a name, as {@linkcode resultName} gives it; undefined if no result has that name. */
export const resultOf = (name: string): number | undefined => results.get(name);

/** A latency in hundredths of a millisecond, rounded half up, as it is shown. */
export function hundredths(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e4);
}
