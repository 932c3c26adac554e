#!/usr/bin/env bats
# What is said on stderr, to the letter, for scripts match it; and the silence.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load watch

# exchange ARGS...: our client, with ARGS, says "hello" to a listener that
# answers "goodbye"; what they said on stderr is in client.err and listen.err.
exchange() {
	printf goodbye >answer
	listen <answer
	printf hello | nc "$@" 127.0.0.1 "$port" >client.out 2>client.err
	wait_exit "$pid"
	[ "$(<client.out)$(<listen.out)" = goodbyehello ]
}

@test "a connection to an address: no name, no brackets, no prefix" {
	listen
	run -0 --separate-stderr nc -Nv 127.0.0.1 "$port" </dev/null
	[ "${stderr_lines[0]}" = \
	    "Connection to 127.0.0.1 $port port [tcp/*] succeeded!" ]
	[ -z "$output" ]
}

@test "a connection to a name: the address in brackets" {
	private
	listen
	run -0 nc -zv localhost "$port" </dev/null
	[ "$output" = \
	    "Connection to localhost (127.0.0.1) $port port [tcp/*] succeeded!" ]
}

@test "a connection over IPv6, to an address and to a name" {
	private
	names "::1 six"
	listen
	run -0 nc -zv ::1 "$port" </dev/null
	[ "$output" = "Connection to ::1 $port port [tcp/*] succeeded!" ]
	listen
	run -0 nc -zv six "$port" </dev/null
	[ "$output" = "Connection to six (::1) $port port [tcp/*] succeeded!" ]
}

@test "a port that has a name: it stands after tcp/" {
	getent services ssh || skip "needs /etc/services"
	private
	names "127.0.0.1 localhost"
	serve listen "$NC_LITE" -klv 22
	run -0 nc -zv 127.0.0.1 22 </dev/null
	[ "$output" = "Connection to 127.0.0.1 22 port [tcp/ssh] succeeded!" ]
	run -0 nc -zv localhost 22 </dev/null
	[ "$output" = \
	    "Connection to localhost (127.0.0.1) 22 port [tcp/ssh] succeeded!" ]
	run -0 nc -Nv 127.0.0.1 ssh </dev/null
	[ "${lines[0]}" = "Connection to 127.0.0.1 22 port [tcp/ssh] succeeded!" ]
	run -0 nc -znv 127.0.0.1 22 </dev/null
	[ "$output" = "Connection to 127.0.0.1 22 port [tcp/*] succeeded!" ]
}

@test "a refused connection is reported, with -v and without" {
	private
	dead=$(free_port)
	run -1 nc 127.0.0.1 "$dead" </dev/null
	[ "$output" = "nc-lite: connect to 127.0.0.1 port $dead (tcp) failed: Connection refused" ]
	run -1 nc -v 127.0.0.1 "$dead" </dev/null
	[ "$output" = "nc-lite: connect to 127.0.0.1 port $dead (tcp) failed: Connection refused" ]
}

@test "a refused connection to a name says the address in brackets" {
	private
	dead=$(free_port)
	run -1 nc localhost "$dead" </dev/null
	[ "$output" = "nc-lite: connect to localhost (127.0.0.1) port $dead (tcp) failed: Connection refused" ]
}

@test "an unreachable network is reported in the same sentence" {
	private
	run -1 nc 192.0.2.1 80 </dev/null
	[ "$output" = "nc-lite: connect to 192.0.2.1 port 80 (tcp) failed: Network is unreachable" ]
}

@test "a connection that times out says so, with -v and without, and exits 3" {
	private
	run -3 nc -w 0.3 10.9.9.2 80 </dev/null
	[ "$output" = "nc-lite: connect to 10.9.9.2 port 80 (tcp) timed out" ]
	run -3 nc -vw 0.3 10.9.9.2 80 </dev/null
	[ "$output" = "nc-lite: connect to 10.9.9.2 port 80 (tcp) timed out" ]
	names "10.9.9.2 hole"
	run -3 nc --connect-timeout 0.3 hole 80 </dev/null
	[ "$output" = "nc-lite: connect to hole (10.9.9.2) port 80 (tcp) timed out" ]
}

@test "a name without an address is reported with host and port, exit 4" {
	private
	run -4 nc no-such-name 80 </dev/null
	[ "$output" = 'nc-lite: getaddrinfo for host "no-such-name" port 80: Name or service not known' ]
}

@test "a listener says where: 0.0.0.0, ::, or the address it was given" {
	serve four "$NC_LITE" -4lv 0
	[ "$(<four.err)" = "Listening on 0.0.0.0 $port" ]
	serve both "$NC_LITE" -lv 0
	[ "$(<both.err)" = "Listening on :: $port" ]
	serve six "$NC_LITE" -6lv 0
	[ "$(<six.err)" = "Listening on :: $port" ]
	serve given "$NC_LITE" -lv 127.0.0.1 0
	[ "$(<given.err)" = "Listening on 127.0.0.1 $port" ]
}

