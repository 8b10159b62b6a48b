/** Events in memory, laid out by C's struct event and not by our own tables. */

import { runC } from "./c.ts";
import { Random } from "./random.ts";

/** What a test says of an event; the rest is an IPv4 connect by `curl` that is like any other. */
export interface Sample {
  time?: number;
  latency?: number;
  saddr?: readonly number[];
  daddr?: readonly number[];
  comm?: readonly number[];
  pid?: number;
  uid?: number;
  sport?: number;
  dport?: number;
  family?: number;
  result?: number;
  tid?: number;
  retrans?: number;
  rtt?: number;
}

export const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));

const write = `
int main(void)
{
	struct event e;
	int n, b;

	for (;;) {
		memset(&e, 0, sizeof(e));
		if (scanf("%llu %llu %u %u %hu %hu %hu %hd %u %u %llu", &e.time, &e.latency, &e.pid,
			  &e.uid, &e.sport, &e.dport, &e.family, &e.result, &e.tid, &e.retrans,
			  &e.rtt) != 11)
			return 0;
		for (n = 0; n < 48 && scanf("%d", &b) == 1; n++)
			(n < 16 ? (char *)e.saddr + n : n < 32 ? (char *)e.daddr + n - 16 :
								 e.comm + n - 32)[0] = b;
		fwrite(&e, sizeof(e), 1, stdout);
	}
}`;

const sixteen = (bytes: readonly number[]) =>
  Array.from({ length: 16 }, (_, i) => bytes[i] ?? 0).join(" ");

/** Lets C write the events side by side, as a batch has them. */
export function encode(samples: readonly Sample[]): Uint8Array<ArrayBuffer> {
  const rows = samples.map((s) =>
    [
      [s.time ?? 1e15, s.latency ?? 0, s.pid ?? 4711, s.uid ?? 1000].join(" "),
      [s.sport ?? 40000, s.dport ?? 80, s.family ?? 4, s.result ?? 0].join(" "),
      [s.tid ?? s.pid ?? 4711, s.retrans ?? 0, s.rtt ?? 0].join(" "),
      sixteen(s.saddr ?? [127, 0, 0, 1]),
      sixteen(s.daddr ?? [127, 0, 0, 1]),
      sixteen(s.comm ?? ascii("curl")),
    ].join(" ")
  );
  return new Uint8Array(runC(write, Buffer.from(rows.join("\n"))));
}

/** Events of every shape: both families, long and short numbers, names that fill their field. */
export function randomSamples(count: number, seed: number): Sample[] {
  const random = new Random(seed);
  const wide = (bits: number) => random.below(2 ** random.pick([0, bits / 4, bits / 2, bits]));
  // A sparse address has runs of zeros.
  const address = () => [...random.bytes(16)].map((b) => random.below(2) ? b : 0);
  return Array.from({ length: count }, () => ({
    time: 1e12 + random.below(2 ** 32) * 1000 + random.below(1000),
    saddr: address(),
    daddr: [...random.bytes(16)],
    comm: Array.from({ length: random.below(17) }, () => 0x20 + random.below(0x5f)),
    pid: wide(31),
    uid: wide(32),
    sport: wide(16),
    dport: wide(16),
    family: random.pick([4, 6]),
  }));
}
