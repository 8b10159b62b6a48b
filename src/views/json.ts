/**
 * One JSON object a line, with the names of the Elastic Common Schema: see docs/json.md and
 * docs/json.schema.json.
 */

import { began, type Clock, utcWriter } from "../event/clock.ts";
import { type Column, type ColumnKey, columns, type Sources } from "../event/columns.ts";
import type { Flow } from "../event/flow.ts";
import type { JsonField } from "../event/json.ts";
import type { TextBuffer } from "../event/text.ts";
import { resultName } from "../event/verdict.ts";
import type { EventView } from "../event/view.ts";
import type { View } from "./view.ts";

/** Room for what is fixed in an object, and for the values of its fields. */
const OBJECT_MAX = 4096;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;

/** Which fields the objects have. */
export interface JsonOptions {
  readonly columns: readonly ColumnKey[];
  /** The back end that attached. */
  readonly backend: string;
  /** Whether the source port, and the result, are part of a flow. */
  readonly sourcePort: boolean;
  readonly verdict: boolean;
}

/** Writes an object for each event, flow and loss. */
export class Json implements View {
  readonly #text: TextBuffer;
  readonly #options: JsonOptions;
  readonly #steps: readonly Step[];
  readonly #clock: Clock;
  readonly #utc = utcWriter();

  constructor(text: TextBuffer, options: JsonOptions, sources: Sources) {
    this.#text = text;
    this.#clock = sources.clock;
    this.#options = options;
    this.#steps = compile([
      constant("event.kind", "event"),
      constant("event.category", ["network"]),
      constant("event.action", "connect"),
      ...options.columns.flatMap((key) => fieldsOf(columns[key], sources)),
      constant("network.transport", "tcp"),
      constant("tcpconnect.backend", options.backend),
    ]);
  }

  /** A stream of objects has none. */
  header(): void {}

  row(event: EventView): void {
    const text = this.#text;
    const steps = this.#steps;
    text.reserve(OBJECT_MAX);
    text.literal(BEGIN);
    this.#utc(text, began(event, this.#clock));
    for (let i = 0; i < steps.length; i++) steps[i]!(text, event);
    text.literal(END);
  }

  flows(flows: readonly Flow[], now: number): void {
    const { sourcePort, verdict } = this.#options;
    const millis = (ns: number) => Number((ns / 1e6).toFixed(6));
    for (const flow of flows.toSorted((a, b) => b.count - a.count)) {
      const source = {
        ...(!/^(0\.0\.0\.0|::)$/.test(flow.saddr) && { ip: flow.saddr }),
        ...(sourcePort && flow.sport !== 0 && { port: flow.sport }),
      };
      this.#object(now, "metric", "flow", {
        ...(Object.keys(source).length > 0 && { source }),
        ...{ destination: { ip: flow.daddr, port: flow.dport } },
        ...{ network: { transport: "tcp", type: flow.daddr.includes(":") ? "ipv6" : "ipv4" } },
        tcpconnect: {
          connects: flow.count,
          ...(verdict && {
            result: resultName(flow.result),
            latency_mean_ms: millis(flow.latencySum / flow.count),
            latency_max_ms: millis(flow.latencyMax),
          }),
        },
      });
    }
  }

  lost(cause: string, count: number, now: number): void {
    this.#object(now, "event", "lost", { tcpconnect: { lost: { cause, count } } });
  }

  /** For what is rare: an object of its own shape. */
  #object(now: number, kind: string, action: string, rest: { tcpconnect: object }): void {
    const { backend } = this.#options;
    const text = this.#text;
    text.reserve(OBJECT_MAX);
    text.literal(BEGIN);
    this.#utc(text, Math.floor(now / 1000 + this.#clock.offset));
    const event = { kind, category: ["network"], action };
    const tcpconnect = { ...rest.tcpconnect, backend };
    text.ascii(`",${JSON.stringify({ event, ...rest, tcpconnect }).slice(1)}\n`);
  }
}

const fieldsOf = ({ json }: Column, sources: Sources): readonly JsonField[] =>
  typeof json === "function" ? json(sources) : json;

const encoder = new TextEncoder();
const BEGIN = encoder.encode('{"@timestamp":"');
const END = encoder.encode("}\n");

/** Appends a part of an object. */
type Step = (text: TextBuffer, event: EventView) => void;

/** A field of which the value is always the same. */
interface Constant {
  readonly path: string;
  readonly json: string;
  readonly present?: undefined;
}

type Field = JsonField | Constant;

const constant = (path: string, value: unknown): Constant => ({
  path,
  json: JSON.stringify(value),
});

/** Names to fields, or to objects of them. */
interface Tree extends Map<string, Field | Tree> {}

/** Makes the steps that write fields as nested objects, after the time stamp. */
function compile(fields: readonly Field[]): Step[] {
  const root: Tree = new Map();
  for (const field of fields) {
    const names = field.path.split(".");
    const last = names.pop()!;
    let tree = root;
    for (const name of names) {
      if (!tree.has(name)) tree.set(name, new Map());
      tree = tree.get(name) as Tree;
    }
    tree.set(last, field);
  }
  const steps: Step[] = [];
  // What is the same in every object is put together and written at once.
  let literal = '"';
  const flush = () => {
    const bytes = encoder.encode(literal);
    literal = "";
    if (bytes.length > 0) steps.push((text) => text.literal(bytes));
  };
  const members = (tree: Tree, first: boolean) => {
    for (const [name, node] of [...tree].sort(([, a], [, b]) => optional(a) - optional(b))) {
      const comma = first ? "" : ",";
      first = false;
      if (optional(node)) {
        flush();
        steps.push(optionalStep(name, node));
      } else if (node instanceof Map) {
        literal += `${comma}"${name}":{`;
        members(node, true);
        literal += "}";
      } else {
        const quote = "quoted" in node ? '"' : "";
        literal += `${comma}"${name}":${"json" in node ? node.json : quote}`;
        if ("json" in node) continue;
        flush();
        steps.push(node.write);
        literal = quote;
      }
    }
  };
  members(root, false);
  flush();
  return steps;
}

/** Whether an object may lack it: 1, else 0. What is always there comes first, so that commas are fixed. */
function optional(node: Field | Tree): 0 | 1 {
  if (!(node instanceof Map)) return node.present ? 1 : 0;
  return [...node.values()].every((inner) => optional(inner) === 1) ? 1 : 0;
}

function optionalStep(name: string, node: Field | Tree): Step {
  if (node instanceof Map) return optionalObject(name, node);
  const { present, write, quoted } = node as JsonField;
  const before = encoder.encode(`,"${name}":${quoted ? '"' : ""}`);
  return (text, event) => {
    if (!present!(event)) return;
    text.literal(before);
    write(text, event);
    if (quoted) text.byte(QUOTE);
  };
}

/** An object of optional members: absent if it has none. */
function optionalObject(name: string, tree: Tree): Step {
  const before = encoder.encode(`,"${name}":`);
  const steps = [...tree].map(([inner, node]) => optionalStep(inner, node));
  return (text, event) => {
    const mark = text.length;
    text.literal(before);
    const start = text.length;
    for (let i = 0; i < steps.length; i++) steps[i]!(text, event);
    if (text.length === start) return text.truncate(mark);
    text.put(start, OPEN); // in place of the first member's comma
    text.byte(CLOSE);
  };
}
