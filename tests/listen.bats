#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031
# Listening.

load helper

need_ipv6() {
	grep -q '^0*1 ' /proc/net/if_inet6 || skip "needs IPv6"
}


@test "one socket takes IPv4 and IPv6, and shows IPv4 as such" {
	need_ipv6
	listen -k
	grep -qx "Listening on :: $port" listen.err
	visit say one fin readall
	visit -6 say two fin readall
	wait_for_line listen.err '^Connection received on 127\.0\.0\.1 [0-9]*$'
	wait_for_line listen.err '^Connection received on ::1 [0-9]*$'
	[ "$(<listen.out)" = onetwo ]
}

@test "-4 listens on IPv4 only" {
	need_ipv6
	listen -4
	grep -qx "Listening on 0\.0\.0\.0 $port" listen.err
	run visit -6 fin
	[[ $output == *ConnectionRefused* ]]
}

@test "-6 listens on IPv6 only" {
	need_ipv6
	listen -6
	grep -qx "Listening on :: $port" listen.err
	run visit fin
	[[ $output == *ConnectionRefused* ]]
}

@test "without IPv6 in the kernel it listens on 0.0.0.0" {
	need strace
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 serve listen \
	    strace -f -o trace -e inject=socket:error=EAFNOSUPPORT:when=1 \
	    "$NC_LITE" -lv 0
	grep -qx "Listening on 0\.0\.0\.0 $port" listen.err
	visit say hello fin readall
	wait_exit "$pid"
	[ "$(<listen.out)" = hello ]
}

@test "every form of listening port that is in use works" {
	local form
	for form in "-lv 0" "-l -v -p 0" "-lvp 0" "-lvnp 0" "-nlvp 0" "-vl 0 -n" \
	    "-lv 127.0.0.1 0" "-lv -s 127.0.0.1 -p 0" "-lv localhost 0"; do
		# shellcheck disable=SC2086
		serve form "$NC_LITE" $form
		[ "$(visit fin readall | cut -c1-6)" = "fin 0 " ]
		wait_exit "$pid"
		[ "$status" -eq 0 ]
	done
}

@test "an address before the port is where it listens" {
	listen 127.0.0.1
	grep -qx "Listening on 127\.0\.0\.1 $port" listen.err
}

@test "a second listener on the port fails, exit 2" {
	listen
	run nc -l "$port"
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == nc-lite:*"Address already in use"* ]]
	run nc -l 127.0.0.1 "$port"
	[ "$status" -eq 2 ]
}

@test "an address that is not ours cannot be listened on, exit 2" {
	run nc -l 192.0.2.77 0
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == nc-lite:*"Cannot assign requested address"* ]]
}

@test "a port is free again at once after a listener that left first" {
	listen <<<hello
	visit readall fin
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	serve again "$NC_LITE" -lv "$port"
}

@test "a listener without -k ends with its client" {
	listen
	visit say hello fin readall
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<listen.out)" = hello ]
}

@test "-k keeps the same socket from client to client" {
	listen -k
	local before
	before=$(sockets)
	for text in one two three; do
		[[ $(visit say "$text" fin readall) == "fin 0 "* ]]
	done
	until_true holds listen.out onetwothree
	until_true sockets_are "$before"
}

