/** The C tool of libbpf-tools and ours trace the same connects at the same time: every byte equal. */

import assert from "node:assert/strict";
import { parseRows } from "../cases.ts";
import {
  chosen,
  type Client,
  clients,
  combinations,
  failed,
  highest,
  type Share,
  shown,
} from "./beside_script.ts";
import { type Outcome, outcome } from "./outcome.ts";

type Sections = Readonly<Record<string, string>>;

/** How far apart the two may read the clock, in seconds: the guest can be held up between. */
const CLOCK = 0.5;

/**
 * Writes a line of ours as the packaged version would: its COMM is 12 wide, and its UID has a sign.
 *
 * @param before How many columns stand before COMM.
 */
function packaged(line: string, before: number): string {
  return line.replace(new RegExp(`^((?:\\S+ +){${before}})(.{16}) `), (_, head, comm) => {
    return `${head.replace(/4294967294 ?/, "-2    ")}${comm.slice(0, 12)} `;
  });
}

function equalRows(args: string, theirs: string, ours: string, rows: number): void {
  const has = (option: string) => args.split(" ").includes(option);
  const before = [has("-t"), has("-U"), true].filter(Boolean).length;
  const time = (line: string) => /^(\d+\.\d{3}) */.exec(line) ?? [];
  const [expected, actual] = [theirs.split("\n"), ours.split("\n")];
  assert.equal(expected.length, rows + 2, `${args}: rows of the C tool\n${theirs}`);
  const lines = actual.map((line, i) => {
    const same = packaged(line, before);
    if (!has("-t")) return same;
    const [[cell, seconds], [their, theirSeconds]] = [time(same), time(expected[i] ?? "")];
    if (seconds === undefined || theirSeconds === undefined) return same;
    assert(Math.abs(Number(seconds) - Number(theirSeconds)) <= CLOCK, `${args}: TIME\n${ours}`);
    return cell!.length === their!.length ? their + same.slice(cell!.length) : same;
  });
  assert.deepEqual(lines, expected, args);
}

/** How many rows a combination of options lets pass; `able` are the clients that this kernel can run. */
function passing(args: string, able: readonly Client[]): number {
  if (args.includes("-p")) return 1;
  return able.filter((client) =>
    shown(client) && (!args.includes("-u") || client.argv.includes("-u 1234")) &&
    (!args.includes("-P") || /808[01]$/.test(client.argv))
  ).length;
}

