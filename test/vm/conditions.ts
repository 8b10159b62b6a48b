/** What a kernel or its owner can deny, and what the tool must then do. */

import type { BackendName } from "../../src/kernel/spec.ts";

/** One run of the tool. */
export interface Trial {
  /** What it is run by, as `setpriv --reuid 1`. */
  as?: string;
  args: string;
  /** Whether it is --doctor; then `says` is about its report. */
  doctor?: true;
  status: number;
  /** The lines on standard error; none unless given. */
  says?: RegExp | RegExp[];
  /** What is attached, if anything. */
  backend?: BackendName;
  /** Whether it sees nothing all the same. */
  blind?: true;
  /** Whether CPU 1 goes and comes back meanwhile, and has the connects then. */
  hotplug?: true;
}

export interface Condition {
  /** For file names in the guest. */
  name: string;
  /** For people. */
  title: string;
  /** Shell commands that make the condition, and that end it. */
  enter?: string;
  leave?: string;
  /** What kernel.bpf_stats_enabled is, and must stay; 0 unless given. */
  bpfStats?: 1;
  /** False if there are no IPv6 sockets. */
  ipv6?: boolean;
  /** Whether the list of kprobes cannot be read either. */
  sealed?: true;
  trials: Trial[];
}

const works = (args: string, backend: BackendName, more: Partial<Trial> = {}): Trial => ({
  args,
  status: 0,
  backend,
  ...more,
});
const refused = (args: string, says: RegExp, as = ""): Trial => ({ args, status: 1, says, as });
const doctor = (status: number, ...says: RegExp[]): Trial => ({
  args: "",
  doctor: true,
  status,
  says,
});

/** Where sockops cannot attach. */
const late: Partial<Trial> = { says: /^tcpconnect: warning: rows wait for an answer, / };

const here = /^tcpconnect runs here with (\w+)\. A kprobe-only tool, .* runs here too\.$/m;

export const noBtf: Condition = {
  name: "btf",
  title: "no BTF; --btf FILE",
  enter: "cp /sys/kernel/btf/vmlinux /run/btf && mount -t tmpfs none /sys/kernel/btf",
  leave: "umount /sys/kernel/btf",
  trials: [
    refused("", /^tcpconnect: this kernel carries no BTF .*--btf FILE/),
    refused("--attach tracepoint", /^tcpconnect: this kernel carries no BTF .*--btf FILE/),
    doctor(1, /^BTF +no$/m, /^tcpconnect cannot run here: this kernel carries no BTF/m),
    works("--btf /run/btf", "kprobe"),
    works("--btf /run/btf -r", "kprobe"),
    works("--btf /run/btf --attach tracepoint", "tracepoint"),
    works("--btf /run/btf -r --attach tracepoint", "tracepoint"),
    refused("--btf /run/btf --attach fentry", /^tcpconnect: .*fentry/),
    { ...doctor(0, /^BTF +from \/run\/btf$/m, /^fentry +no: /m, here), args: "--btf /run/btf" },
  ],
};

/** Where helpers tell a sockops program who calls, it needs no BTF. */
export const noBtfNeeded: Condition = {
  ...noBtf,
  title: "no BTF, none needed",
  enter: "mount -t tmpfs none /sys/kernel/btf",
  trials: [
    works("", "tracepoint"),
    works("-U --attach tracepoint", "tracepoint"),
    refused("-r", /^tcpconnect: this kernel carries no BTF .*--btf FILE/),
    doctor(0, /^BTF +no$/m, /^fentry +no: /m, /^tcpconnect runs here with tracepoint\./m),
  ],
};

const blindly = (backend: BackendName): Trial =>
  works(`--attach ${backend}`, backend, {
    blind: true,
    says: /^tcpconnect: warning: .*kernel\.ftrace_enabled is 0/,
  });

