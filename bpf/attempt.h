/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Outputs or counts events, and keeps the attempts that have no result yet. */
#ifndef ATTEMPT_H
#define ATTEMPT_H

#include "event.h"

static __always_inline void count_flow(const struct event *ev)
{
	struct flow flow = {
		.sport = flow_sport ? ev->sport : 0,
		.dport = ev->dport,
		.family = ev->family,
		.result = ev->result,
	};
	struct flow_stats *stats;

	__builtin_memcpy(flow.saddr, ev->saddr, sizeof(flow.saddr));
	__builtin_memcpy(flow.daddr, ev->daddr, sizeof(flow.daddr));
	stats = bpf_map_lookup_elem(&flows, &flow);
	if (!stats) {
		struct flow_stats none = {};

		bpf_map_update_elem(&flows, &flow, &none, BPF_NOEXIST);
		/* Another CPU may have added it first. */
		stats = bpf_map_lookup_elem(&flows, &flow);
		if (!stats) {
			LOSE(lost_full);
			return;
		}
	}
	__sync_fetch_and_add(&stats->count, 1);
	if (want_result) {
		__sync_fetch_and_add(&stats->latency_sum, ev->latency);
		if (stats->latency_max < ev->latency)
			stats->latency_max = ev->latency;
	}
}

static __always_inline void submit(void *ctx, struct event *ev)
{
	__u32 size = EVENT_SIZE(want_tail);
	long err;

	if (!ends_pass(ev))
		return;
	if (count_flows) {
		count_flow(ev);
		return;
	}
	if (quiet)
		err = bpf_perf_event_output(ctx, &quiet_events, BPF_F_CURRENT_CPU, ev, size);
	else
		err = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, ev, size);
	if (err == -ENOSPC)
		LOSE(lost_output);
	else if (err)
		LOSE(lost_cpu);
}

static __always_inline void remember(__u64 sk, struct event *ev)
{
	long err;

	ev->retrans = RETRANS_UNKNOWN;
	err = bpf_map_update_elem(&attempts, &sk, ev, BPF_NOEXIST);
	if (err == -EEXIST) {
		/* The end of an older attempt was missed: its socket is freed, this one has its
		 * address. */
		COUNT(lost_missed);
		err = bpf_map_update_elem(&attempts, &sk, ev, BPF_ANY);
	}
	if (err)
		LOSE(lost_full);
}

/* The result of an attempt in the map is known: outputs or counts its event, and removes it. */
static __always_inline void verdict(void *ctx, __u64 sk, struct event *ev, __s16 result)
{
	__u64 now = bpf_ktime_get_ns();

	ev->latency = now - ev->time;
	ev->time = now;
	ev->result = result;
	if (outcome_passes(ev))
		submit(ctx, ev);
	bpf_map_delete_elem(&attempts, &sk);
}

#endif
