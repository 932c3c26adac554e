#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2094,SC2016
# Whatever goes wrong on one side, both sides end with a code that is not 0.

load helper

setup_file() {
	IN=$BATS_FILE_TMPDIR/in
	random 16M "$IN"
	export IN
}

cut='^nc-lite: peer: (Connection reset by peer|Broken pipe)'
incomplete='; incomplete: ([0-9]+) bytes sent, ([0-9]+) bytes received$'

### a peer that resets

@test "a peer that resets under a sender is exit 1" {
	peer read 65536 reset
	run nc 127.0.0.1 "$port" </dev/zero
	[ "$status" -eq 1 ]
	[[ $output =~ $cut$incomplete ]]
	[ "${BASH_REMATCH[2]}" -ge 65536 ]
	[ "${BASH_REMATCH[3]}" -eq 0 ]
}

@test "a peer that resets under a receiver is exit 1, with the bytes that came" {
	peer send 100000 acked reset
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[ "$(said client)" = "nc-lite: peer: Connection reset by peer; incomplete:\
 0 bytes sent, 100000 bytes received" ]
	has client.out 100000
}

@test "a client that resets is exit 1 for a listener without input" {
	listen
	visit send 100000 acked reset
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	grep -qx "nc-lite: peer: Connection reset by peer; incomplete:\
 0 bytes sent, 100000 bytes received" listen.err
}

@test "a peer that resets at once after our end is exit 1" {
	peer readall reset
	run nc 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 1 ]
	[[ $output =~ ^"nc-lite: peer: Connection reset by peer"$incomplete ]]
}

@test "a peer that closes without reading is exit 1" {
	peer read 10
	run nc 127.0.0.1 "$port" <"$IN"
	[ "$status" -eq 1 ]
	[[ $output =~ $incomplete ]]
}

@test "a peer that resets while we await input, its end seen, is exit 1" {
	peer read 6 fin read 5 reset
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	echo hello >&"$tap"
	wait_for_line peer.out 'read 6'
	echo more >&"$tap"
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[[ $(said client) =~ $cut$incomplete ]]
}

### our own ends fail

@test "stdout on a full device is exit 2, and the sender's exit is 1" {
	out=/dev/full listen
	run nc 127.0.0.1 "$port" <"$IN"
	[ "$status" -eq 1 ]
	[[ $output =~ $cut$incomplete ]]
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -Eq "^nc-lite: stdout: No space left on device$incomplete" listen.err
}

@test "a single byte for a full device is exit 2, and seen by the peer" {
	out=/dev/full listen
	[[ $(visit say x readall) == "reset 0 "* ]]
	wait_exit "$pid"
	[ "$status" -eq 2 ]
}

@test "a file system that fills up is exit 2, and the sender's exit is 1" {
	need unshare
	mkdir full
	serve listen unshare -rm sh -ec 'mount -t tmpfs -o size=1m none full
		exec "$@" >full/out' - "$NC_LITE" -lv 0 || skip "needs namespaces"
	run nc 127.0.0.1 "$port" <"$IN"
	[ "$status" -eq 1 ]
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -Eq "^nc-lite: stdout: No space left on device$incomplete" listen.err
}

@test "a receiver into head -c10 dies by SIGPIPE, and the sender's exit is 1" {
	mkfifo stream
	start head sh -c 'exec head -c10 <stream'
	out=stream listen
	run nc 127.0.0.1 "$port" <"$IN"
	[ "$status" -eq 1 ]
	wait_exit "$pid"
	[ "$status" -eq 141 ]
	[ "$(said listen | grep -vc '^Listening\|^Connection\|received in')" -eq 0 ]
	has head.out 10
}

@test "a stdin that cannot be read is exit 2, and the peer sees an abort" {
	local input
	for input in /proc/self/mem .; do
		peer readall
		run nc 127.0.0.1 "$port" <"$input"
		[ "$status" -eq 2 ]
		[[ $output =~ ^"nc-lite: stdin: "((Input/output|I/O) error|Is a directory)"; inc" ]]
		wait_for_line peer.out '^reset 0 '
	done
}

@test "a stdin that fails in the middle is exit 2, and the peer sees an abort" {
	need strace
	cp "$IN" in
	peer readall
	ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 run --separate-stderr bounded \
	    strace -f -o trace -P "$PWD/in" \
	    -e inject=read,readv,splice,sendfile,pread64:error=EIO:when=4+ \
	    "$NC_LITE" 127.0.0.1 "$port" <in
	[ "$status" -eq 2 ]
	[[ $stderr =~ ^"nc-lite: stdin: "[IO/a-z]+" error"$incomplete ]]
	[ "${BASH_REMATCH[1]}" -gt 0 ]
	wait_for_line peer.out '^reset [1-9]'
}

