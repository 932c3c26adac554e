#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# What is told and kept of many peers of one listener (-k).
load helper

# two: two peers who stay; each has sent a line.
two() {
	local i
	for i in 1 2; do
		start "peer$i" /usr/bin/python3 "$PEERS/peer.py" connect \
		    "$port" say "$i\n" stall
	done
	until_true has listen.out 4
}

@test "SIGUSR1 prints one line for all: those who are there, and what all moved" {
	listen -k
	local server=$pid
	visit send 1022 fin readall
	two
	visit say '1\n' fin readall
	until_true has listen.out 1028
	kill -USR1 "$server"
	wait_for_line listen.err \
	    '^2 peers  got 1\.00 KiB  [0-9.]* [KM]*i*B/s  0:[0-9]*  mean '
	[ "$(grep -c '  got ' listen.err)" -eq 1 ]
}

@test "--progress is one line for all, drawn again and again on a terminal" {
	start screen /usr/bin/python3 "$PEERS/screen.py" 80 "$NC_LITE" -lkv \
	    --progress 0
	until_true grep -q 'istening on' screen.out
	port=$(sed -En 's/.*istening on .* ([0-9]+).*/\1/p' screen.out)
	local i
	for i in 1 2; do
		start "peer$i" /usr/bin/python3 "$PEERS/peer.py" connect \
		    "$port" say "$i$i$i$i\n" stall
	done
	wait_for_line screen.out \
	    '^80 2 peers  got 10 B  [0-9.]* B/s  [0-9]*:[0-9]*  mean '
}

@test "--progress of many: the last line has all, also of those who left" {
	listen -k --progress --timeout 2
	visit say '1234\n' fin readall
	wait_exit "$pid"
	[ "$status" -eq 3 ]
	grep -q '^0 peers  got 5 B  in 0:0[1-9]  mean ' listen.err
}

@test "--progress of a server without peers does not wake it up" {
	need strace
	start trace strace -f -qq -e trace=ppoll,poll "$NC_LITE" -lk \
	    --progress --timeout 2 0
	wait_exit "$pid"
	(($(grep -c poll trace.err) <= 3))
}

@test "--digest of many has the hash of each, and says whose" {
	listen -k --digest
	many send "$port" 30 100000 >sent
	until_true hashes 30
	tail -n +2 sent | cut -d ' ' -f 2 | sort >theirs
	sed -En 's/^([0-9a-f]{64})  received from 127\.0\.0\.1 [0-9]+$/\1/p' \
	    listen.err | sort | diff - theirs
}

hashes() {
	[ "$(grep -c '^[0-9a-f]\{64\}  ' listen.err)" -eq "$1" ]
}

# many WHAT ARGS...: peers/many.py, bounded.
many() {
	bounded /usr/bin/python3 "$PEERS/many.py" "$@"
}

@test "--digest of many takes neither threads nor descriptors" {
	listen -k --digest --hex-dump dump --output log
	local server=$pid before
	before=$(find "/proc/$pid/fd" -mindepth 1 | wc -l)
	two
	[ "$(find "/proc/$server/task" -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
	[ "$(find "/proc/$server/fd" -mindepth 1 | wc -l)" -le \
	    $((before + 2)) ]
}

@test "--expect-digest is for each peer: who sends another thing is reset" {
	random 100000 in
	listen -k --expect-digest "$(sha in)"
	nc -N 127.0.0.1 "$port" <in
	run -1 nc -N 127.0.0.1 "$port" <<<other
	nc -N 127.0.0.1 "$port" <in
	[ "$(grep -c '[0-9]: wrong digest' listen.err)" -eq 1 ]
}

@test "--limit-rate and --limit-rate-in are for each peer" {
	random 150000 in
	listen -k --in in --limit-rate 100k --limit-rate-in 100k
	local i began=${EPOCHREALTIME/[.,]/} took pids=()
	for i in 1 2 3 4; do
		client -N 127.0.0.1 "$port" <in >/dev/null
		pids+=("$pid")
	done
	for i in "${pids[@]}"; do
		wait_exit "$i"
		[ "$status" -eq 0 ]
	done
	took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	# All together would need 5.9 s at least.
	((took >= 900 && took < 5000))
}

@test "--output of many keeps lines whole, as stdout does" {
	listen -k --output log
	[ "$(many lines "$port" 30 40)" = sent ]
	[ "$(many check 30 40 <log)" = whole ]
	[ "$(many check 30 40 <listen.out)" = whole ]
}

@test "--output of many has what a peer left without a newline, also of one cut off" {
	listen -k --output log
	visit say 'half ' acked reset
	wait_for_line listen.err 'reset by peer'
	visit say 'whole' fin readall
	[ "$(<log)" = 'half whole' ]
}

@test "--hex-dump of many says whose bytes they are, with offsets of its own" {
	listen -k --hex-dump dump
	two
	visit say '3\n' fin readall
	sed -n 's/^# [^ ]* //p' dump | sed 's/[0-9]*$/PORT/' | sort -u | diff - \
	    <(echo '< 2 bytes 127.0.0.1 PORT')
	[ "$(grep -c '^< 00000000  3[123] 0a ' dump)" -eq 3 ]
}

@test "--summary-json of many names the peer" {
	listen -k --summary-json
	visit say x fin readall
	wait_for_line listen.err '"bytes_received":1'
	/usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    if line.startswith("{"):
        assert json.loads(line)["peer"].startswith("127.0.0.1 ")' <listen.err
}
