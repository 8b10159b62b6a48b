// SPDX-License-Identifier: MIT
/*
 * A batch: the samples of one perf buffer poll, one behind the other, and their order in time.
 *
 * A sample begins at a multiple of 8 bytes. Its size, a uint32_t, comes right before it: the kernel
 * pads a record with a uint32_t and the sample to 8 bytes, so this takes no more room than there.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "shim.h"

#define ALIGNMENT 8u

struct batch {
	/* TypeScript reads what comes first: once per wake-up, calls would cost more. */
	uint32_t count;	     /* TypeScript resets it */
	uint32_t disordered; /* a sample is older than the one before it */

	uint32_t sample_size; /* the least */
	uint32_t time_offset;
	uint32_t cpus;
	uint32_t size;	 /* of samples, in bytes */
	uint32_t next;	 /* where the next sample begins */
	uint32_t max;	 /* the most samples that there can be */
	uint64_t newest; /* the time of the last sample */
	char *samples;	 /* size bytes */
	uint32_t *order; /* where each sample begins, in order of time; max of them */
	uint32_t *scratch;
	size_t mapped;
	double lost[]; /* in all, and on each CPU; TypeScript resets them */
};

/* From where a sample begins to where the next one does. */
static uint64_t stride(uint64_t size)
{
	return (size + sizeof(uint32_t) + ALIGNMENT - 1) & -(uint64_t)ALIGNMENT;
}

/*
 * Room for all that the ring buffers can hold, twice: a drain polls and then looks once more, and
 * they may have filled up in between. Pages are taken from the
 * system only when they are used.
 */
EXPORT struct batch *shim_batch_new(uint32_t sample_size, uint32_t time_offset, uint32_t pages)
{
	int cpus = libbpf_num_possible_cpus();
	struct batch *batch;
	size_t size;

	if (cpus < 0) {
		errno = -cpus;
		return NULL;
	}
	/* What a runtime takes for an ArrayBuffer. */
	size = 2 * (size_t)cpus * pages * getpagesize();
	if (size > UINT32_MAX) {
		errno = ENOMEM;
		return NULL;
	}
	batch = calloc(1, sizeof(*batch) + (1 + cpus) * sizeof(batch->lost[0]));
	if (!batch)
		return NULL;
	batch->cpus = cpus;
	batch->sample_size = sample_size;
	batch->time_offset = time_offset;
	batch->size = size;
	batch->max = size / stride(sample_size);
	batch->mapped = size + 2 * sizeof(uint32_t) * batch->max;
	batch->samples = mmap(NULL, batch->mapped, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (batch->samples == MAP_FAILED) {
		free(batch);
		return NULL;
	}
	batch->order = (uint32_t *)(batch->samples + size);
	batch->scratch = batch->order + batch->max;
	return batch;
}

EXPORT void shim_batch_free(struct batch *batch)
{
	munmap(batch->samples, batch->mapped);
	free(batch);
}

/* The size of the memory for samples, in bytes. */
EXPORT uint32_t shim_batch_size(const struct batch *batch)
{
	return batch->size;
}

/* The most samples that there can be. */
EXPORT uint32_t shim_batch_max(const struct batch *batch)
{
	return batch->max;
}

/* The losses: in all, and on each CPU. */
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

static uint64_t time_of(const struct batch *batch, uint32_t at)
{
	uint64_t time;

	memcpy(&time, batch->samples + at + batch->time_offset, sizeof(time));
	return time;
}

/* The end of the run of samples in order of time that begins at order[i]. */
static uint32_t run_end(const struct batch *batch, const uint32_t *order, uint32_t i)
{
	if (i >= batch->count)
		return batch->count;
	while (++i < batch->count && time_of(batch, order[i - 1]) <= time_of(batch, order[i]))
		;
	return i;
}

/* Sorts order[] by time: a natural merge sort, since each CPU's samples are a run in order. */
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
	uint32_t i = batch->count, at = i > 0 ? batch->next : ALIGNMENT;
	uint64_t time;

	if (size < batch->sample_size || at + (uint64_t)size > batch->size || i == batch->max) {
		on_lost(ctx, cpu, 1);
		return;
	}
	memcpy(batch->samples + at - sizeof(size), &size, sizeof(size));
	memcpy(batch->samples + at, data, size);
	time = time_of(batch, at);
	if (i > 0 && time < batch->newest)
		batch->disordered = 1;
	batch->newest = time;
	batch->order[i] = at;
	batch->next = at + stride(size);
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
