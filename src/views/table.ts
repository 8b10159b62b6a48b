/** Events as the rows of a table, byte for byte as libbpf-tools' tcpconnect prints them. */

import {
  type Column,
  type ColumnKey,
  columns,
  type Sources,
  type Writer,
} from "../event/columns.ts";
import type { Flow } from "../event/flow.ts";
import type { TextBuffer } from "../event/text.ts";
import type { EventView } from "../event/view.ts";
import { ADDRESS_MAX, appendFlows, type FlowOptions } from "./flows.ts";
import { coloredWriter } from "./color.ts";
import type { View } from "./view.ts";

/** Room that a cell takes at most, whatever its column's width. */
const CELL_MAX = 64;

/** What the table shows. */
export interface TableOptions extends FlowOptions {
  readonly columns: readonly ColumnKey[];
  /** Whether `-o` chose the columns: then the spaces are not those of the C tool. */
  readonly chosen: boolean;
}

/** A column where it stands. */
interface Place {
  readonly title: string;
  /** 0 if it is not padded. */
  readonly width: number;
  /** What stands before the next column. */
  readonly gap: "" | "space" | "space unless padded";
  readonly write: Writer;
}

/** Writes a header, rows, and the flows of `-c`. */
export class Table implements View {
  readonly #text: TextBuffer;
  readonly #options: TableOptions;
  readonly #places: readonly Place[];
  readonly #rowMax: number;

  constructor(text: TextBuffer, options: TableOptions, sources: Sources) {
    this.#text = text;
    this.#options = options;
    const last = options.columns.length - 1;
    this.#places = options.columns.map((key, i) =>
      place(columns[key], i === last, options, sources)
    );
    this.#rowMax = this.#places.reduce((sum, { width }) => sum + Math.max(width, CELL_MAX), 1);
  }

  header(): void {
    const text = this.#text;
    text.reserve(this.#rowMax);
    for (const { title, width, gap } of this.#places) {
      text.ascii(title, width);
      if (gap === "space") text.space();
    }
    text.newline();
  }

  row(event: EventView): void {
    const text = this.#text;
    const places = this.#places;
    text.reserve(this.#rowMax);
    for (let i = 0; i < places.length; i++) {
      const { write, gap } = places[i]!;
      write(text, event);
      if (gap === "space") text.space();
      else if (gap !== "") text.gap();
    }
    text.newline();
  }

  flows(flows: readonly Flow[]): void {
    appendFlows(this.#text, flows, this.#options);
  }

  /** A table is for people, who see standard error. */
  lost(): void {}
}

function place(column: Column, last: boolean, options: TableOptions, sources: Sources): Place {
  const { title, tight, padded } = column;
  const bare = last && (options.chosen || !padded);
  const wide = options.wide && column.type === "address";
  const width = bare ? 0 : wide ? ADDRESS_MAX : column.width;
  return {
    title,
    width,
    gap: last ? "" : tight && !options.chosen ? "space unless padded" : "space",
    write: options.color && column.colored
      ? coloredWriter(
        column.writer(0, sources),
        column.writer(width, sources),
        width,
        column.colored,
      )
      : column.writer(width, sources),
  };
}
