#!/usr/bin/env bats
# -zu asks what the service behind a port would answer: with services of ours
# that take nothing but their protocol, and with real ones that are installed,
# on their own ports in a network of the test's own.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns

# service NAME PORT CMD...: CMD serves UDP PORT of the test's network.  Sets
# $pid.
service() {
	local name=$1 number=$2
	shift 2
	start "$name" "$@"
	until_true within_it sh -c "ss -lnu | grep -q ':$number '" ||
	    fail "$(<"$name.err")"
}

# says STATE EXIT PORT ARGS...: the verdict of -zu on PORT.
says() {
	local state=$1 code=$2 number=$3
	shift 3
	run -"$code" nc -zu -w 1 --json "$@" 127.0.0.1 "$number"
	[[ $output == *"\"state\":\"$state\""* ]] || fail "$output"
}

# answers NAME PORT CMD...: open while CMD runs, silent while it is stopped,
# closed once it has ended.
answers() {
	((${#inside[@]})) || private
	says closed 1 "$2"
	service "$@"
	says open 0 "$2"
	kill -STOP "$pid"
	says 'open|filtered' 3 "$2"
	kill -KILL "$pid"
	until_true gone "$pid"
	says closed 1 "$2"
}

@test "DNS: dnsmasq answers at 53" {
	need dnsmasq ss
	answers dns 53 dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --no-resolv --no-hosts --listen-address=127.0.0.1 \
	    --bind-interfaces --pid-file= --user=root
}

@test "NTP, SNMP and memcached as their protocols have it" {
	local what
	for what in ntp:123 snmp:161 memcached:11211; do
		answers "${what%:*}" "${what#*:}" /usr/bin/python3 \
		    "$PEERS/services.py" "${what%:*}" "${what#*:}"
	done
}

@test "NTP: chrony answers at 123" {
	need ss
	runs chronyd
	printf '%s\n' 'local stratum 10' 'allow 127.0.0.1' 'cmdport 0' \
	    "pidfile $PWD/pid" >chrony.conf
	answers ntp 123 chronyd -d -x -u root -f "$PWD/chrony.conf"
}

@test "SNMP: snmpd answers at 161, though we know no community" {
	need snmpd ss
	echo 'rocommunity not-public 127.0.0.1' >snmpd.conf
	SNMP_PERSISTENT_DIR=$PWD answers snmp 161 snmpd -f -Lf snmpd.log -C \
	    -c snmpd.conf -p "$PWD/pid" udp:127.0.0.1:161
}

@test "memcached answers at 11211" {
	need ss
	runs memcached
	answers memcached 11211 memcached -u root -l 127.0.0.1 -U 11211 -p 0
}

@test "a service that says nothing unasked is open when asked with --probe" {
	private
	service echo 4999 /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 4999))
while True:
	data, peer = s.recvfrom(100)
	data == b"ping\0" and s.sendto(b"", peer)'
	says 'open|filtered' 3 4999
	says open 0 4999 --probe-hex '70:69 6e:6700'
	printf 'ping\0' >probe
	says open 0 4999 --probe probe
}
