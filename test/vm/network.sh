# A network where each attempt ends as the test wants it: see verdicts.ts.
# Hosts: this one and `peer`, with two wires between them, of which one is slow; and `narrow`,
# which has one source port only, and that is taken.

set -e
sysctl -qw net.ipv4.tcp_syn_retries=1 net.ipv4.tcp_fastopen=3
ip netns add peer
ip netns add narrow
ip -n narrow link set lo up

# Otherwise the errors of one case use up what another needs.
limits="net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0"
sysctl -qw $limits
ip netns exec peer sysctl -qw $limits

# host END: one side of the wires, and its neighbours that never answer.
host() {
	cat <<-EOF
		link set lo up
		address add 192.0.2.$1/24 dev fast
		address add 2001:db8::$1/64 dev fast nodad
		address add 198.51.100.$1/24 dev slow
		address add 2001:db8:1::$1/64 dev slow nodad
		link set fast up
		link set slow up
		neighbour add 192.0.2.9 lladdr 02:00:00:00:00:99 nud permanent dev fast
		neighbour add 2001:db8::9 lladdr 02:00:00:00:00:99 nud permanent dev fast
	EOF
}
{
	echo "link add fast type veth peer name fast netns peer"
	echo "link add slow type veth peer name slow netns peer"
	host 1
	type=1
	for route in prohibit unreachable blackhole; do
		echo "route add $route 203.0.113.$type/32"
		echo "route add $route 2001:db8:3::$type/128"
		type=$((type + 1))
	done
} | ip -batch -
host 2 | ip -n peer -batch -
# A carrier is noticed up to a second late, and until then all is dropped.
wired() { ! ip $1 -o link show type veth | grep -qv "state UP"; }
await wired
await wired "-n peer"
tc qdisc add dev slow root netem delay 60ms

# Others are soon found to be away: well before the second SYN, which would race for the error.
for neigh in net.ipv4.neigh.fast net.ipv6.neigh.fast; do
	sysctl -qw $neigh.mcast_solicit=1 $neigh.retrans_time_ms=300
done

rules() { printf 'add table inet t\nadd chain inet t c { type filter hook %s priority 0; }\n' $1; }
rule() { printf 'add rule inet t c tcp dport %s\n' "$*"; }
{
	rules input
	rule 101 reject with tcp reset
	rule 102 reject with icmpx type port-unreachable
	rule 103 reject with icmpx type host-unreachable
	rule 104 reject with icmpx type admin-prohibited
	rule 105 drop
	rule 106 reject with icmpx type no-route
} | ip netns exec peer /usr/sbin/nft -f -
{
	rules output
	rule 111 drop
	rule 112 reject with tcp reset
	rule 113 reject with icmpx type port-unreachable
	rule 114 reject with icmpx type host-unreachable
	rule 115 reject with icmpx type admin-prohibited
	rule 116 reject with icmpx type no-route
} | /usr/sbin/nft -f -

for address in 192.0.2.2 2001:db8::2; do
	server backlog ip netns exec peer /client serve-backlog $address 107
	/client hold $address 107 600000 >/run/filler &
done
for address in 198.51.100.2 2001:db8:1::2; do
	server far ip netns exec peer /client serve $address 80
done
for address in 127.0.0.1 ::1; do
	server narrow ip netns exec narrow /client serve $address 80
done
ip netns exec narrow sysctl -qw net.ipv4.ip_local_port_range="40000 40000"
for address in 127.0.0.1 ::1; do
	ip netns exec narrow /client hold $address 80 600000 >/run/holder &
done
for address in 127.0.0.1 ::1; do
	server near /client serve $address 8080 8081 8082
	server mptcp /client serve-mptcp $address 8083
done
# Wait until the sockets that keep the port and the backlog occupied are open.
full() { [ "$(ip netns exec $1 netstat -tn | grep -c ESTABLISHED)" -ge $2 ]; }
await full narrow 4
await full peer 2
set +e
