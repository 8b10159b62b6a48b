// Generated from the BTF of the BPF object: do not edit, run `make generate`.

export const event = {
  "size": 96,
  "fields": {
    "time": { "offset": 0, "type": "u64", "length": 1 },
    "latency": { "offset": 8, "type": "u64", "length": 1 },
    "saddr": { "offset": 16, "type": "u8", "length": 16 },
    "daddr": { "offset": 32, "type": "u8", "length": 16 },
    "comm": { "offset": 48, "type": "i8", "length": 16 },
    "pid": { "offset": 64, "type": "u32", "length": 1 },
    "uid": { "offset": 68, "type": "u32", "length": 1 },
    "sport": { "offset": 72, "type": "u16", "length": 1 },
    "dport": { "offset": 74, "type": "u16", "length": 1 },
    "family": { "offset": 76, "type": "u16", "length": 1 },
    "result": { "offset": 78, "type": "i16", "length": 1 },
    "tid": { "offset": 80, "type": "u32", "length": 1 },
    "retrans": { "offset": 84, "type": "u32", "length": 1 },
    "rtt": { "offset": 88, "type": "u64", "length": 1 },
  },
} as const;

export const flow = {
  "size": 40,
  "fields": {
    "saddr": { "offset": 0, "type": "u8", "length": 16 },
    "daddr": { "offset": 16, "type": "u8", "length": 16 },
    "sport": { "offset": 32, "type": "u16", "length": 1 },
    "dport": { "offset": 34, "type": "u16", "length": 1 },
    "family": { "offset": 36, "type": "u16", "length": 1 },
    "result": { "offset": 38, "type": "i16", "length": 1 },
  },
} as const;

export const flow_stats = {
  "size": 24,
  "fields": {
    "count": { "offset": 0, "type": "u64", "length": 1 },
    "latency_sum": { "offset": 8, "type": "u64", "length": 1 },
    "latency_max": { "offset": 16, "type": "u64", "length": 1 },
  },
} as const;

export const counters = {
  "size": 72,
  "fields": {
    "seen": { "offset": 0, "type": "u64", "length": 1 },
    "filtered_result": { "offset": 8, "type": "u64", "length": 1 },
    "filtered_latency": { "offset": 16, "type": "u64", "length": 1 },
    "filtered_destination": { "offset": 24, "type": "u64", "length": 1 },
    "filtered_source": { "offset": 32, "type": "u64", "length": 1 },
    "lost_output": { "offset": 40, "type": "u64", "length": 1 },
    "lost_cpu": { "offset": 48, "type": "u64", "length": 1 },
    "lost_full": { "offset": 56, "type": "u64", "length": 1 },
    "lost_missed": { "offset": 64, "type": "u64", "length": 1 },
  },
} as const;

export const network_key = {
  "size": 24,
  "fields": {
    "bits": { "offset": 0, "type": "u32", "length": 1 },
    "family": { "offset": 4, "type": "u16", "length": 1 },
    "source": { "offset": 6, "type": "u16", "length": 1 },
    "addr": { "offset": 8, "type": "u8", "length": 16 },
  },
} as const;

export const result = {
  "RESULT_OK": 0,
  "RESULT_CLOSED": -1,
  "RESULT_PENDING": -2,
  "RESULT_CALLING": -3,
  "RESULT_REFUSED": -4,
} as const;

export const rodata = {
  "size": 21280,
  "fields": {
    "want_uid": { "offset": 0, "type": "u8", "length": 1 },
    "want_tail": { "offset": 1, "type": "u8", "length": 1 },
    "count_flows": { "offset": 2, "type": "u8", "length": 1 },
    "flow_sport": { "offset": 3, "type": "u8", "length": 1 },
    "want_result": { "offset": 4, "type": "u8", "length": 1 },
    "from_state": { "offset": 5, "type": "u8", "length": 1 },
    "task_helpers": { "offset": 6, "type": "u8", "length": 1 },
    "result_codes": { "offset": 8, "type": "i32", "length": 1 },
    "filter_caller": { "offset": 12, "type": "u8", "length": 1 },
    "filter_pid_count": { "offset": 16, "type": "u32", "length": 1 },
    "filter_pid_except": { "offset": 20, "type": "u8", "length": 1 },
    "filter_pid_ns": { "offset": 24, "type": "u64", "length": 1 },
    "filter_pid_dev": { "offset": 32, "type": "u64", "length": 1 },
    "filter_uid_count": { "offset": 40, "type": "u32", "length": 1 },
    "filter_uid_except": { "offset": 44, "type": "u8", "length": 1 },
    "filter_comm_count": { "offset": 48, "type": "u32", "length": 1 },
    "filter_comm_begins": { "offset": 52, "type": "u32", "length": 1 },
    "filter_comm_except": { "offset": 56, "type": "u8", "length": 1 },
    "filter_ends": { "offset": 57, "type": "u8", "length": 1 },
    "filter_destination": { "offset": 58, "type": "u8", "length": 1 },
    "filter_family": { "offset": 60, "type": "u16", "length": 1 },
    "filter_port": { "offset": 62, "type": "u8", "length": 1 },
    "filter_port_except": { "offset": 63, "type": "u8", "length": 1 },
    "filter_dst_count": { "offset": 64, "type": "u32", "length": 1 },
    "filter_dst_except": { "offset": 68, "type": "u8", "length": 1 },
    "filter_source": { "offset": 69, "type": "u8", "length": 1 },
    "filter_sport": { "offset": 70, "type": "u8", "length": 1 },
    "filter_sport_except": { "offset": 71, "type": "u8", "length": 1 },
    "filter_src_count": { "offset": 72, "type": "u32", "length": 1 },
    "filter_src_except": { "offset": 76, "type": "u8", "length": 1 },
    "filter_outcome": { "offset": 77, "type": "u8", "length": 1 },
    "filter_result_count": { "offset": 80, "type": "u32", "length": 1 },
    "filter_result_except": { "offset": 84, "type": "u8", "length": 1 },
    "min_latency": { "offset": 88, "type": "u64", "length": 1 },
    "filter_pids": { "offset": 96, "type": "u32", "length": 64 },
    "filter_uids": { "offset": 352, "type": "u32", "length": 64 },
    "filter_comm_names": { "offset": 608, "type": "u8", "length": 1024 },
    "filter_comm_masks": { "offset": 1632, "type": "u8", "length": 1024 },
    "filter_ports": { "offset": 2656, "type": "u8", "length": 8192 },
    "filter_dst_families": { "offset": 10848, "type": "u8", "length": 32 },
    "filter_dst_addrs": { "offset": 10880, "type": "u8", "length": 512 },
    "filter_dst_masks": { "offset": 11392, "type": "u8", "length": 512 },
    "filter_sports": { "offset": 11904, "type": "u8", "length": 8192 },
    "filter_src_families": { "offset": 20096, "type": "u8", "length": 32 },
    "filter_src_addrs": { "offset": 20128, "type": "u8", "length": 512 },
    "filter_src_masks": { "offset": 20640, "type": "u8", "length": 512 },
    "filter_results": { "offset": 21152, "type": "i16", "length": 64 },
  },
} as const;

export const bss = {
  "size": 8,
  "fields": {
    "quiet": { "offset": 0, "type": "u32", "length": 1 },
    "lost": { "offset": 4, "type": "u32", "length": 1 },
  },
} as const;
