/** Events as the rows of a table, byte for byte as libbpf-tools' tcpconnect prints them. */

import { type Column, type ColumnKey, columns, type Writer } from "../event/columns.ts";
import type { Flow } from "../event/flow.ts";
import type { TextBuffer } from "../event/text.ts";
import type { EventView } from "../event/view.ts";
import { appendFlows, type FlowOptions } from "./flows.ts";
import type { View } from "./view.ts";

/** Room that a row takes at most: every column at its widest. */
const ROW_MAX = 256;

/** What the table shows. */
export interface TableOptions extends FlowOptions {
  readonly columns: readonly ColumnKey[];
}

/** Writes a header, rows, and the flows of `-c`. */
export class Table implements View {
  readonly #text: TextBuffer;
  readonly #options: TableOptions;
  readonly #columns: readonly Column[];
  readonly #writers: readonly Writer[];

  constructor(text: TextBuffer, options: TableOptions) {
    this.#text = text;
    this.#options = options;
    this.#columns = options.columns.map((key) => columns[key]);
    this.#writers = this.#columns.map(({ width, writer }) => writer(width));
  }

  header(): void {
    this.#columns.forEach(({ title, width, tight }, i) => {
      this.#text.ascii(title, width);
      if (!tight && i < this.#columns.length - 1) this.#text.space();
    });
    this.#text.newline();
  }

  row(event: EventView): void {
    const text = this.#text;
    const columns = this.#columns;
    const writers = this.#writers;
    const last = columns.length - 1;
    text.reserve(ROW_MAX);
    for (let i = 0; i <= last; i++) {
      writers[i]!(text, event);
      if (columns[i]!.tight) text.gap();
      else if (i < last) text.space();
    }
    text.newline();
  }

  flows(flows: readonly Flow[]): void {
    appendFlows(this.#text, flows, this.#options);
  }

  /** A table is for people, who see standard error. */
  lost(): void {}
}
