/** A batch: some events and the order in which they are shown. */

import { event } from "./layout.gen.ts";
import { EventView } from "./view.ts";

/** Events in memory, walked in order with one cursor. */
export interface Batch {
  readonly view: EventView;
  /** Where the events begin, in bytes, in order; only the first `count` are valid. */
  readonly order: Uint32Array;
  readonly count: number;
}

/** A batch of events that stand side by side in the order in which they are shown. */
export function batchOf(samples: ArrayBuffer): Batch {
  const count = samples.byteLength / event.size;
  const order = Uint32Array.from({ length: count }, (_, i) => i * event.size);
  return { view: new EventView(samples), order, count };
}

/** The events of a batch: the same cursor each time, moved on. */
export function* eventsOf({ view, order, count }: Batch): Generator<EventView> {
  for (let i = 0; i < count; i++) yield view.at(order[i]!);
}
