#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# Waiting costs no processor time, whatever is half-closed.

load helper

# rests PID: soon there is a second in which PID uses next to nothing.
rests() {
	within=7 until_true quiet_second "$1"
}

quiet_second() {
	local before
	before=$(ticks "$1")
	sleep 1
	[ $(($(ticks "$1") - before)) -le 4 ]
}

@test "a listener that waits rests" {
	listen -k
	rests "$pid"
}

@test "an idle connection rests" {
	peer say hi stall
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	wait_for_line client.out hi
	rests "$pid"
}

@test "the end of stdin passed on, the peer silent: it rests" {
	peer readall say hi stall
	client 127.0.0.1 "$port" <<<hello
	wait_for_line client.out hi
	rests "$pid"
}

@test "no input and a silent peer: it rests" {
	peer say hi stall
	client 127.0.0.1 "$port" </dev/null
	wait_for_line client.out hi
	rests "$pid"
}

@test "stdin ended under --no-shutdown: it rests" {
	peer read 6 say hi stall
	client --no-shutdown 127.0.0.1 "$port" <<<hello
	wait_for_line client.out hi
	rests "$pid"
}

@test "the peer's end passed on, input awaited: it rests" {
	peer read 2 fin stall
	mkfifo stdout
	start reader cat stdout
	local reader=$pid
	idle_pipe
	out=stdout client 127.0.0.1 "$port" <&"$idle"
	printf hi >&"$tap"
	wait_exit "$reader"
	rests "$pid"
}

@test "a peer that does not read: it rests" {
	peer -b 4096 stall
	client 127.0.0.1 "$port" </dev/zero
	rests "$pid"
}

@test "a stopped reader of stdout: it rests" {
	peer send 50000000 stall
	mkfifo stopped
	start reader sh -c 'exec sleep 60 <stopped'
	idle_pipe
	out=stopped client 127.0.0.1 "$port" <&"$idle"
	rests "$pid"
}

@test "both ways full: it rests" {
	peer -b 4096 send 50000000 stall
	mkfifo stopped
	start reader sh -c 'exec sleep 60 <stopped'
	out=stopped client 127.0.0.1 "$port" </dev/zero
	rests "$pid"
}

@test "the peer ended, our bytes still under way: it rests" {
	peer -b 4096 fin stall
	client 127.0.0.1 "$port" </dev/zero
	rests "$pid"
}

@test "-i rests between two lines" {
	peer readall
	client -i 30 127.0.0.1 "$port" <<<$'a\nb\nc'
	rests "$pid"
}
