#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031
# Bytes: all of them, in order, both ways, whatever the pace.

load helper

setup_file() {
	BIG=$BATS_FILE_TMPDIR/big
	[ ! -w /dev/shm ] || BIG=$(mktemp /dev/shm/nc-lite-test.XXXXXX)
	random 256M "$BIG"
	BIG_SHA=$(sha "$BIG")
	export BIG BIG_SHA
}

teardown_file() {
	rm -f "$BIG"
}

# summed CMD...: CMD with its output into sha, whose word will be in sum.
summed() {
	mkfifo stream
	sha <stream >sum 3>&- &
	summing=$!
	out=stream "$@"
}

sum_is_big() {
	wait_exit "$summing"
	[ "$(<sum)" = "$BIG_SHA" ]
}

ended_well() {
	local p
	for p; do
		wait_exit "$p" 60
		[ "$status" -eq 0 ]
	done
}

sizes=(0 1 4095 65536 65537)

@test "0, 1, 4095, 65536, 65537 bytes arrive at a listener" {
	local n
	for n in "${sizes[@]}"; do
		random "$n" in
		listen
		nc 127.0.0.1 "$port" <in
		ended_well "$pid"
		same in listen.out
	done
}

@test "0, 1, 4095, 65536, 65537 bytes arrive at a client" {
	local n
	for n in "${sizes[@]}"; do
		random "$n" in
		listen <in
		nc 127.0.0.1 "$port" >out
		ended_well "$pid"
		same in out
	done
}

@test "0, 1, 4095, 65536, 65537 bytes cross each other" {
	local n
	for n in "${sizes[@]}"; do
		random "$n" in
		random "$n" back
		listen <back
		nc 127.0.0.1 "$port" <in >out
		ended_well "$pid"
		same in listen.out
		same back out
	done
}

# bats test_tags=long
@test "256 MiB arrive at a listener" {
	summed listen
	nc 127.0.0.1 "$port" <"$BIG"
	ended_well "$pid"
	sum_is_big
}

# bats test_tags=long
@test "256 MiB arrive at a client" {
	listen <"$BIG"
	[ "$(nc 127.0.0.1 "$port" | sha)" = "$BIG_SHA" ]
	ended_well "$pid"
}

# bats test_tags=long
@test "256 MiB cross each other" {
	summed listen <"$BIG"
	[ "$(nc 127.0.0.1 "$port" <"$BIG" | sha)" = "$BIG_SHA" ]
	ended_well "$pid"
	sum_is_big
}

# bats test_tags=long
@test "256 MiB go through two pipes" {
	summed listen
	nc 127.0.0.1 "$port" < <(cat "$BIG")
	ended_well "$pid"
	sum_is_big
}

@test "a reader that sleeps gets everything" {
	head -c 20000000 "$BIG" >in
	mkfifo stream
	{ sleep 1.2 && sha; } <stream >sum 3>&- &
	local reader=$!
	out=stream listen
	nc 127.0.0.1 "$port" <in
	ended_well "$pid" "$reader"
	[ "$(<sum)" = "$(sha in)" ]
}

@test "a peer that reads slowly from a small buffer gets everything" {
	head -c 3000000 "$BIG" >in
	peer -b 4096 slowly 65536
	nc 127.0.0.1 "$port" <in
	wait_for_line peer.out "^fin 3000000 $(sha in)\$"
}

@test "a slow reader of a pipe of one page gets everything" {
	head -c 500000 "$BIG" >in
	mkfifo stream
	local hold
	exec {hold}<>stream
	/usr/bin/python3 -c 'import fcntl
fcntl.fcntl(0, 1031, 4096)' <&"$hold"
	/usr/bin/python3 -c 'import os, sys, time
while data := os.read(0, 999):
    sys.stdout.buffer.write(data)
    time.sleep(.0005)' <stream >got 3>&- {hold}>&- &
	local reader=$!
	out=stream listen
	exec {hold}>&-
	nc 127.0.0.1 "$port" <in
	ended_well "$pid" "$reader"
	same in got
}

@test "a peer that trickles loses nothing" {
	peer read 6 trickle 'one two three four five six seven eight nine ten'
	run nc 127.0.0.1 "$port" <<<hello
	[ "$output" = "one two three four five six seven eight nine ten" ]
}

@test "a stdin that trickles loses nothing, and is not held back" {
	peer read 3 readall
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	for c in a b c; do printf %s "$c" >&"$tap"; done
	wait_for_line peer.out 'read 3'
	for c in {1..100}; do printf %s "$c" >&"$tap"; done
	exec {tap}>&-
	ended_well "$pid"
	wait_for_line peer.out "^fin 192 $(printf %s {1..100} | sha)\$"
}

