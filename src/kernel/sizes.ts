/** How large buffers and maps are. */

/** Of each CPU's perf buffer, in bytes, unless a number of pages is asked for. */
const BUFFER_BYTES = 512 * 1024;

/** A power of two, as the kernel's page size is. */
export function defaultPages(pageSize: number): number {
  return Math.max(1, BUFFER_BYTES / pageSize);
}

const MAX_FLOWS = 65536;
/** What the map of flows takes at most, in bytes. */
const FLOWS_BYTES = 128 * 1024 * 1024;

/**
 * How many flows the map of flows holds. The kernel makes all of a hash's entries at once: 128 bytes
 * each, or in a per-CPU hash 112 and 24 more for each possible CPU.
 *
 * @param perCpu Whether each CPU has a value of its own.
 */
export function maxFlows(possibleCpus: number, perCpu: boolean): number {
  const bytes = perCpu ? 112 + 24 * possibleCpus : 128;
  return Math.min(MAX_FLOWS, Math.floor(FLOWS_BYTES / bytes));
}

/** How many calls under way there is room for: an LRU map keeps up to 128 free entries on each CPU. */
export function maxCalls(possibleCpus: number): number {
  return Math.max(16384, 512 * possibleCpus);
}
