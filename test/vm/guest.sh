# Functions for the scripts in a guest.

mkdir -p /run/jobs

# busybox would run its own commands of these names, whatever the PATH.
ip() { /usr/sbin/ip "$@"; }
tc() { /usr/sbin/tc "$@"; }

now() { cut -d' ' -f1 /proc/uptime; }

# Under emulation a fork takes 10 ms of the guest's CPU. Sleep without a fork.
mkfifo /run/never
exec 9<>/run/never
nap() { read -r -t ${1:-0.05} _ <&9 || :; }

# Repeats a command until it succeeds, 1000 times at most.
await() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || { echo "never: $*"; return 1; }
		nap
	done
}

# server NAME COMMAND...: in the background, once it listens; or not, where it cannot.
server() {
	name=$1
	shift
	: >/run/$name
	"$@" >/run/$name &
	pid=$!
	await listens $name $pid
}
listens() { [ -s /run/$1 ] || ! kill -0 $2 2>/dev/null; }

# start NAME COMMAND...: in the background, with its output in the report and its PID in /run.
start() {
	name=$1
	shift
	: >/sections/$name.out
	"$@" >>/sections/$name.out 2>/sections/$name.err &
	echo $! >/run/$name.pid
}

# Whether a tool shows by its header that it is attached, or has ended.
settled() { [ -s /sections/$1.out ] || ended $1; }
ended() {
	read -r pid </run/$1.pid
	! kill -0 $pid 2>/dev/null
}
# The same of -v -c, which has no header.
reported() { grep -q "^attached:" /sections/$1.err || ended $1; }

# trace NAME COMMAND...: starts a tool and waits until it is attached, or gave up.
trace() {
	start "$@"
	case " $* " in
	*" -c "*) await reported $1 ;;
	*) await settled $1 ;;
	esac
}

# stop SIGNAL NAME...: ends tools; what is reported of each is then whole, with its status.
stop() {
	signal=$1
	shift
	logs=""
	for name in "$@"; do
		read -r pid </run/$name.pid
		kill -$signal $pid 2>/dev/null
	done
	for name in "$@"; do
		read -r pid </run/$name.pid
		wait $pid
		echo $? >/sections/$name.status
		logs="$logs /sections/$name.err"
	done
	# The log of libbpf that comes with -v would take longer than the test.
	sed -i "/^libbpf: /d" $logs
}

# job NUMBER COMMAND...: runs a client and keeps all that it says and its status.
job() {
	number=$1
	shift
	{
		"$@" 2>&1
		echo "status $?"
	} >/run/jobs/$number
}

# The same for one that waits for its answer, in the background. They start one by one: a kernel that
# can be preempted skips a program for the second of two tasks that need it at once, and 5.10 has one
# return of a kretprobe on one CPU, without which a row of -r has no source address.
slow() {
	job "$@" &
	waiting="$waiting $!"
	nap 0.1
}

# finish NAME: waits for the clients and reports them.
finish() {
	wait $waiting
	waiting=""
	(cd /run/jobs && grep -H . *) | section $1
	rm /run/jobs/*
}
