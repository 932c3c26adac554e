#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2030,SC2031,SC2154
# Hashes of what passes: the same as everybody else's, and a wrong one aborts.

load helper
load watch

# digests SIZE [OPTIONS...]: a file of SIZE goes from a client to a listener,
# both with --digest OPTIONS; what either prints goes into sent and got.
digests() {
	local size=$1
	shift
	random "$size" in
	listen --digest "$@" </dev/null
	run -0 --separate-stderr nc --digest "$@" 127.0.0.1 "$port" <in
	sent=$stderr
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in listen.out
	got=$(grep '  -$' listen.err)
}

@test "the digest of 0 bytes to 64 MiB is sha256sum's, on both sides" {
	local size
	for size in 0 1 4095 65536 262145 64M; do
		digests "$size"
		[ "$sent" = "$(sha256sum <in)" ]
		[ "$got" = "$sent" ]
	done
}

@test "other hashes have their names" {
	random 100000 in
	listen -k --recv-only
	run -0 --separate-stderr nc --digest=blake2b512 127.0.0.1 "$port" <in
	[ "$stderr" = "$(b2sum <in)" ]
	run -0 --separate-stderr nc --digest=md5 127.0.0.1 "$port" <in
	[ "$stderr" = "$(md5sum <in)" ]
}

@test "256 MiB from a file to a file, and through pipes" {
	local shm=/dev/shm
	[ -w "$shm" ] || shm=$PWD
	shm=$(mktemp -d "$shm/nc-lite-test.XXXXXX")
	random 256M "$shm/in"
	out=$shm/out listen --digest
	run -0 --separate-stderr nc --digest 127.0.0.1 "$port" <"$shm/in"
	wait_exit "$pid"
	out=/dev/null listen --digest
	nc 127.0.0.1 "$port" < <(cat "$shm/in") | cat
	wait_exit "$pid"
	local sum
	sum=$(sha256sum <"$shm/out")
	[ "$stderr" = "$sum" ]
	[ "$sum" = "$(sha256sum <"$shm/in")" ]
	rm -r "$shm"
	grep -qxF "$sum" listen.err
}

@test "a file that is appended to has the right digest, too" {
	random 3000000 in
	bounded "$NC_LITE" -lv --digest 0 </dev/null >>grown 2>l.err &
	until_true grep -q Listening l.err
	nc 127.0.0.1 "$(awk '/Listening/ { print $NF }' l.err)" <in
	wait_exit $!
	same in grown
	grep -qxF "$(sha256sum <in)" l.err
}

@test "both directions: two lines with names" {
	random 300000 in
	random 200000 answer
	listen --digest <answer
	run -0 --separate-stderr nc --digest 127.0.0.1 "$port" <in
	[ "${stderr_lines[0]}" = "$(sha in)  sent" ]
	[ "${stderr_lines[1]}" = "$(sha answer)  received" ]
	wait_exit "$pid"
	grep -qxF "$(sha in)  received" listen.err
}

@test "through TLS: the digest of what was said, not of what was on the wire" {
	nc --psk-new key
	random 5000000 in
	listen -c --psk key --digest
	run -0 --separate-stderr nc -c --psk key --digest 127.0.0.1 "$port" <in
	[ "$stderr" = "$(sha256sum <in)" ]
	wait_exit "$pid"
	grep -qxF "$stderr" listen.err
}

@test "the digest's line names the file, as sha256sum -c wants it" {
	random 300000 in
	listen --digest --out out
	run -0 --separate-stderr nc --digest --in in 127.0.0.1 "$port"
	[ "$stderr" = "$(sha256sum in)" ]
	wait_exit "$pid"
	grep -xF "$(sha256sum out)" listen.err
	echo answer >answer
	listen --digest --out out --in answer
	run -0 --separate-stderr nc --digest --in in 127.0.0.1 "$port"
	[ "${stderr_lines[0]}" = "$(sha256sum in)" ]
	[ "${stderr_lines[1]}" = "$(sha answer)  received" ]
	wait_exit "$pid"
	grep -E '  (out|answer)$' listen.err | sha256sum -c
}

