// SPDX-License-Identifier: MIT
/* A batch: the fixed-size samples of one perf buffer poll, and their order of time. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "shim.h"

struct batch {
	/* TypeScript reads what comes first: once per wake-up, calls would cost more. */
	uint32_t count;	     /* TypeScript's to reset */
	uint32_t disordered; /* a sample is older than the one before it */

	uint32_t capacity;
	uint32_t sample_size;
	uint32_t time_offset;
	uint32_t cpus;
	char *samples; /* capacity * sample_size */
	uint32_t *order;
	uint32_t *scratch;
	size_t bytes;
	double lost[]; /* in all, and on each CPU; TypeScript's too */
};

/*
 * Room for all that the ring buffers can hold, twice: a drain polls and then looks once more, and
 * they may have filled up in between. Nothing ever has to stop half-way. Pages are taken from the
 * system only when they are used.
 */
EXPORT struct batch *shim_batch_new(uint32_t sample_size, uint32_t time_offset, uint32_t pages)
{
	int cpus = libbpf_num_possible_cpus();
	struct batch *batch;
	size_t bytes;

	if (cpus < 0) {
		errno = -cpus;
		return NULL;
	}
	/* What a runtime takes for an ArrayBuffer. */
	bytes = 2 * (size_t)cpus * pages * getpagesize();
	if (bytes > UINT32_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	batch = calloc(1, sizeof(*batch) + (1 + cpus) * sizeof(batch->lost[0]));
	if (!batch)
		return NULL;
	batch->cpus = cpus;
	batch->sample_size = sample_size;
	batch->time_offset = time_offset;
	batch->capacity = bytes / sample_size;
	bytes = batch->capacity * (size_t)sample_size;
	batch->bytes = bytes + 2 * sizeof(uint32_t) * batch->capacity;
	batch->samples = mmap(NULL, batch->bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (batch->samples == MAP_FAILED) {
		free(batch);
		return NULL;
	}
	batch->order = (uint32_t *)(batch->samples + bytes);
	batch->scratch = batch->order + batch->capacity;
	return batch;
}

EXPORT void shim_batch_free(struct batch *batch)
{
	munmap(batch->samples, batch->bytes);
	free(batch);
}

EXPORT uint32_t shim_batch_capacity(const struct batch *batch)
{
	return batch->capacity;
}

/* Where the losses stand: in all, and on each CPU. */
EXPORT void *shim_batch_lost(struct batch *batch)
{
	return batch->lost;
}

EXPORT void *shim_batch_samples(const struct batch *batch)
{
	return batch->samples;
}

EXPORT void *shim_batch_order(const struct batch *batch)
{
	return batch->order;
}

static uint64_t time_of(const struct batch *batch, uint32_t index)
{
	uint64_t time;

	memcpy(&time, batch->samples + (size_t)index * batch->sample_size + batch->time_offset,
	       sizeof(time));
	return time;
}

static uint32_t run_end(const struct batch *batch, const uint32_t *order, uint32_t i)
{
	if (i >= batch->count)
		return batch->count;
	while (++i < batch->count && time_of(batch, order[i - 1]) <= time_of(batch, order[i]))
		;
	return i;
}

/* Puts order[] in order: a natural merge sort, of the runs that the CPUs' buffers are. */
EXPORT void shim_batch_sort(struct batch *batch)
{
	uint32_t *from = batch->order, *to = batch->scratch, *swap;

	while (run_end(batch, from, 0) < batch->count) {
		for (uint32_t a, b, middle, end = 0; end < batch->count;) {
			uint32_t out = end;

			a = end;
			b = middle = run_end(batch, from, a);
			end = run_end(batch, from, middle);
			while (out < end) {
				if (b >= end || (a < middle && time_of(batch, from[a]) <=
								       time_of(batch, from[b])))
					to[out++] = from[a++];
				else
					to[out++] = from[b++];
			}
		}
		swap = from;
		from = to;
		to = swap;
	}
	if (from != batch->order)
		memcpy(batch->order, from, batch->count * sizeof(*from));
	batch->disordered = 0;
}

static void on_lost(void *ctx, int cpu, __u64 count)
{
	struct batch *batch = ctx;

	batch->lost[0] += count;
	if ((uint32_t)cpu < batch->cpus)
		batch->lost[1 + cpu] += count;
}

static void on_sample(void *ctx, int cpu, void *data, __u32 size)
{
	struct batch *batch = ctx;
	uint32_t i = batch->count;

	if (i == batch->capacity || size < batch->sample_size) {
		on_lost(ctx, cpu, 1);
		return;
	}
	memcpy(batch->samples + (size_t)i * batch->sample_size, data, batch->sample_size);
	batch->order[i] = i;
	if (i > 0 && time_of(batch, i) < time_of(batch, i - 1))
		batch->disordered = 1;
	batch->count++;
}

/* The callbacks for perf_buffer__new(), whose ctx is the batch. */
EXPORT void *shim_on_sample(void)
{
	return on_sample;
}

EXPORT void *shim_on_lost(void)
{
	return on_lost;
}