@test "small socket buffers lose nothing" {
	head -c 2000000 "$BIG" >in
	listen -I 4096 -O 4096 <in
	nc -I 4096 -O 4096 127.0.0.1 "$port" <in >out
	ended_well "$pid"
	same in out
	same in listen.out
}

@test "an echo of 32 MiB comes back whole" {
	head -c 32M "$BIG" >in
	peer echo
	[ "$(nc 127.0.0.1 "$port" <in | sha)" = "$(sha in)" ]
}

@test "output may be appended to a file" {
	head -c 1000000 "$BIG" >in
	cp in out
	listen <in
	nc 127.0.0.1 "$port" >>out
	ended_well "$pid"
	cat in in | cmp - out
}

@test "input begins where the file stands" {
	printf 'one\ntwo\n' >in
	peer text
	{ read -r _ && nc 127.0.0.1 "$port"; } <in
	wait_exit "$pid"
	[ "$(<peer.out)" = two ]
}

@test "a stopped reader does not hold up the other direction" {
	mkfifo stopped
	start reader sh -c 'exec sleep 60 <stopped'
	head -c 32M "$BIG" >in
	listen </dev/zero
	out=stopped client 127.0.0.1 "$port" <in
	until_true has listen.out 33554432
	same in listen.out
}

@test "a peer that does not read does not hold up what it sends" {
	peer -b 4096 send 32000000 stall
	client 127.0.0.1 "$port" </dev/zero
	until_true has client.out 32000000
	wait_for_line peer.out "^sent 32000000 $(sha client.out)\$"
}

@test "two that both send before they read do not block each other" {
	peer both 50000000
	head -c 50000000 "$BIG" >in
	nc 127.0.0.1 "$port" <in >out
	wait_exit "$pid"
	grep -qx "fin 50000000 $(sha in)" peer.out
	grep -qx "sent 50000000 $(sha out)" peer.out
}

### faults

# faulty ERROR: from now on every third call by which $pid waits, reads or
# writes fails once with ERROR.
faulty() {
	start strace strace -f -o trace -p "$pid" -e "inject=read,readv,recvfrom,\
recvmsg,write,writev,sendto,sendmsg,splice,poll,ppoll:error=$1:when=2+3"
	until_true grep -q attached strace.err || return
}

survives() {
	need strace
	export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0
	head -c 3000000 "$BIG" >in
	listen <in
	local listener=$pid
	faulty "$1"
	visit both 3000000 >visit.out
	ended_well "$listener"
	grep -qx "fin 3000000 $(sha in)" visit.out
	grep -qx "sent 3000000 $(sha listen.out)" visit.out
	grep -q INJECTED trace
}

@test "interrupted calls (EINTR) lose nothing" {
	survives EINTR
}

### descriptors that belong to others

# blocking FD...: O_NONBLOCK is set on none of this shell's descriptors.
blocking() {
	local fd flags
	for fd; do
		flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$BASHPID/fdinfo/$fd")
		((!(0$flags & 04000))) || fail "descriptor $fd: $flags" || return
	done
}

@test "O_NONBLOCK is never set on what came from outside" {
	peer say hi read 2 readall
	idle_pipe
	mkfifo stdout
	start reader sh -c 'exec cat <stdout'
	exec {r}<&"$idle" {w}>stdout
	nc 127.0.0.1 "$port" <&"$r" >&"$w" &
	printf hi >&"$tap"
	wait_for_line peer.out 'read 2'
	wait_for_line reader.out hi
	blocking "$r" "$w"
	exec {tap}>&-
	wait_exit "$!"
	[ "$status" -eq 0 ]
	blocking "$r" "$w"
}

@test "O_NONBLOCK set by others is borne, and left" {
	head -c 2000000 "$BIG" >in
	mkfifo input output
	cat in >input 3>&- &
	{ sleep 0.5 && cat; } <output >got 3>&- &
	local reader=$!
	peer both 2000000
	/usr/bin/python3 -c 'import os, subprocess, sys
os.set_blocking(0, False), os.set_blocking(1, False)
code = subprocess.call(sys.argv[1:])
sys.exit(code or os.get_blocking(0) or os.get_blocking(1))' \
	    "$NC_LITE" 127.0.0.1 "$port" <input >output
	ended_well "$pid" "$reader"
	grep -qx "fin 2000000 $(sha in)" peer.out
	grep -qx "sent 2000000 $(sha got)" peer.out
}

@test "-W ends after so many reads, whatever else there is to come" {
	idle_pipe
	peer say one pause 0.3 say two pause 0.3 say three readall
	run -0 nc -W 2 127.0.0.1 "$port" <&"$idle"
	[ "$output" = onetwo ]
	listen -W 1 <&"$idle"
	visit say hello readall
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	holds listen.out hello
}