# unhashed SIZE: a receiver whose hash fails after 6 bytes; SIZE more come.
unhashed() {
	need strace
	[[ $NC_LITE != */tsan/* ]] ||
	    skip "counts threads, which the sanitizer has too"
	idle_pipe
	listen --digest </dev/null
	local receiver=$pid
	client 127.0.0.1 "$port" <&"$idle"
	echo hello >&"$tap"
	until_true has listen.out 6
	# A read that waits is begun anew, and fails, when it is traced.
	local thread threads=(/proc/"$receiver"/task/*)
	[ "${#threads[@]}" -eq 3 ]
	for thread in "${threads[@]}"; do
		[ "${thread##*/}" = "$receiver" ] || as=${thread##*/} \
		    start "${thread##*/}" strace -qq -o /dev/null -e \
		    inject=read:error=EIO -p "${thread##*/}"
	done
	until_true fewer_threads "$receiver"
	# A coprocess is not known to what runs in the background.
	exec 6>&"$tap"
	head -c "$1" /dev/zero >&6 3>&- &
	exec 6>&-
	[ "$1" -gt 0 ] || kill "$IDLE_PID"
	wait_exit "$receiver"
	[ "$status" -eq 1 ]
	grep -q "no digest could be computed; incomplete" listen.err
}

fewer_threads() {
	local threads=(/proc/"$1"/task/*)
	((${#threads[@]} == 1))
}

@test "a hash that can no longer be computed breaks the transfer" {
	unhashed 3000000
}

@test "neither is there one when nothing more comes" {
	unhashed 0
}

@test "what the digest was told to expect: exit 0 on both sides" {
	random 5000000 in
	listen --expect-digest "$(sha in)"
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in listen.out
}

@test "another than expected: exit 1, and the sender sees an abort" {
	local size wrong=${EPOCHSECONDS}
	wrong=$(sha <<<"$wrong")
	for size in 0 5 5000000; do
		random "$size" in
		listen --expect-digest "$wrong"
		run -1 nc 127.0.0.1 "$port" <in
		[[ $output == *"Connection reset by peer; incomplete"* ]]
		wait_exit "$pid"
		[ "$status" -eq 1 ]
		grep -x "nc-lite: wrong digest: expected $wrong, got $(sha in) ($size bytes received)" listen.err
	done
}

@test "an expected digest does not half-close, whatever stdin is" {
	random 5000000 in
	listen --expect-digest "$(sha <<<wrong)" < <(printf hello)
	run -1 nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 1 ]
}

@test "-q0 and -w0 end neither sending nor the run before the digest is known" {
	local option
	echo hello >in
	for option in -q0 -w0 -q5; do
		listen "$option" --expect-digest "$(sha <<<wrong)"
		run -1 nc 127.0.0.1 "$port" <in
		wait_exit "$pid"
		[ "$status" -eq 1 ]
		listen "$option" --expect-digest "$(sha in)"
		nc 127.0.0.1 "$port" <in
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		same in listen.out
	done
}

@test "a broken transfer prints no digest" {
	listen --digest
	client 127.0.0.1 "$port" </dev/zero
	local sender=$pid
	until_true has listen.out 1000000
	kill -KILL "$sender"
	wait_exit "$(jobs -pr | head -n 1)"
	[ "$status" -eq 1 ]
	run ! grep '  -$' listen.err
}

@test "unknown hashes and impossible digests are refused, exit 2" {
	run -2 nc --digest=nonsense 127.0.0.1 1
	[[ $output == "nc-lite: unknown digest 'nonsense'"* ]]
	run -2 nc --expect-digest abc 127.0.0.1 1
	[[ $output == *"use 64 hexadecimal digits" ]]
	run -2 nc -u --expect-digest "$(sha </dev/null)" 127.0.0.1 1
	[[ $output == *datagrams* ]]
	for option in --exec --sh-exec; do
		run -2 nc -l "$option" cat --expect-digest "$(sha </dev/null)" 0
		[[ $output == *"cannot use $option and"* ]]
	done
}

@test "a digest that cannot be started is exit 2, and the peer sees an abort" {
	need strace
	peer readall
	ASAN_OPTIONS=detect_leaks=0 run -2 bounded strace -f -qq -o trace \
	    -e inject=clone,clone3:error=EAGAIN "$NC_LITE" --digest \
	    127.0.0.1 "$port" <<<hello
	[[ $output == "nc-lite: cannot start the digest: "* ]]
	wait_for_line peer.out '^reset 0 '
}

@test "without --digest no cryptography is loaded" {
	need strace
	listen
	traced openat 127.0.0.1 "$port" <<<x
	run ! grep -q crypto trace
}
