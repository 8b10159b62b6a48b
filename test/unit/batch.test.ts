/** The shim's C, driven from C: batches as libbpf fills them, and signals. */

import assert from "node:assert/strict";
import test from "node:test";
import { linesC, root } from "./c.ts";
import { Random } from "./random.ts";

/**
 * Reads lines: `new SIZE PAGES`, `sample CPU TIME SIZE`, `lost CPU COUNT`, `take`. At `take`, does
 * what TypeScript does after and before a poll: prints the samples in order of time, each as its
 * number, its time and, unless that is 16, its size; whether it had to sort; and the losses of three
 * CPUs; and begins a new batch.
 */
const driver = `
#include "${root}lib/shim/batch.c"
#include <stdbool.h>

int libbpf_num_possible_cpus(void)
{
	return 3;
}

int main(void)
{
	void (*sample)(void *, int, void *, __u32) = shim_on_sample();
	void (*lost)(void *, int, __u64) = shim_on_lost();
	struct { uint32_t number, pad; uint64_t time; char rest[65536]; } event = {};
	struct batch *batch = NULL;
	unsigned long long a, b, c;
	char word[16];

	while (scanf("%15s", word) == 1) {
		if (!strcmp(word, "new")) {
			scanf("%llu %llu", &a, &b);
			batch = shim_batch_new(a, 8, b);
			printf("%u bytes, %u samples\\n", shim_batch_size(batch),
			       shim_batch_max(batch));
		} else if (!strcmp(word, "sample")) {
			scanf("%llu %llu %llu", &a, &b, &c);
			event.time = b;
			memset(event.rest, event.number, sizeof(event.rest));
			sample(batch, a, &event, c);
			event.number++;
		} else if (!strcmp(word, "lost")) {
			scanf("%llu %llu", &a, &b);
			lost(batch, a, b);
		} else if (!strcmp(word, "take")) {
			uint32_t *state = (uint32_t *)batch, *order = shim_batch_order(batch);
			double *lost = shim_batch_lost(batch);

			bool sorted = state[1];

			if (sorted)
				shim_batch_sort(batch);
			for (uint32_t i = 0; i < state[0]; i++) {
				char *at = (char *)shim_batch_samples(batch) + order[i];
				uint32_t number = *(uint32_t *)at, size = *(uint32_t *)(at - 4);

				printf("%u:%llu", number, *(unsigned long long *)(at + 8));
				if (size != 16)
					printf("/%u", size);
				memset(event.rest, number, sizeof(event.rest));
				printf("%s%s ", order[i] % 8 ? "unaligned" : "",
				       memcmp(at + 16, event.rest, size - 16) ? "spoilt" : "");
			}
			event.number = 0;
			printf("%s| %.0f = %.0f + %.0f + %.0f\\n", sorted ? "sorted " : "",
			       lost[0], lost[1], lost[2], lost[3]);
			state[0] = 0;
			memset(lost, 0, 4 * sizeof(*lost));
		}
	}
	shim_batch_free(batch);
	return 0;
}`;

const flags = '#pragma GCC diagnostic ignored "-Wunused-result"\n';

/** Runs lines through the driver; times are of samples of 16 bytes. */
function drive(...steps: string[]): string[] {
  return linesC(flags + driver, Buffer.from(["new 16 1", ...steps].join("\n"))).slice(1);
}

const samples = (times: number[]) => times.map((time) => `sample 0 ${time} 16`);

/** Numbers and times as a stable sort puts them, and whether it had anything to do. */
const sorted = (times: number[]) =>
  times.map((time, number) => ({ time, number })).toSorted((a, b) => a.time - b.time)
    .map(({ time, number }) => `${number}:${time} `).join("") +
  (times.some((time, i) => time < (times[i - 1] ?? 0)) ? "sorted " : "");

test("shim_batch_sort() puts samples in order of time, equal ones in order of arrival", () => {
  const random = new Random(2);
  const batches = [
    [],
    [5],
    [1, 2, 3, 4],
    [4, 3, 2, 1],
    [7, 7, 7],
    [1, 5, 9, 2, 6, 10, 3, 7, 11],
    [2, 1, 2, 1, 2],
    ...Array.from(
      { length: 60 },
      () =>
        Array.from(
          { length: random.below(200) },
          () => random.below(random.pick([4, 100, 2 ** 32])),
        ),
    ),
    // Runs of each CPU, as they come.
    ...Array.from(
      { length: 20 },
      () =>
        Array.from(
          { length: 3 },
          () =>
            Array.from({ length: random.below(50) }, () => random.below(1000))
              .toSorted((a, b) => a - b),
        ).flat(),
    ),
  ];
  const steps = batches.flatMap((times) => [...samples(times), "take"]);
  assert.deepEqual(drive(...steps), batches.map((times) => `${sorted(times)}| 0 = 0 + 0 + 0`));
});

test("shim_batch_sort() orders times beyond 32 bits", () => {
  const times = [2 ** 40 + 1, 2 ** 40, 5, 2 ** 33];
  assert.deepEqual(drive(...samples(times), "take"), [`${sorted(times)}| 0 = 0 + 0 + 0`]);
});

