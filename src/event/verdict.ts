/** How verdicts and latencies are told. */

import { errnoName } from "../../lib/mod.ts";
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

/** A latency in hundredths of a millisecond, rounded half up, as it is shown. */
export function hundredths(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e4);
}
