#!/usr/bin/env bats
# -z: which ports are open.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load watch

# three_ports: 4001 and 4003 are open, and nothing else, in a network of our own.
three_ports() {
	private
	serve ports /usr/bin/python3 -c 'import socket, sys, time
keep = [socket.create_server(("127.0.0.1", port)) for port in (4001, 4003)]
print("Listening on 127.0.0.1 4001", file=sys.stderr, flush=True)
time.sleep(60)'
}

# found PORT...: the last run said that these are open, in this order, and no
# word more.
found() {
	local expected
	expected=$(printf 'Connection to 127.0.0.1 %s port [tcp/*] succeeded!\n' \
	    "$@")
	[ "$output" = "$expected" ] || fail "$output"
}

@test "an open port: exit 0, not a word" {
	three_ports
	run -0 nc -z 127.0.0.1 4001
	[ -z "$output" ]
}

@test "a closed port: exit 1, not a word" {
	three_ports
	run -1 nc -z 127.0.0.1 4002
	[ -z "$output" ]
}

@test "an answer that has come counts, however late we look" {
	need strace
	closed_port
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 run -1 bounded strace \
	    -f -o trace -e inject=connect:delay_exit=400000 \
	    "$NC_LITE" -z --timeout 0.2 127.0.0.1 "$port"
}

@test "-v: the sentence for an open port" {
	three_ports
	run -0 nc -zv 127.0.0.1 4001
	found 4001
}

@test "a range with an open port: exit 0, a line for each open one" {
	three_ports
	run -0 nc -zv 127.0.0.1 4000-4010
	output=$(grep succeeded <<<"$output")
	found 4001 4003
}

@test "a range without an open port: exit 1" {
	three_ports
	run -1 nc -z 127.0.0.1 4004-4020
	[ -z "$output" ]
	run -1 nc -zv 127.0.0.1 4004-4020
	[[ $output != *succeeded* ]]
}

@test "a list and ranges in a list, in the order asked for" {
	three_ports
	run -0 nc -zv 127.0.0.1 4003,4002,4001
	[ "$(grep succeeded <<<"$output" | awk '{ print $4 }' | xargs)" = "4003 4001" ]
	run -0 nc -z 127.0.0.1 9,4000-4002,10
	run -1 nc -z 127.0.0.1 9,10,4004-4006
}

@test "several operands are ports, as Debian's takes them; ranges too" {
	three_ports
	run -0 nc -z 127.0.0.1 9 4000-4002 ssh
	run -1 nc -z 127.0.0.1 9 10 4004-4006
	run -0 nc -zv 127.0.0.1 4003 4001
	[ "$(grep succeeded <<<"$output" | awk '{ print $4 }' | xargs)" = "4003 4001" ]
	run -2 nc -z 127.0.0.1 22 30-20
	one_line "invalid port '30-20'"
}

@test "--all wants every port open" {
	three_ports
	run -0 nc -z --all 127.0.0.1 4001,4003
	run -1 nc -z --all 127.0.0.1 4001-4003
	[ -z "$output" ]
}

@test "a service name is a port, also in a list" {
	getent services ssh http || skip "needs /etc/services"
	three_ports
	run -1 nc -z 127.0.0.1 ssh,http
	run -0 nc -z 127.0.0.1 ssh,4001
}

@test "a range that runs backwards, an empty one, a stray comma: exit 2" {
	local ports
	for ports in 30-20 20- -20 20--30 "20," ",20" "20,,30" 20-x 1-65536 0 0-5; do
		run -2 nc -z -- 127.0.0.1 "$ports"
		one_line "invalid.*port|port.*0"
	done
}

@test "-r finds the same ports" {
	three_ports
	run -0 nc -zvr 127.0.0.1 4000-4010
	[ "$(grep succeeded <<<"$output" | awk '{ print $4 }' | sort | xargs)" = "4001 4003" ]
	run -1 nc -zr 127.0.0.1 4004-4010
}

@test "-r asks in another order, and each port once" {
	need strace
	run -1 traced connect -zr 127.0.0.1 4010-4040
	grep -o 'htons([0-9]*)' trace | uniq >asked
	[ "$(wc -l <asked)" -eq 31 ]
	[ "$(sort -u asked | wc -l)" -eq 31 ]
	run ! sort -c asked
}

@test "it reads no stdin" {
	three_ports
	{
		nc -z 127.0.0.1 4000-4010
		nc -zv 127.0.0.1 4001 2>said
		read -r rest
	} <<<untouched
	[ "$rest" = untouched ]
}

@test "it sends nothing and ends with FIN, not RST" {
	peer readall
	nc -z 127.0.0.1 "$port" <<<text
	wait_exit "$pid"
	[[ "$(<peer.out)" == "fin 0 "* ]]
}

@test "addresses that refuse are no reason to wait for the next one" {
	private
	printf '127.0.1.%d many\n' {1..20} >>hosts
	timed nc -z many 4001
	[ "$status" -eq 1 ]
	between 0 2000
}

@test "-w is the time of all addresses together, and each of them is asked" {
	private
	printf '10.9.9.%d many\n' {2..17} >>hosts
	timed nc -zvv --each-address -w 1 many 4001
	[ "$status" -eq 3 ]
	between 900 2500
	[ "$(grep -c 'timed out' <<<"$output")" -eq 16 ]
}

@test "a name with several addresses: open if one of them is" {
	three_ports
	names "::1 two" "127.0.0.1 two"
	run -0 nc -zv two 4001
	[[ $output == *"Connection to two (127.0.0.1) 4001 port [tcp/*] succeeded!"* ]]
	run -1 nc -z two 4002
}

@test "-w bounds a silent port: exit not 0, not a word" {
	private
	timed nc -z -w 0.5 10.9.9.2 80
	[ "$status" -eq 3 ] || [ "$status" -eq 1 ]
	between 450 2000
	[ -z "$output" ]
}

@test "a silent port does not hide an open one, and is not waited for" {
	three_ports
	names "fd99::2 two" "127.0.0.1 two"
	timed nc -z -w 2 two 4001
	[ "$status" -eq 0 ]
	between 200 1900
	timed nc -z -w 2 --each-address two 4001
	between 1900 5000
}

@test "all ports of the machine are done within seconds" {
	three_ports
	timed nc -zv 127.0.0.1 1-65535
	[ "$(grep succeeded <<<"$output" | awk '{ print $4 }' | xargs)" = "4001 4003" ]
	between 0 15000
}

@test "nc -z localhost PORT || exit 1" {
	three_ports
	names "::1 localhost" "127.0.0.1 localhost"
	run -0 bounded sh -c "\"\$1\" -z localhost 4001 || exit 1" sh "$NC_LITE"
	run -1 bounded sh -c "\"\$1\" -z localhost 4002 || exit 1" sh "$NC_LITE"
}
