/** Wall-clock time of events. */

import type { TextBuffer } from "./text.ts";

/** What turns CLOCK_MONOTONIC into the time of day. */
export interface Clock {
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC in microseconds; set anew for each batch. */
  offset: number;
}

/** Appends a time, in whole microseconds since 1970, as RFC 3339 in UTC: `2026-01-31T23:59:59.123456Z`. */
export function utcWriter(): (text: TextBuffer, micros: number) => void {
  const encoder = new TextEncoder();
  // Most events fall into the second of the event before.
  let second = NaN;
  let bytes = new Uint8Array();
  return (text, micros) => {
    const whole = Math.floor(micros / 1e6);
    if (whole !== second) {
      second = whole;
      bytes = encoder.encode(new Date(whole * 1000).toISOString().slice(0, 20));
    }
    text.literal(bytes);
    text.digits(micros - whole * 1e6, 6);
    text.byte(0x5a);
  };
}
