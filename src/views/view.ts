/** What a view is: it turns events and flows into bytes for standard output. */

import type { EventView } from "../event/view.ts";
import type { Flow } from "../event/flow.ts";

/** A form of output. Everything is appended to the text buffer that the view was made with. */
export interface View {
  /** What comes before the first row. */
  header(): void;
  /** One event. */
  row(event: EventView): void;
  /**
   * What `-c` counted, at the end.
   *
   * @param now In nanoseconds of CLOCK_MONOTONIC.
   */
  flows(flows: readonly Flow[], now: number): void;
  /**
   * Events that were lost since the last call with this cause; standard error has them in any case.
   *
   * @param now In nanoseconds of CLOCK_MONOTONIC.
   */
  lost(cause: string, count: number, now: number): void;
}
