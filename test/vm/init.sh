#!/bin/busybox sh
# The guest's first process: mounts file systems, runs /script, reports on the console.

/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root NO_COLOR=1

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t securityfs securityfs /sys/kernel/security
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# Messages of the kernel would mix with the report.
dmesg -n 1
ip link set lo up

echo "@@guest start"

run() {
	for module in /modules/*.ko; do
		[ ! -e "$module" ] || insmod "$module" || return
	done
	exec sh /script
}
run </dev/null >/output 2>&1 &
pid=$!
# The runner sends a line when time is up.
{ read -r _ && kill -KILL "$pid"; } </dev/console &
wait "$pid"
status=$?

for file in /output /sections/*; do
	[ -e "$file" ] || continue
	printf '\n@@guest begin %s\n' "${file##*/}"
	cat "$file"
	printf '\n@@guest end\n'
done
printf '\n@@guest status %d\n' "$status"
# The runner ends the machine, once it has read that.
sleep 1000