/** What attaches never fires. */
export const noFtrace: Condition = {
  name: "ftrace",
  title: "kernel.ftrace_enabled=0",
  enter: "sysctl -qw kernel.ftrace_enabled=0",
  leave: "sysctl -qw kernel.ftrace_enabled=1",
  trials: [
    works("", "tracepoint"),
    works("-r", "tracepoint"),
    blindly("fentry"),
    blindly("kprobe"),
    doctor(
      0,
      /^fentry +no: attached, but it never fires$/m,
      /^kprobe -r +no: attached, but it never fires$/m,
      /^ftrace +no/m,
      /^tcpconnect runs here with tracepoint\. A kprobe-only tool, .* cannot run here\.$/m,
    ),
  ],
};

/** But on 5.10, where fentry does not attach. */
export const noFtraceBusy: Condition = {
  ...noFtrace,
  trials: [
    works("", "tracepoint"),
    refused("--attach fentry", /^tcpconnect: .*(EBUSY|ftrace_enabled)/),
    blindly("kprobe"),
  ],
};

export const noTracefs: Condition = {
  name: "tracefs",
  title: "no tracefs",
  enter: "umount /sys/kernel/tracing /sys/kernel/debug",
  leave: "mount -t debugfs debugfs /sys/kernel/debug; mount -t tracefs tracefs /sys/kernel/tracing",
  trials: [
    refused("-r --attach tracepoint", /^tcpconnect: .*mount -t tracefs tracefs/),
    works("--attach tracepoint", "tracepoint"),
    works("-r --attach kprobe", "kprobe"),
  ],
};

export const noCgroups: Condition = {
  name: "cgroups",
  title: "no cgroup v2",
  enter: "umount /sys/fs/cgroup",
  leave: "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
  trials: [
    works("--attach tracepoint", "tracepoint", late),
    works("-r --attach tracepoint", "tracepoint"),
  ],
};

/** bpf_stats costs every program of the machine: the tool must leave it as it is. */
export const bpfStats: Condition = {
  name: "stats",
  title: "bpf_stats stays on",
  enter: "sysctl -qw kernel.bpf_stats_enabled=1",
  leave: "sysctl -qw kernel.bpf_stats_enabled=0",
  bpfStats: 1,
  trials: [works("-r", "fentry")],
};

const setpriv = "/usr/sbin/setpriv";
const nobody = `${setpriv} --reuid 65534 --regid 65534 --clear-groups`;
const rootWithout = (capabilities: string) => `${setpriv} --bounding-set ${capabilities}`;

export const users: Condition = {
  name: "users",
  title: "no root, no capabilities",
  trials: [
    refused("", /^tcpconnect: not permitted: run it as root \(sudo tcpconnect\)$/, nobody),
    {
      ...doctor(1, /^fentry +no: .*EPERM/m, /^tcpconnect cannot run here: not permitted/m),
      as: nobody,
    },
    refused("", /not permitted: root lacks .*CAP_BPF/, rootWithout("-bpf,-perfmon,-sys_admin")),
    refused("-r", /not permitted: root lacks .*CAP_PERFMON/, rootWithout("-perfmon,-sys_admin")),
    refused("-r", /not permitted: root lacks .*CAP_BPF/, rootWithout("-bpf,-sys_admin")),
  ],
};

const two = ["inh-caps", "ambient-caps", "bounding-set"].map((set) =>
  `--${set} -all,+bpf,+perfmon`
);
const capable = `${nobody} ${two.join(" ")}`;

/**
 * CAP_BPF and CAP_PERFMON alone are enough, but for a patch of Debian's that makes
 * kernel.perf_event_paranoid=3 ask for CAP_SYS_ADMIN, and, before 5.11, for the limit of locked
 * memory that maps count against.
 */
export const capabilities: Condition = {
  name: "capabilities",
  title: "CAP_BPF and CAP_PERFMON only",
  enter: "ulimit -l unlimited; sysctl -qw kernel.perf_event_paranoid=2",
  leave: "sysctl -qw kernel.perf_event_paranoid=3",
  trials: [
    works("", "fentry", { as: capable }),
    works("-r", "fentry", { as: capable }),
    works("-r --attach kprobe", "kprobe", { as: capable }),
    works("--attach tracepoint", "tracepoint", { as: capable, ...late }),
  ],
};

