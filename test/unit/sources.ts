/** Where the tests' views find what no event tells. */

import type { Sources } from "../../src/event/columns.ts";

const names = new Map([[1000, "mallory"], [66, "\x1b[31mred"]]);

/**
 * One user, and another with a hostile name; and a wall clock that says 2026-11-27T05:41:15 UTC at
 * 1e12 ns of the monotonic clock, where local time is an hour ahead.
 */
export const sources: Sources = {
  clock: { offset: Date.UTC(2026, 10, 27, 5, 41, 15) * 1000 - 1e9 },
  utcOffset: () => 3600,
  users: {
    name(uid) {
      const name = names.get(uid);
      return name === undefined ? undefined : new TextEncoder().encode(name);
    },
  },
};
