# A network where each attempt ends as the test wants it: see verdicts.ts.
# Hosts: this one and `peer`, with two wires between them, of which one is slow; and `narrow`,
# which has one source port only, and that is taken.

set -e
sysctl -qw net.ipv4.tcp_syn_retries=1 net.ipv4.tcp_fastopen=3
ip netns add peer
ip netns add narrow
ip -n peer link set lo up
ip -n narrow link set lo up

# Otherwise the errors of one case use up what another needs.
limits="net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0"
sysctl -qw $limits
ip netns exec peer sysctl -qw $limits

# wire NAME IPV4-PREFIX IPV6-PREFIX
wire() {
	ip link add $1 type veth peer name $1 netns peer
	for end in 1 2; do
		[ $end = 1 ] && netns="" || netns="-n peer"
		ip $netns address add $2.$end/24 dev $1
		ip $netns address add $3::$end/64 dev $1 nodad
		ip $netns link set $1 up
	done
}
wire fast 192.0.2 2001:db8
wire slow 198.51.100 2001:db8:1
tc qdisc add dev slow root netem delay 60ms

# Neighbours that never answer, and some that are soon found to be away.
for address in 192.0.2.9 2001:db8::9; do
	for netns in "" "-n peer"; do
		ip $netns neighbour add $address lladdr 02:00:00:00:00:99 nud permanent dev fast
	done
done
for neigh in net.ipv4.neigh.fast net.ipv6.neigh.fast; do
	# Well before the second SYN, which would race for the error.
	sysctl -qw $neigh.mcast_solicit=1 $neigh.retrans_time_ms=300
done

type=1
for route in prohibit unreachable blackhole; do
	ip route add $route 203.0.113.$type/32
	ip -6 route add $route 2001:db8:3::$type/128
	type=$((type + 1))
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
# Those that hold their places must have them.
full() { [ "$(ip netns exec $1 netstat -tn | grep -c ESTABLISHED)" -ge $2 ]; }
await full narrow 4
await full peer 2
set +e