### signals

@test "a signal in the middle is 128 and its number, and the peer sees an abort" {
	local pair
	for pair in HUP:129 INT:130 QUIT:131 TERM:143 KILL:137; do
		peer read 1000 slowly 65536
		client 127.0.0.1 "$port" </dev/zero
		wait_for_line peer.out 'read 1000'
		kill -"${pair%:*}" "$pid"
		wait_exit "$pid"
		[ "$status" -eq "${pair#*:}" ]
		wait_for_line peer.out '^reset '
	done
}

@test "a signal to an idle connection is seen as an abort" {
	local pair
	for pair in INT:130 TERM:143 KILL:137; do
		listen </dev/null
		local listener=$pid
		client 127.0.0.1 "$port" </dev/null
		wait_for_line listen.err '^Connection'
		kill -"${pair%:*}" "$pid"
		wait_exit "$pid"
		[ "$status" -eq "${pair#*:}" ]
		wait_exit "$listener"
		[ "$status" -eq 1 ]
	done
}

@test "a signal while connecting ends it with 128 and its number" {
	private
	for pair in INT:130 TERM:143 HUP:129; do
		client 10.9.9.2 80
		until_true grep -q ':0050 02 ' "/proc/$pid/net/tcp"
		kill -"${pair%:*}" "$pid"
		wait_exit "$pid"
		[ "$status" -eq "${pair#*:}" ]
	done
}

# paced: $IN, at a pace that lasts a while.
paced() {
	exec perl -e 'while (sysread(STDIN, $block, 1 << 18)) {
		syswrite(STDOUT, $block) or exit 1;
		select(undef, undef, undef, 0.004);
	}' <"$IN" 3>&-
}

# rounds SIGNAL VICTIM N: N transfers, in each of which the VICTIM (sender or
# receiver) gets SIGNAL at a random moment.
rounds() {
	local round sender receiver
	broken=0
	seeded
	for ((round = 0; round < $3; round++)); do
		listen
		receiver=$pid
		client 127.0.0.1 "$port" < <(paced)
		sender=$pid
		wait_for_line listen.err '^Connection'
		sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
		kill -"$1" "${!2}" 2>/dev/null || :
		wait_exit "$sender"
		sent=$status
		wait_exit "$receiver"
		told_the_truth "$2" || return
	done
	echo "$broken of $3 were hit in the middle"
	((broken > 0)) || fail "no transfer was hit in the middle"
}

# told_the_truth VICTIM: an output that is not the whole input is known to the
# survivor, and two exits 0 mean a whole output.
told_the_truth() {
	local survivor=$sent
	cmp -s "$IN" listen.out && return
	broken=$((broken + 1))
	[ "$1" = receiver ] || survivor=$status
	((survivor != 0)) || fail "the survivor of the $1 exits 0: $(stat -c %s \
	    listen.out) bytes arrived, sender $sent, receiver $status"
}

@test "the sender killed at random moments (KILL), 10 rounds" {
	rounds KILL sender 10
}

# bats test_tags=long
@test "the sender ended at random moments (TERM), 10 rounds" {
	rounds TERM sender 10
}

# bats test_tags=long
@test "the sender interrupted at random moments (INT), 10 rounds" {
	rounds INT sender 10
}

# bats test_tags=long
@test "the receiver killed at random moments (KILL), 10 rounds" {
	rounds KILL receiver 10
}

# bats test_tags=long
@test "the receiver ended at random moments (TERM), 10 rounds" {
	rounds TERM receiver 10
}

# bats test_tags=long
@test "the receiver interrupted at random moments (INT), 10 rounds" {
	rounds INT receiver 10
}

@test "a killed sender leaves a receiver that says how much arrived" {
	listen
	local receiver=$pid
	client 127.0.0.1 "$port" </dev/zero
	until_true has listen.out 1000000
	kill -KILL "$pid"
	wait_exit "$receiver"
	[ "$status" -eq 1 ]
	[[ $(said listen | tail -n 2 | head -n 1) =~ \
	    ^"nc-lite: peer: Connection reset by peer"$incomplete ]]
	[ "${BASH_REMATCH[2]}" -eq "$(stat -c %s listen.out)" ]
}
