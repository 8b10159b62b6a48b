/** What --help, --usage and --version print. */

import project from "../../package.json" with { type: "json" };

export const version = `tcpconnect ${project.version}\n`;

export const usage = `\
Usage: tcpconnect [-46chLrstUvV?] [-p PIDS] [-u UIDS] [-P PORTS] [--attach BACKEND] [--btf FILE]
            [--buffer-pages N] [--count] [--doctor] [--failed] [--help] [--ipv4] [--ipv6]
            [--lport] [--min-latency MS] [--pid PIDS] [--port PORTS] [--print-uid] [--result]
            [--source-port] [--timestamp] [--uid UIDS] [--usage] [--verbose] [--version]
`;

export const help = `\
Usage: tcpconnect [OPTION...]
Trace active TCP connections: each connect(), with its process and both ends.

EXAMPLES:
    tcpconnect             # trace all TCP connects
    tcpconnect -t          # with the time since the first one
    tcpconnect -U -u 1000  # of one user, with the UID
    tcpconnect -p 181,182  # of two processes
    tcpconnect -P 80,443   # to these ports
    tcpconnect -c          # count by source and destination; Ctrl-C prints
    tcpconnect -r          # how each attempt ended, and how long it took
    tcpconnect --failed    # only what did not work

What to show:
  -c, --count             Count connects by source address, destination address and port
  -L, --lport             Show the source port (the same as -s)
  -r, --result            One row per attempt, when its fate is known: RESULT and LAT(ms)
  -s, --source-port       Show the source port; with -c, count by it too
  -t, --timestamp         Show the time in seconds since the first connect shown
  -U, --print-uid         Show the UID

What to trace:
  -4, --ipv4              IPv4 only
  -6, --ipv6              IPv6 only (an IPv4-mapped address counts as IPv4)
      --failed            Only attempts that did not end ok; implies -r
      --min-latency MS    Only attempts that took at least MS milliseconds; implies -r
  -p, --pid PIDS          Only these processes; a comma-separated list, as below
  -P, --port PORTS        Only these destination ports
  -u, --uid UIDS          Only these users, by UID or by name

How to trace:
      --attach BACKEND    auto (the default), fentry, kprobe or tracepoint
      --btf FILE          Take the kernel's BTF from FILE, for a kernel that carries none
      --buffer-pages N    Pages of the perf buffer of each CPU; a power of two, 128 by default

      --doctor            Try every back end on this kernel, and say what works and why not
  -v, --verbose           Say how it attached and why not otherwise, with libbpf's log
  -?, -h, --help          Give this help
      --usage             Give a short usage message
  -V, --version           Print the version

Back ends: auto takes the first that works. fentry needs Linux 5.5 and BTF, kprobe needs
CONFIG_KPROBES, tracepoint runs on most kernels. They print the same rows. With tracepoint and no
cgroup v2, a row waits for the connection's next change of state: an answer, a failure, a close.

-C/--cgroupmap and -M/--mntnsmap are not available.

With -r, RESULT is ok, the name of an errno, closed if the program gave up before an answer, or
pending for what is open when tracing ends. LAT(ms) runs from the attempt to then. TIME(s) counts
from the first attempt shown; rows come in the order of their ends. PIDs and UIDs are the host's.

Exit status: 0 after a signal or when the reader has gone, 1 when tracing is not possible, 64 for
a command line it cannot take.
`;
