import assert from "node:assert/strict";
import test from "node:test";
import { defaultPages, maxFlows } from "../../src/kernel/sizes.ts";
import { linesC, root } from "./c.ts";

const pageSizes = [4096, 16384, 65536];

test("defaultPages() makes buffers of 512 KiB, whatever the size of a page", () => {
  assert.deepEqual(pageSizes.map(defaultPages), [128, 32, 8]);
  assert.equal(defaultPages(2 ** 20), 1);
});

test("maxFlows() is 65536, but for a per-CPU map that would take more than 128 MiB", () => {
  for (const cpus of [1, 2, 64, 256, 8192]) assert.equal(maxFlows(cpus, false), 65536);
  assert.equal(maxFlows(64, true), 65536);
  for (const cpus of [128, 256, 1024, 8192]) {
    const bytes = maxFlows(cpus, true) * (112 + 24 * cpus);
    assert.ok(bytes <= 128 * 2 ** 20 && bytes > 127 * 2 ** 20, `${cpus}: ${bytes}`);
  }
});

/** How many samples a batch for so many CPUs has room for; 0 if there can be none. */
function capacity(cpus: number, pageSize: number, pages: number): number {
  const [line] = linesC(`
#include <unistd.h>
#define getpagesize() ${pageSize}
#include "${root}lib/shim/batch.c"

int libbpf_num_possible_cpus(void)
{
	return ${cpus};
}

int main(void)
{
	struct batch *batch = shim_batch_new(80, 0, ${pages});

	printf("%u\\n", batch ? shim_batch_max(batch) : 0);
	return 0;
}`);
  return Number(line);
}

test("a batch has room for twice what 256 CPUs' buffers hold, whatever the size of a page", () => {
  for (const pageSize of pageSizes) {
    // A record: its header, the size of the sample, the sample; padded to 8 bytes.
    const held = 256 * 512 * 1024 / 96;
    assert.ok(capacity(256, pageSize, defaultPages(pageSize)) >= 2 * Math.floor(held));
  }
  // As it was, with 128 pages by default.
  assert.equal(capacity(256, 65536, 128), 0);
});