const pageSize = () =>
  Number(linesC(`#include <unistd.h>
int main(void) { printf("%d\\n", getpagesize()); return 0; }`));

test("shim_batch_new() makes room for twice what the ring buffers of all CPUs can hold", () => {
  const lines = linesC(flags + driver, Buffer.from("new 80 1 new 16 4"));
  const bytes = 2 * 3 * pageSize();
  // Each with its size before it, and aligned: the ring buffers hold no more of them.
  assert.deepEqual(lines, [
    `${bytes} bytes, ${Math.floor(bytes / 88)} samples`,
    `${4 * bytes} bytes, ${Math.floor(4 * bytes / 24)} samples`,
  ]);
});

test("shim_on_sample() keeps what is longer than a sample whole", () => {
  assert.deepEqual(drive("sample 0 2 24", "sample 0 1 999", "sample 0 3 20", "take"), [
    "1:1/999 0:2/24 2:3/20 sorted | 0 = 0 + 0 + 0",
  ]);
});

test("shim_on_sample() keeps samples of all sizes apart, and aligned", () => {
  const random = new Random(3);
  const sizes = Array.from({ length: 100 }, () => 16 + random.below(random.pick([2, 30, 300])));
  const steps = sizes.map((size, i) => `sample 0 ${i} ${size}`);
  const shown = sizes.map((size, i) => `${i}:${i}${size === 16 ? "" : `/${size}`} `).join("");
  assert.deepEqual(drive(...steps, "take"), [`${shown}| 0 = 0 + 0 + 0`]);
});

test("shim_on_sample() counts a long sample as lost that finds no room, and takes a shorter one", () => {
  const room = 2 * 3 * pageSize() - 8;
  const most = [`sample 0 1 ${room - 100}`, "sample 1 2 101", "sample 0 3 16", "take"];
  assert.deepEqual(drive(...most), [`0:1/${room - 100} 2:3 | 1 = 0 + 1 + 0`]);
});

test("shim_on_sample() counts what is shorter than a sample as lost on its CPU", () => {
  assert.deepEqual(drive("sample 1 5 15", "sample 2 6 16", "take"), ["1:6 | 1 = 0 + 1 + 0"]);
});

test("shim_on_sample() counts what finds no room as lost", () => {
  const room = 2 * 3 * pageSize() / 24;
  const times = Array.from({ length: room + 5 }, (_, i) => i);
  const [line] = drive(...samples(times), "take");
  assert.equal(line, `${sorted(times.slice(0, room))}| 5 = 5 + 0 + 0`);
});

test("shim_on_lost() adds up by CPU, and in all for a CPU that there is not", () => {
  assert.deepEqual(drive("lost 0 2", "lost 2 3", "lost 2 4", "lost 9 1", "take"), [
    "| 10 = 2 + 0 + 7",
  ]);
});

test("shim_on_sample() begins anew where TypeScript resets the batch", () => {
  const steps = ["lost 1 2", ...samples([1, 2]), "take", "take"];
  assert.deepEqual(drive(...steps), ["0:1 1:2 | 2 = 0 + 2 + 0", "| 0 = 0 + 0 + 0"]);
});

test("shim_on_lost() begins a batch as a sample does", () => {
  const steps = [...samples([1, 2]), "lost 0 5", "take", "lost 1 1", "sample 0 9 16", "take"];
  assert.deepEqual(drive(...steps), ["0:1 1:2 | 5 = 5 + 0 + 0", "0:9 | 1 = 0 + 1 + 0"]);
});

test("shim_signal_catch() counts signals, and leaves an ignored one ignored", () => {
  const lines = linesC(`
#include "${root}lib/shim/signals.c"
int main(void)
{
	volatile sig_atomic_t *count = shim_signal_count();

	signal(SIGHUP, SIG_IGN);
	printf("%d\\n", shim_signal_catch(SIGTERM));
	raise(SIGTERM);
	raise(SIGTERM);
	printf("%d\\n", *count);
	printf("%d\\n", shim_signal_catch(SIGHUP));
	raise(SIGHUP);
	printf("%d\\n", *count);
	printf("%d\\n", shim_signal_catch(SIGKILL) == -EINVAL);
	return 0;
}`);
  assert.deepEqual(lines, ["0", "2", "0", "2", "1"]);
});

test("shim_signal_catch() takes SIGALRM only once a signal has come, and then ends every wait", () => {
  const lines = linesC(`
#include "${root}lib/shim/signals.c"
#include <unistd.h>
int main(void)
{
	struct sigaction old;

	shim_signal_catch(SIGTERM);
	sigaction(SIGALRM, NULL, &old);
	printf("%d\\n", old.sa_handler == SIG_DFL);
	raise(SIGTERM);
	/* Without an alarm each of these would last for good. */
	printf("%d\\n", pause() < 0 && errno == EINTR);
	printf("%d\\n", pause() < 0 && errno == EINTR);
	printf("%d\\n", *shim_signal_count());
	return 0;
}`);
  assert.deepEqual(lines, ["1", "1", "1", "1"]);
});
