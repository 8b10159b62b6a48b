# What the scripts in a guest are made of.

mkdir -p /run/jobs

# busybox would take its own, whatever the PATH.
ip() { /usr/sbin/ip "$@"; }
tc() { /usr/sbin/tc "$@"; }

now() { cut -d' ' -f1 /proc/uptime; }

# Repeats a command until it succeeds; a guest is slow, but not endlessly so.
await() {
	tries=0
	until "$@"; do
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || { echo "never: $*"; return 1; }
		sleep 0.05
	done
}

said() { grep -q "$2" "$1"; }

# server NAME COMMAND...: in the background, once it listens; or not, where it cannot.
server() {
	name=$1
	shift
	: >/run/$name
	"$@" >/run/$name &
	pid=$!
	await listens $name $pid
}
listens() { said /run/$1 ready || ! kill -0 $2 2>/dev/null; }

# start NAME COMMAND...: in the background, with its output and its PID in /run.
start() {
	name=$1
	shift
	: >/run/$name.out
	: >/run/$name.err
	"$@" >>/run/$name.out 2>>/run/$name.err &
	echo $! >/run/$name.pid
}

# Whether a tool has said that it is attached, by its header or with -v, or has ended.
settled() { [ -s /run/$1.out ] || said /run/$1.err "^attached:" || ended $1; }
ended() { ! kill -0 "$(cat /run/$1.pid)" 2>/dev/null; }

# trace NAME COMMAND...: starts a tool and waits until it is attached, or gave up.
trace() {
	traced=$1
	from=$(now)
	start "$@"
	await settled $traced
	echo "$from $(now)" >/run/$traced.times
}

# stop SIGNAL NAME...: ends tools and reports what each said.
stop() {
	signal=$1
	shift
	for name in "$@"; do kill -$signal "$(cat /run/$name.pid)" 2>/dev/null; done
	for name in "$@"; do
		wait "$(cat /run/$name.pid)"
		echo $? | section $name.status
		section $name.out /run/$name.out
		# The log of libbpf that comes with -v would take longer than the test.
		grep -v "^libbpf: " /run/$name.err | section $name.err
		[ ! -e /run/$name.times ] || section $name.times /run/$name.times
	done
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
# can be preempted skips a program for the second of two tasks that need it at once.
slow() {
	job "$@" &
	waiting="$waiting $!"
	sleep 0.02
}

# finish NAME: waits for the clients and reports them.
finish() {
	wait $waiting
	waiting=""
	(cd /run/jobs && grep -H . *) | section $1
	rm /run/jobs/*
}
