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
  "size": 48,
  "fields": {
    "seen": { "offset": 0, "type": "u64", "length": 1 },
    "filtered": { "offset": 8, "type": "u64", "length": 1 },
    "lost_output": { "offset": 16, "type": "u64", "length": 1 },
    "lost_cpu": { "offset": 24, "type": "u64", "length": 1 },
    "lost_full": { "offset": 32, "type": "u64", "length": 1 },
    "lost_missed": { "offset": 40, "type": "u64", "length": 1 },
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
  "size": 696,
  "fields": {
    "filter_pid_count": { "offset": 0, "type": "u32", "length": 1 },
    "filter_pid_ns": { "offset": 8, "type": "u64", "length": 1 },
    "filter_pid_dev": { "offset": 16, "type": "u64", "length": 1 },
    "filter_uid_count": { "offset": 24, "type": "u32", "length": 1 },
    "filter_port_count": { "offset": 28, "type": "u32", "length": 1 },
    "filter_family": { "offset": 32, "type": "u16", "length": 1 },
    "want_uid": { "offset": 34, "type": "u8", "length": 1 },
    "want_tail": { "offset": 35, "type": "u8", "length": 1 },
    "count_flows": { "offset": 36, "type": "u8", "length": 1 },
    "flow_sport": { "offset": 37, "type": "u8", "length": 1 },
    "want_result": { "offset": 38, "type": "u8", "length": 1 },
    "only_failed": { "offset": 39, "type": "u8", "length": 1 },
    "min_latency": { "offset": 40, "type": "u64", "length": 1 },
    "from_state": { "offset": 48, "type": "u8", "length": 1 },
    "task_helpers": { "offset": 49, "type": "u8", "length": 1 },
    "result_codes": { "offset": 52, "type": "i32", "length": 1 },
    "filter_pids": { "offset": 56, "type": "u32", "length": 64 },
    "filter_uids": { "offset": 312, "type": "u32", "length": 64 },
    "filter_ports": { "offset": 568, "type": "u16", "length": 64 },
  },
} as const;

export const bss = {
  "size": 8,
  "fields": {
    "quiet": { "offset": 0, "type": "u32", "length": 1 },
    "lost": { "offset": 4, "type": "u32", "length": 1 },
  },
} as const;