/** Before 5.11 maps count against the limit of locked memory, which libbpf may not raise here. */
export const lockedMemory: Condition = {
  name: "memlock",
  title: "ulimit -l 64",
  enter: "ulimit -l 64; sysctl -qw kernel.perf_event_paranoid=2",
  leave: "ulimit -l unlimited; sysctl -qw kernel.perf_event_paranoid=3",
  trials: ["-r", "-c", "-r --attach kprobe"].map((args) =>
    refused(
      args,
      /^tcpconnect: this kernel charges maps to .* \(65536 bytes\): ulimit -l /,
      capable,
    )
  ),
};

/** With --doctor, which takes long: one kernel is enough. */
export const capabilitiesDoctor: Condition = {
  ...capabilities,
  trials: [
    ...capabilities.trials,
    { ...doctor(0, /^capabilities +UID 65534: CAP_BPF, CAP_PERFMON$/m, here), as: capable },
  ],
};

/** Once on, it stays. */
export const lockedDown: Condition = {
  name: "lockdown",
  title: "lockdown=confidentiality",
  enter: "echo confidentiality >/sys/kernel/security/lockdown",
  sealed: true,
  trials: [
    ...["", "-r", "--attach fentry", "--attach kprobe", "--attach tracepoint"].map((args) =>
      refused(args, /^tcpconnect: kernel lockdown is in confidentiality mode/)
    ),
    doctor(1, /^lockdown +confidentiality$/m, /^tcpconnect cannot run here: kernel lockdown/m),
  ],
};

/** No kernel memory may be read, but where helpers tell who calls, none needs to be. */
export const lockedDownNewer: Condition = {
  ...lockedDown,
  trials: [
    works("--attach tracepoint", "tracepoint"),
    refused("-r", /^tcpconnect: kernel lockdown is in confidentiality mode/),
    doctor(0, /^lockdown +confidentiality$/m, /^tcpconnect runs here with tracepoint\./m),
  ],
};

/** As if the kernel had none of the fields of IPv6: in its BTF they have another name. */
const withoutFields = `cp /sys/kernel/btf/vmlinux /run/btf4
for field in skc_v6_daddr skc_v6_rcv_saddr; do
	at=$(strings -t d /run/btf4 | awk -v field=$field '$2 == field { print $1 }')
	printf x | dd of=/run/btf4 bs=1 seek=$at conv=notrunc 2>/dev/null
done`;

/** With the kernel argument ipv6.disable=1, and as if it were built with CONFIG_IPV6=n. */
export const noIpv6: Condition = {
  name: "ipv6",
  title: "ipv6.disable=1, 2 CPUs",
  ipv6: false,
  enter: withoutFields,
  trials: [
    ...(["fentry", "kprobe", "tracepoint"] as const).flatMap((backend) => [
      works(`--attach ${backend}`, backend),
      works(`-r --attach ${backend}`, backend),
    ]),
    ...(["kprobe", "tracepoint"] as const).flatMap((backend) => [
      works(`--btf /run/btf4 --attach ${backend}`, backend),
      works(`--btf /run/btf4 -r --attach ${backend}`, backend),
    ]),
    doctor(0, /^IPv6 +no$/m, here),
  ],
};

/** In the same guest, which has two CPUs: events that cannot be shown are reported as lost. */
export const hotplug: Condition = {
  name: "hotplug",
  title: "a CPU goes and comes back",
  ipv6: false,
  trials: (["fentry", "kprobe", "tracepoint"] as const).map((backend) =>
    works(`--attach ${backend}`, backend, {
      hotplug: true,
      blind: true,
      says: [
        /^Lost [12] events on a CPU that came up later: start again$/,
        /^Lost 2 events in all: 2 CPU came up later$/,
      ],
    })
  ),
};
