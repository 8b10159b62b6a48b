/** What `--json` prints: checked against the schema, and as rows to compare. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import type { Row } from "./cases.ts";

const schema = JSON.parse(
  readFileSync(`${import.meta.dirname}/../docs/json.schema.json`, "utf8"),
);
const ajv = new Ajv.default({ strict: true, allErrors: true });
const validate = ajv.compile(schema);

/** One line; only what tests look at. */
export interface Line {
  "@timestamp": string;
  event: { action: "connect" | "flow" | "lost"; outcome?: string; duration?: number };
  error?: { code: string };
  process: { pid: number; name?: string; thread?: { id: number } };
  user: { id: string; name?: string };
  source?: { ip?: string; port?: number };
  destination: { ip: string; port: number };
  network: { type: "ipv4" | "ipv6" };
  tcpconnect: {
    backend: string;
    result?: string;
    latency_ms?: number;
    retransmits?: number;
    rtt_ms?: number;
    connects?: number;
    lost?: { cause: string; count: number };
  };
}

/** Reads lines; each must be as the schema says. */
export function parseLines(text: string): Line[] {
  const lines = text.split("\n");
  assert.equal(lines.pop(), "", "the last line is cut short");
  return lines.map((line) => {
    const value = JSON.parse(line);
    assert(validate(value), `${ajv.errorsText(validate.errors)}\n${line}`);
    return value as Line;
  });
}

/** Lines as the cells that a table would have, to be compared with what a client saw. */
export function rowsOf(lines: readonly Line[]): Row[] {
  return lines.filter(({ event }) => event.action === "connect").map((line) => {
    const { event, error, process, source = {}, destination, network, tcpconnect } = line;
    const { result } = tcpconnect;
    if (result !== undefined) {
      const outcome = { ok: "success", pending: "unknown" }[result] ?? "failure";
      assert.equal(event.outcome, outcome);
      assert.equal(event.duration! / 1e6, tcpconnect.latency_ms);
      assert.equal(error?.code, /^E/.test(result) ? result : undefined);
    }
    const none = network.type === "ipv6" ? "::" : "0.0.0.0";
    return {
      PID: `${process.pid}`,
      COMM: process.name ?? "",
      IP: network.type.slice(-1),
      SADDR: source.ip ?? none,
      SPORT: `${source.port ?? 0}`,
      DADDR: destination.ip ?? none,
      DPORT: `${destination.port}`,
      UID: line.user.id,
      WTIME: line["@timestamp"].replace("Z", "+00:00"),
      ...(process.thread && { TID: `${process.thread.id}` }),
      ...(tcpconnect.retransmits !== undefined && { RETRANS: `${tcpconnect.retransmits}` }),
      ...(tcpconnect.rtt_ms !== undefined && { "RTT(ms)": tcpconnect.rtt_ms.toFixed(3) }),
      ...(result !== undefined && {
        RESULT: result,
        "LAT(ms)": tcpconnect.latency_ms!.toFixed(2),
      }),
    };
  });
}
