/** For all figures: how long and how often to run, and how to make figures of the runs. */

import type { Made } from "./load.ts";
import type { Bar, Figure } from "./stats.ts";
import type { Side } from "./tracer.ts";

/** How long and how often. */
export interface Effort {
  seconds: number;
  rounds: number;
  /** Connects per second that two cores can make. */
  fullRate: number;
}

/** Results of us and of the peer, run by run. */
export type Runs<T> = Record<Side, T[]>;

export const sides = ["ours", "peer"] as const;

/** Runs us and the peer in turn. */
export async function alternate<T>(
  rounds: number,
  measure: (side: Side) => T | Promise<T>,
): Promise<Runs<T>> {
  const results: Runs<T> = { ours: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) results[side].push(await measure(side));
  }
  return results;
}

/** One figure for both, out of each run. */
export function both<T>(
  name: string,
  unit: string,
  runs: Runs<T>,
  of: (run: T) => number,
  bar?: Bar,
): Figure {
  return { name, unit, ours: runs.ours.map(of), peer: runs.peer.map(of), ...(bar && { bar }) };
}

/** Connects per second. */
export const pace = ({ connects, seconds }: Made): number => connects / seconds;

/** No event lost, unless the peer loses some too. */
export const noneLost: Bar = {
  text: "0, as C if it can",
  met: ({ ours, peer }) => ours.every((lost) => lost === 0) || peer!.some((lost) => lost > 0),
};
