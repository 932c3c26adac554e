#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# One-liners from the world that must work unchanged.

load helper

@test "echo ruok | nc localhost PORT | grep imok" {
	peer read 5 pause 0.5 say imok
	echo ruok | nc 127.0.0.1 "$port" | grep -qx imok
}

@test "nc -zv host port -w 1 2>&1 | grep succeeded" {
	listen -k
	nc -zv 127.0.0.1 "$port" -w 1 2>&1 | grep -q succeeded
}

@test "echo hostName | nc -v -t -w 2 address port" {
	peer read 9 say 'pod-1\n'
	run --separate-stderr nc -v -t -w 2 127.0.0.1 "$port" <<<hostName
	[ "$status" -eq 0 ]
	[ "$output" = pod-1 ]
}

@test "tar c dir | nc host port, and nc -l port | tar x" {
	mkdir -p from/a/b to
	seq 100000 >from/a/numbers
	random 3000000 from/a/b/random
	mkfifo pipe
	start tar sh -c 'exec tar x -C to <pipe'
	local unpacking=$pid
	out=pipe listen
	tar c from | nc 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	wait_exit "$unpacking"
	diff -r from to/from
}

@test "nc -l port > file, and nc host port < file" {
	random 3000000 in
	serve receiver "$NC_LITE" -lvnp 0
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	same in receiver.out
}

@test "nc -l port | head -1 ends when the line is there" {
	mkfifo pipe
	start head sh -c 'exec head -n 1 <pipe'
	out=pipe listen
	[[ $(visit say 'one\ntwo\n' readall) == "reset "* ]]
	wait_exit "$pid"
	[ "$status" -eq 141 ]
	[ "$(<head.out)" = one ]
}

@test "mkfifo f; nc -l port < f | cmd > f" {
	mkfifo f there
	start cmd sh -c 'exec sed -u "s/^/you said: /" >f <there'
	out=there listen <f
	run visit say 'hi\n' hex 13 fin readall
	[ "${lines[0]}" = "$(printf 'you said: hi\n' | od -An -tx1 | tr -d ' \n')" ]
	[[ ${lines[1]} == "fin 0 "* ]]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "while nc -lp port; do :; done binds again each time" {
	listen <<<one
	[ "$(visit text)" = one ]
	wait_exit "$pid"
	local again=$port text
	for text in two three four; do
		as=again serve again "$NC_LITE" -lv "$again" <<<$text
		[ "$(visit text)" = "$text" ]
		wait_exit "$pid"
	done
}

@test "two pipes like ssh's ProxyCommand end when both are closed" {
	peer read 8 echo
	idle_pipe
	mkfifo stdout
	start ssh sh -c 'exec sleep 60 <stdout'
	local ssh=$pid
	out=stdout client 127.0.0.1 "$port" <&"$idle"
	echo SSH-2.0 >&"$tap"
	wait_for_line peer.out 'read 8'
	kill -KILL "$ssh"
	exec {tap}>&-
	wait_exit "$pid"
	[ ! -s client.err ]
}