@test "a UDP listener says where" {
	serve four "$NC_LITE" -4luv 0
	[ "$(<four.err)" = "Bound on 0.0.0.0 $port" ]
	serve given "$NC_LITE" -luv ::1 0
	[ "$(<given.err)" = "Bound on ::1 $port" ]
}

@test "a listener on a path says which" {
	start listen "$NC_LITE" -lvU here </dev/null
	wait_for_line listen.err '^Listening'
	[ "$(<listen.err)" = $'Bound on here\nListening on here' ]
	start udp "$NC_LITE" -luvU there </dev/null
	wait_for_line udp.err .
	[ "$(<udp.err)" = "Bound on there" ]
}

@test "a listener says who came, as an IPv4 address though its socket is IPv6" {
	listen
	visit say hello
	wait_exit "$pid"
	[[ "$(sed -n 2p listen.err)" =~ ^"Connection received on 127.0.0.1 "[0-9]+$ ]]
	listen
	printf hello | nc ::1 "$port"
	wait_exit "$pid"
	[[ "$(sed -n 2p listen.err)" =~ ^"Connection received on ::1 "[0-9]+$ ]]
}

@test "the port that a listener says is the peer's" {
	private
	spare=$(free_port)
	listen
	printf hello | nc -p "$spare" 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$(sed -n 2p listen.err)" = "Connection received on 127.0.0.1 $spare" ]
}

@test "a client prints nothing on success" {
	serve peer "$NC_LITE" -lv 0
	printf hello | nc 127.0.0.1 "$port" >said 2>&1
	[ ! -s said ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "a listener prints nothing on success" {
	private
	spare=$(free_port)
	start quiet "$NC_LITE" -l "$spare" </dev/null
	until_true nc -z 127.0.0.1 "$spare"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ ! -s quiet.out ]
	[ ! -s quiet.err ]
}

@test "-z is silent without -v, whatever it finds" {
	private
	listen
	run -0 nc -z 127.0.0.1 "$port" </dev/null
	[ -z "$output" ]
	dead=$(free_port)
	run -1 nc -z 127.0.0.1 "$dead" </dev/null
	[ -z "$output" ]
	run nc -zw 0.3 10.9.9.2 80 </dev/null
	[ "$status" -ne 0 ]
	[ -z "$output" ]
	run nc -z no-such-name 80 </dev/null
	[ "$status" -eq 4 ]
}

@test "grep and awk find what they look for in 2>&1" {
	private
	listen -k
	nc -zv 127.0.0.1 "$port" 2>&1 | grep succeeded
	nc -zv localhost "$port" 2>&1 | grep -E "open|succeeded"
	[ "$(nc -zv 127.0.0.1 "$port" 2>&1 | awk '{print $7}')" = "succeeded!" ]
}

@test "-v says the one sentence, and what was moved, on each side" {
	exchange -v
	[ "$(head -n 1 client.err)" = \
	    "Connection to 127.0.0.1 $port port [tcp/*] succeeded!" ]
	[[ $(tail -n +2 client.err) =~ ^"nc-lite: 5 bytes sent, 7 bytes received in "[0-9.]+" s ("[0-9.]+" MiB/s); "(stdin|peer)" ended first"$ ]]
	[ "$(wc -l <listen.err)" -eq 3 ]
}

@test "-vv says the whole 5-tuple and how long the connect took" {
	private
	spare=$(free_port)
	listen -v
	run -0 nc -Nvv -p "$spare" 127.0.0.1 "$port" </dev/null
	grep -E "tcp.*127\.0\.0\.1.*\b$spare\b.*127\.0\.0\.1.*\b$port\b" <<<"$output"
	grep -E "[0-9.]+ ?(ms|us|s)\b" <<<"$output"
	wait_exit "$pid"
	grep -E "tcp.*127\.0\.0\.1.*\b$port\b.*127\.0\.0\.1.*\b$spare\b" listen.err
}

@test "-v says at the end the bytes each way and the rate, on both sides" {
	printf goodbye >answer
	listen <answer
	printf hello | nc -v 127.0.0.1 "$port" >client.out 2>client.err
	wait_exit "$pid"
	grep -E '5 bytes sent, 7 bytes received.*/s' client.err
	grep -E '7 bytes sent, 5 bytes received.*/s' listen.err
}

@test "-vvv says the changes of state" {
	exchange -vvv
	grep -E 'send: .*(source|stdin|end)' client.err
	grep -E 'receive: ' client.err
}

@test "a message whose write is interrupted is not lost" {
	need strace
	closed_port
	ASAN_OPTIONS=detect_leaks=0 run -1 bounded strace -qq -o trace \
	    -e inject=write:error=EINTR:when=1 "$NC_LITE" 127.0.0.1 "$port"
	grep -q INJECTED trace
	[[ $output == *"failed: Connection refused" ]]
}

@test "all of it goes to stderr, nothing to stdout" {
	exchange -vvv
	[ "$(<client.out)" = goodbye ]
	[ "$(<listen.out)" = hello ]
}
