#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# A rate that is kept: the mean, every tenth of a second, both ways apart.

load helper
load watch

# paced OPTION RATE BYTES: sends BYTES to peers/pace.py with the option, or
# takes them from it; its findings are the mean and the worst 100 ms.
paced() {
	serve pace /usr/bin/python3 "$PEERS/pace.py" receive
	head -c "$3" /dev/zero | nc "$1" "$2" 127.0.0.1 "$port"
	wait_exit "$pid"
	read -r _ bytes _ rate _ worst <pace.out
	[ "$bytes" -eq "$3" ]
}

# about VALUE PERCENT EXPECTED
about() {
	awk -v v="$1" -v p="$2" -v e="$3" \
	    'BEGIN { exit !(v > e * (1 - p / 100) && v < e * (1 + p / 100)) }' ||
	    fail "$1 is not $3 within $2 %"
}

# kept MEAN PEAK: the mean within MEAN %, and no 100 ms above PEAK %.
kept() {
	paced --limit-rate 100M 314572800 && about "$rate" "$1" 104857600 &&
	    ((worst <= 104857600 * $2 / 1000))
}

# Who has the processor late cannot keep it: on a busy machine that is asked less.
# bats test_tags=timing
@test "100M for 3 s: the mean within 2 %, no 100 ms over 110 %" {
	kept 2 110 || kept 2 110 || kept 10 200
}

# slow PERCENT RATE BYTES EXPECTED
slow() {
	paced --limit-rate "$2" "$3" && about "$rate" "$1" "$4"
}

# bats test_tags=timing
@test "500k and 20k keep their means, too" {
	slow 5 500k 1000000 512000 || slow 20 500k 1000000 512000
	slow 8 20k 20480 20480 || slow 20 20k 20480 20480
}

@test "a limited transfer of a file is still done by splice" {
	need strace
	random 8M in
	listen
	traced splice,sendto,write --limit-rate 20M 127.0.0.1 "$port" <in
	wait_exit "$pid"
	same in listen.out
	[ "$(grep -c 'splice.* = [0-9][0-9][0-9][0-9]' trace)" -gt 20 ]
	[ "$(grep -c 'sendto.* = [0-9][0-9][0-9][0-9]' trace)" -lt 5 ]
}

@test "--limit-rate-in slows what is received, and not what is sent" {
	random 2M in
	random 20M answer
	listen <in
	limited() { nc --limit-rate-in 1M 127.0.0.1 "$port" <answer >out; }
	timed limited
	[ "$status" -eq 0 ]
	between 1800 4000
	wait_exit "$pid"
	same answer listen.out
	same in out
}

@test "datagrams are not cut by a limit, the next waits for its turn" {
	random 3000 in
	listen -u -W 1
	timed nc -u -w0 --limit-rate 1k 127.0.0.1 "$port" <in
	between 2500 5500
	wait_exit "$pid"
	same in listen.out
}

@test "a limit of nothing or of nonsense is refused" {
	local rate
	for rate in 0 -1 '' 5x k 1..5M 99999999999T; do
		run -2 nc --limit-rate "$rate" 127.0.0.1 1
		[[ $output == "nc-lite: --limit-rate: bad value '$rate': "* ]]
	done
}

@test "a limit beyond all machines is none" {
	local rate
	for rate in 3T 100T 4000000T; do
		listen --limit-rate-in "$rate"
		bound=10 nc --limit-rate "$rate" 127.0.0.1 "$port" \
		    < <(head -c 1M /dev/zero)
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		has listen.out 1048576
	done
}

@test "waiting for its turn uses no processor" {
	listen --limit-rate-in 10
	client 127.0.0.1 "$port" <<<"a hundred bytes are ten seconds of this"
	until_true has listen.out 2
	local before
	before=$(ticks "$(jobs -pr | head -n 1)")
	until_true has listen.out 12
	[ $(($(ticks "$(jobs -pr | head -n 1)") - before)) -lt 5 ]
}