sockets() {
	readlink "/proc/$pid/fd"/* | grep '^socket:' | sort
}

sockets_are() {
	[ "$(sockets)" = "$1" ]
}

@test "-k survives clients that reset, vanish or say nothing" {
	listen -k
	visit say one acked reset
	visit reset
	visit fin reset
	visit fin readall
	[[ $(visit say two fin readall) == "fin 0 "* ]]
	wait_for_line listen.out two
	kill -0 "$pid"
}

@test "-k survives a client that is killed, and says so in one line" {
	listen -k
	visit say one acked reset
	wait_for_line listen.err '^nc-lite: .*Connection reset by peer'
	[[ $(visit say two fin readall) == "fin 0 "* ]]
}

@test "-k serves all who come at once, and tears no line" {
	listen -k
	local p
	seq -f '%080g' 1000 >in
	for p in 1 2 3 4 5; do
		as=client$p client 127.0.0.1 "$port" <in
		clients+=("$pid")
	done
	for p in "${clients[@]}"; do
		wait_exit "$p"
		[ "$status" -eq 0 ]
	done
	[ "$(sort listen.out | sha)" = "$(sort in in in in in | sha)" ]
}

@test "-k loses nothing where its output is a full pipe that cannot be its own" {
	need strace
	random 300K in
	mkfifo pipe
	exec {tap}<>pipe
	out=pipe serve listen strace -qqo trace -e trace=openat,poll \
	    -P /proc/self/fd/1 -P "$PWD/pipe" -e inject=openat:error=EMFILE \
	    "$NC_LITE" "${with[@]}" -dlkv 127.0.0.1 0 </dev/null
	client 127.0.0.1 "$port" <in
	wait_for_line trace 'poll.*POLLOUT.* = 0 '
	bound=10 bounded head -c 300K <&"$tap" >got
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in got
}

@test "-k aborts the client whose bytes wait for an output that fails" {
	need strace
	random 300K in
	mkfifo pipe
	start reader tail -f /dev/null <>pipe
	reader=$pid
	out=pipe serve listen strace -qqo trace -e trace=openat,poll \
	    -P /proc/self/fd/1 -P "$PWD/pipe" -e inject=openat:error=EMFILE \
	    "$NC_LITE" "${with[@]}" -dlkv 127.0.0.1 0 </dev/null
	server=$pid
	client 127.0.0.1 "$port" <in
	wait_for_line trace 'poll.*POLLOUT.* = 0 '
	kill "$reader"
	wait_exit "$pid" 10
	[ "$status" -eq 1 ]
	wait_exit "$server" 10
	[ "$status" -eq 141 ]
}

@test "-k gives stdin to the first client, and no early end to the next" {
	listen -k <<<hello
	[[ $(visit text) == hello ]]
	run visit quiet 0.7 say x fin readall
	[ "${lines[0]}" = quiet ]
	[[ ${lines[1]} == "fin 0 "* ]]
}

@test "at least 128 clients may wait to be accepted" {
	[ "$(</proc/sys/net/core/somaxconn)" -ge 128 ] || skip "needs somaxconn"
	listen
	kill -STOP "$pid"
	run bounded /usr/bin/python3 "$PEERS/peer.py" crowd "$port" 128
	[ "$output" = 128 ]
}

# reader_leaves OURS [THEIRS...]: it does while nobody is connected.
reader_leaves() {
	mkfifo pipe
	start head sh -c 'exec head -n 1 <pipe'
	local reader=$pid
	out=pipe listen "$1"
	nc -N "${@:2}" 127.0.0.1 "$port" <<<line
	wait_exit "$reader"
	wait_exit "$pid"
	rm pipe
	((status == 141)) || fail "exit status $status"
}

@test "-k ends as by SIGPIPE when the reader of its output leaves between peers" {
	reader_leaves -k
	reader_leaves -kc -c --insecure
}

# cannot_accept ERROR ARGS...: accept(2) fails so for ever.
cannot_accept() {
	serve listen strace -f -qq -o trace -e 'trace=/^accept4?$' \
	    -e "inject=/^accept4?\$:error=$1" "$NC_LITE" -lv "${@:2}" 127.0.0.1 0
}

@test "a listener that cannot accept says so once, and does not spin" {
	need strace
	local error how
	for error in EPERM EACCES EPROTO EMFILE ENOMEM; do
		for how in -k --timeout=40; do
			cannot_accept "$error" "$how"
			run -3 nc -w 0.7 127.0.0.1 "$port" </dev/null
			end_all
			(($(grep -c accept trace) >= 3))
			(($(grep -c accept trace) <= 30)) ||
			    fail "$(grep -c accept trace) calls"
			(($(grep -c 'cannot accept: ' listen.err) == 1)) ||
			    fail "$(<listen.err)"
		done
	done
}

@test "a listener that could not accept for a while serves who has waited" {
	need strace
	serve listen strace -f -qq -o trace -e 'trace=/^accept4?$' \
	    -e 'inject=/^accept4?$:error=EMFILE:when=1..5' \
	    "$NC_LITE" -lv 127.0.0.1 0
	[[ $(visit say hello fin readall) == "fin 0 "* ]]
	wait_exit "$pid"
	[ "$(<listen.out)" = hello ]
}

@test "a signal ends a listener with 128 and its number, and frees the port" {
	for pair in INT:130 TERM:143 HUP:129; do
		listen -k
		kill -"${pair%:*}" "$pid"
		wait_exit "$pid"
		[ "$status" -eq "${pair#*:}" ]
		[ "$(grep -c . listen.err)" -eq 1 ]
		run nc 127.0.0.1 "$port"
		[ "$status" -eq 1 ]
	done
}

@test "a listener is silent without -v" {
	private
	as=quiet client -l 127.0.0.1 7000
	until_true listening
	nc 127.0.0.1 7000 <<<hello
	wait_exit "$pid"
	[ "$(<quiet.out)" = hello ]
	[ ! -s quiet.err ]
}

listening() {
	grep -q ':1B58 00000000:0000 0A ' "/proc/$pid/net/tcp"
}
