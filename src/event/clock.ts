/** Wall-clock time of events. */

import type { TextBuffer } from "./text.ts";
import type { EventView } from "./view.ts";

/** What turns CLOCK_MONOTONIC into the time of day. */
export interface Clock {
  /** CLOCK_REALTIME minus CLOCK_MONOTONIC in microseconds; set anew for each batch. */
  offset: number;
}

/** When an event's attempt began, in whole microseconds since 1970. */
export const began = ({ time, latency }: EventView, { offset }: Clock): number =>
  Math.floor((time - latency) / 1000 + offset);

// By remainder, not by Math.floor(): Bun 1.4.5 for arm64 makes code of that which crashes, seen with
// kernels 6.1 and 6.12 in QEMU, whatever the tier of its compiler above the first.
const MICROS = 1e6;

/** Appends a time, in whole microseconds since 1970, as RFC 3339 in UTC: `2026-01-31T23:59:59.123456Z`. */
export function utcWriter(): (text: TextBuffer, micros: number) => void {
  const encoder = new TextEncoder();
  // Most events fall into the second of the event before.
  let second = NaN;
  let bytes = new Uint8Array();
  return (text, micros) => {
    const fraction = micros % MICROS;
    const whole = (micros - fraction) / MICROS;
    if (whole !== second) {
      second = whole;
      bytes = encoder.encode(new Date(whole * 1000).toISOString().slice(0, 20));
    }
    text.literal(bytes);
    text.digits(fraction, 6);
    text.byte(0x5a);
  };
}

/**
 * Appends a time, in whole microseconds since 1970, as RFC 3339 in local time:
 * `2026-02-01T00:59:59.123456+01:00`.
 *
 * @param utcOffset By how many seconds that is ahead of UTC, `when` seconds after 1970.
 */
export function localWriter(
  utcOffset: (when: number) => number,
): (text: TextBuffer, micros: number) => void {
  const encoder = new TextEncoder();
  let second = NaN;
  let date = new Uint8Array();
  let zone = new Uint8Array();
  return (text, micros) => {
    const fraction = micros % MICROS;
    const whole = (micros - fraction) / MICROS;
    if (whole !== second) {
      second = whole;
      // RFC 3339 knows whole minutes only.
      const minutes = Math.round(utcOffset(whole) / 60);
      const local = new Date((whole + minutes * 60) * 1000);
      date = encoder.encode(local.toISOString().slice(0, 20));
      zone = encoder.encode(zoneOf(minutes));
    }
    text.literal(date);
    text.digits(fraction, 6);
    text.literal(zone);
  };
}

/** Minutes ahead of UTC, as `+05:45`. */
function zoneOf(minutes: number): string {
  const [hour, minute] = [Math.abs(minutes) / 60, Math.abs(minutes) % 60]
    .map((part) => `${Math.floor(part)}`.padStart(2, "0"));
  return `${minutes < 0 ? "-" : "+"}${hour}:${minute}`;
}