/** Evaluates what the script of a share reported. */
export function beside(row: string, sections: Sections, share: Share): Outcome[] {
  const said = (tool: "c" | "ours", name: string, what = "out") => {
    const text = sections[`${tool}.${name}.${what}`];
    assert(text !== undefined, "did not run");
    return text;
  };
  const ok = (name: string) => {
    assert.equal(said("c", name, "status").trim(), "0", said("c", name, "err"));
    assert.equal(said("ours", name, "status").trim(), "0", said("ours", name, "err"));
  };
  const pids = new Map(
    (sections["held.pids"] ?? "").trim().split("\n").map((line) => {
      const [, client, pid] = /^held\.(\d+)\.pid:(\d+)$/.exec(line) ?? [];
      return [Number(client), pid];
    }),
  );
  const lacking = (sections["held.lacking"] ?? "").trim().split("\n");
  const able = clients.filter((_, i) => !lacking.includes(`held.${i}`));
  const ofClient = (client: number, text: string) =>
    parseRows(text).filter((row) => row["PID"] === pids.get(client));
  const seconds = Number(sections["beside.end"]) - Number(sections["beside.start"]);

  const rows = outcome(row, "rows as C's", () => {
    combinations(share).forEach((args, i) => {
      ok(`rows.${i}`);
      equalRows(args, said("c", `rows.${i}`), said("ours", `rows.${i}`), passing(args, able));
    });
    return `${combinations(share).length} equal`;
  });

  const counts = outcome(row, "-c as C's", () => {
    for (const name of ["count", "count-sport"]) {
      ok(name);
      const [expected, actual] = [said("c", name), said("ours", name)].map((text) =>
        text.split("\n")
      );
      assert.deepEqual(actual!.slice(0, 2), expected!.slice(0, 2), name);
      assert.deepEqual(actual!.toSorted(), expected!.toSorted(), name);
      assert(expected!.length > 6, name);
    }
  });

  const portsOf = (tool: "c" | "ours", name: string) =>
    [...new Set(parseRows(said(tool, name)).map((row) => row["DPORT"]!))].sort();

  /** What the C tool does wrong, shown on it; and what ours does there. */
  const checks: Record<string, () => void> = {
    "a UID above 2^31 is printed with a sign": () => {
      assert.equal(ofClient(highest, said("c", "uid"))[0]?.["UID"], "-2");
      assert.equal(ofClient(highest, said("ours", "uid"))[0]?.["UID"], "4294967294");
    },
    "an attempt that fails is dropped": () => {
      assert.deepEqual(ofClient(failed, said("c", "rows.0")), []);
      assert.equal(ofClient(failed, said("ours", "result"))[0]?.["RESULT"], "ENETUNREACH");
    },
    "rows are held back": () => {
      assert.equal(sections["c.early"]!.trim(), "0");
      assert.notEqual(sections["ours.early"]!.trim(), "0");
    },
    "SIGTERM ends -c without a report": () => {
      assert.equal(said("c", "term"), "");
      assert.equal(said("ours", "term", "status").trim(), "0");
      assert.match(said("ours", "term"), /^\nLADDR .*\n127\.0\.0\.1 /);
    },
    "-P 8081x8082 is two ports": () => {
      assert.deepEqual(portsOf("c", "port-x"), ["8081", "8082"]);
      refused("port-x", /^tcpconnect: invalid port '8081.8082'/);
    },
    "a range of ports is its ends": () => {
      assert.deepEqual(portsOf("c", "port-range"), ["8080", "8082"]);
      assert.deepEqual(portsOf("ours", "port-range"), ["8080", "8081", "8082"]);
    },
    "the 65th port is dropped": () => {
      assert.deepEqual(portsOf("c", "port-65"), []);
      assert.deepEqual(portsOf("ours", "port-65"), ["8080"]);
    },
    "-p 12abc and -u 12abc are accepted": () => {
      assert.equal(ofClient(chosen, said("c", "pid-abc")).length, 1);
      refused("pid-abc", /^tcpconnect: invalid PID '\d+abc'/);
      assert.equal(parseRows(said("c", "uid-abc")).length, 2);
      refused("uid-abc", /^tcpconnect: invalid UID '1234abc'/);
    },
    "-C filters nothing": () => {
      assert.equal(parseRows(said("c", "cgroup")).length, able.filter(shown).length);
      refused("cgroup", /^tcpconnect: .*-C/);
    },
  };
  function refused(name: string, line: RegExp): void {
    assert.equal(said("ours", name, "status").trim(), "64");
    assert.equal(said("ours", name), "");
    assert.match(said("ours", name, "err"), line);
    assert.equal(said("ours", name, "err").split("\n").length, 2);
  }
  const wrong = outcome(row, "C's faults", () => {
    for (const [fault, check] of Object.entries(checks)) {
      try {
        check();
      } catch (error) {
        throw new Error(`${fault}: ${(error as Error).message}`);
      }
    }
    return `${Object.keys(checks).length} shown`;
  });

  const peerless = outcome(row, "what C lacks", () => {
    for (const name of ["result", "failed", "min-latency", "count-result"]) {
      assert.equal(said("ours", name, "status").trim(), "0", said("ours", name, "err"));
    }
    const results = (name: string) => parseRows(said("ours", name)).map((row) => row["RESULT"]);
    const known = able.map(({ result }) => result);
    assert.deepEqual(results("result"), known, "-r");
    assert.deepEqual(results("failed"), known.filter((result) => result !== "ok"), "--failed");
    assert.deepEqual(results("min-latency"), [], "--min-latency");
    const flows = parseRows(said("ours", "count-result").replace(/^\n/, ""));
    const counted = flows.flatMap((flow) => Array(Number(flow["CONNECTS"])).fill(flow["RESULT"]));
    assert.deepEqual(counted.toSorted(), known.toSorted(), "-c -r");
  });
  return [{ ...rows, seconds }, counts, ...(share.alone ? [wrong, peerless] : [])];
}
