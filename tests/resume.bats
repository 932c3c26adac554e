#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2030,SC2031,SC2034,SC2154
# A transfer that goes on where an earlier one broke: --resume where it is
# received, --offset and --prefix where it is sent; and --sparse.

load helper

# broken BYTES: out.part has so many bytes of ./in, as a killed run leaves it.
broken() {
	head -c "$1" in >out.part
}

# command_for FILE: what the listener has said is to be given, into $given.
command_for() {
	given=()
	read -ra given < <(sed -n 's/.*--in FILE \(--offset .*\)/\1/p' listen.err) || :
	given=(--in "$1" "${given[@]}")
}

@test "what is there is kept, the command for the sender said, the rest sent" {
	random 3000000 in
	broken 1234567
	listen -v --resume --size 3000000 --digest --out out
	grep -qx "nc-lite: 1234567 of 3000000 bytes of 'out' are already here; the sender needs:" listen.err
	grep -qE "^nc-lite [^ ]+ $port --in FILE --offset 1234567 --prefix sha256:$(head -c 1234567 in | sha)\$" listen.err
	command_for in
	run -0 --separate-stderr nc "${given[@]}" --digest 127.0.0.1 "$port"
	[ "$stderr" = "$(sha256sum in)" ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in out
	[ ! -e out.part ]
	grep -q ' 1765433 bytes received' listen.err
	grep -xF "$(sha in)  out" listen.err
}

@test "20 kills of either end at random moments, then all is there" {
	random 30M in
	local i way seed=$RANDOM
	echo "# seed $seed" >&2
	RANDOM=$seed
	nc --psk-new key
	for way in '' '-c --psk key'; do
		rm -f out out.part
		for i in {1..20}; do
			# shellcheck disable=SC2086
			listen $way --resume --out out
			local receiver=$pid
			command_for in
			# shellcheck disable=SC2086
			[ "${#given[@]}" -gt 2 ] || given=(--in in)
			# shellcheck disable=SC2086
			client $way "${given[@]}" --limit-rate 20M 127.0.0.1 "$port"
			((i > 1)) || until_true test -s out.part
			sleep "0.0$((RANDOM % 10))"
			if ((RANDOM % 2)); then
				kill -KILL "$pid"
				wait_exit "$pid"
				# It goes on listening if nothing came.
				kill "$receiver" 2>/dev/null || :
			else
				kill -KILL "$receiver"
				wait_exit "$pid"
			fi
			wait_exit "$receiver"
			[ ! -e out ]
		done
		# shellcheck disable=SC2086
		listen $way --resume --expect-digest "$(sha in)" --out out
		command_for in
		[[ "${given[*]}" == *--offset* ]]
		# shellcheck disable=SC2086
		nc $way "${given[@]}" 127.0.0.1 "$port"
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		same in out
	done
}

@test "a file that begins otherwise is refused, and nothing is sent" {
	random 100000 in
	broken 50000
	listen --resume --out out
	command_for in
	printf X | dd of=in conv=notrunc status=none
	run -2 nc "${given[@]}" 127.0.0.1 "$port"
	[ "$output" = "nc-lite: the first 50000 bytes of 'in' differ from the receiver's (--prefix): nothing was sent" ]
	head -c 49999 /dev/zero >short
	command_for short
	run -2 nc "${given[@]}" 127.0.0.1 "$port"
	[ "$output" = "nc-lite: 'short' has no 50000 bytes (--offset)" ]
	nc -z 127.0.0.1 "$port"
	[ "$(stat -c %s out.part)" -eq 50000 ]
}

@test "--expect-digest is of the whole; a wrong one leaves the .part" {
	random 100000 in
	broken 50000
	listen --resume --out out --expect-digest "$(sha in)"
	# A sender who sends all of it again.
	run -1 nc --in in 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	grep -q 'wrong digest: .* (150000 bytes received)' listen.err
	[ -e out.part ]
}

@test "--resume without a .part is an ordinary transfer; a full one needs a name" {
	random 100000 in
	listen --resume --out out
	run ! grep offset listen.err
	nc --in in 127.0.0.1 "$port"
	wait_exit "$pid"
	same in out
	local known
	for known in "--size 100000" "--expect-digest $(sha in)" --allow-empty; do
		rm out
		broken 100000
		# shellcheck disable=SC2086
		listen --resume $known --out out
		command_for in
		nc "${given[@]}" 127.0.0.1 "$port"
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		same in out
	done
}

@test "a .part that is more than --size is refused, and kept" {
	random 2000 out.part
	cp out.part before
	run -2 nc -l --resume --size 1000 --out out 0
	[ "$output" = "nc-lite: 'out.part' has 2000 bytes already, more than \
--size" ]
	same before out.part
}

@test "a .part that another run writes, or that is no file, is not resumed" {
	random 100000 in
	broken 1000
	flock out.part sleep 20 3>&- &
	until_true eval '! flock -n out.part true'
	run -2 nc -l --resume --out out 0
	[ "$output" = "nc-lite: cannot resume 'out.part': in use, not a file, or not ours" ]
	end_all
	rm out.part
	ln -s in out.part
	run -2 nc -l --resume --out out 0
	[ "$output" = "nc-lite: cannot resume 'out.part': a symbolic link" ]
	run -2 nc -l --resume --out /dev/null 0
	[ "$output" = "nc-lite: cannot resume '/dev/null': not a file" ]
	run -2 nc -l --resume --out ./ 0
	[ "$output" = "nc-lite: cannot resume './': a directory" ]
	run -2 nc -lk --resume --out dir/ 0
	run -2 nc --resume 127.0.0.1 1
	run -2 nc --offset 5 127.0.0.1 1
	run -2 nc --in - --offset 5 127.0.0.1 1
	[ "$output" = "nc-lite: --offset needs a file: use --in FILE" ]
	run -2 nc -l --resume --out - 0
	[ "$output" = "nc-lite: --resume needs a file: use --out FILE" ]
	run -2 nc -l --sparse --out - 0
	run -2 nc --in /dev/zero --offset 5 127.0.0.1 1
	[ "$output" = "nc-lite: '/dev/zero' is neither a file nor a disk (--offset)" ]
	run -2 nc --in <(echo 0123456789) --offset 5 127.0.0.1 1
	run -2 nc --in in --prefix "sha256:$(sha in)" 127.0.0.1 1
	run -2 nc --in in --offset 5 --prefix "sha256:5" 127.0.0.1 1
}

@test "with --size another size does not get the name, and both ends say so" {
	random 100000 in
	local wrong
	# All of it once more; less than the rest; nothing but a byte.
	for wrong in "--in in" "--in short --offset 50000" "--in in --offset 99999"; do
		broken 50000
		head -c 99999 in >short
		listen --resume --size 100000 --out out
		# shellcheck disable=SC2086
		run -1 nc $wrong 127.0.0.1 "$port"
		wait_exit "$pid"
		[ "$status" -eq 1 ]
		grep -qE "nc-lite: out: the .part has [0-9]+ bytes now, not 100000 \(--size\); incomplete: " listen.err
		[ ! -e out ]
		head -c 50000 out.part | cmp - <(head -c 50000 in)
	done
	listen --resume --size 100000 --out out
	command_for in
	run -2 nc "${given[@]}" 127.0.0.1 "$port"
	broken 50000
}

@test "a .part that somebody changed since it was hashed is not continued" {
	random 100000 in
	local change
	for change in "truncate -s 40000" "truncate -s 60000" "touch" "rm" "cp in"; do
		broken 50000
		touch -d yesterday out.part
		listen --resume --out out
		command_for in
		$change out.part
		run -1 nc "${given[@]}" 127.0.0.1 "$port"
		wait_exit "$pid"
		[ "$status" -eq 2 ]
		grep -q 'out: somebody has changed or replaced the .part' listen.err
		[ ! -e out ]
	done
}

@test "a listening sender sends of no file but the one that it has checked" {
	random 100000 in
	broken 50000
	local change
	for change in "truncate -s 40000 from" "mv other from"; do
		cp in from
		random 100000 other
		listen --in from --offset 50000 --prefix "sha256:$(sha out.part)"
		$change
		run -1 nc --resume --out out 127.0.0.1 "$port"
		wait_exit "$pid"
		[ "$status" -eq 2 ]
		grep -qF "nc-lite: 'from' is no longer the file it was (--offset)" listen.err
		[ ! -e out ]
	done
	[ "$(stat -c %s out.part)" -eq 50000 ]
}

@test "who replaces a file can resume, whoever's it was and whatever its mode" {
	random 100000 in
	echo old >out
	chmod 444 out
	((EUID != 0)) || chown 65534:65534 out
	listen --out out
	client --in in --limit-rate 50K 127.0.0.1 "$port"
	until_true has out.part 10000
	kill -KILL "$(jobs -pr | head -n 1)"
	wait_exit "$pid"
	[ "$(stat -c '%u %a' out.part)" = "$EUID 600" ]
	listen --resume --out out
	command_for in
	[[ "${given[*]}" == *--offset* ]]
	nc "${given[@]}" 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in out
	[ "$(stat -c %a out)" = 444 ]
	((EUID != 0)) || [ "$(stat -c %u:%g out)" = 65534:65534 ]
}

@test "without --resume it is said in time that an older .part will go" {
	random 100000 in
	broken 50000
	listen --out out
	[ "$(head -n 1 listen.err)" = "nc-lite: 'out.part' (50000 bytes) of an earlier run will be replaced; --resume continues it" ]
	kill "$pid"
	wait_exit "$pid"
	same out.part <(head -c 50000 in)
	: >out.part
	listen --out out
	run ! grep -q replaced listen.err
}

@test "--offset alone needs no hash, and so no OpenSSL" {
	random 100000 in
	broken 50000
	need strace
	listen --resume --out out
	run -0 bounded strace -f -e trace=openat -o trace "$NC_LITE" --in in --offset 50000 127.0.0.1 "$port"
	wait_exit "$pid"
	same in out
	run ! grep crypto trace
}

@test "the command that is printed names the key, and is one sh(1) can read" {
	random 100000 in
	broken 50000
	nc --psk-new key
	listen -c --psk key --resume --out out
	grep -qE "^nc-lite -c --psk FILE [^ ]+ $port --in FILE --offset 50000 " listen.err
	end_all
	start path "$NC_LITE" -lvU --resume --out out "it's a path"
	wait_for_line path.err Listening
	eval "set -- $(grep '^nc-lite -U' path.err)"
	[ "$3" = "it's a path" ]
	[ "$5" = FILE ]
	shift 5
	nc -U "it's a path" --in in "$@"
	wait_exit "$pid"
	same in out
}

@test "a client resumes, too: what the listening sender needs is said" {
	random 100000 in
	broken 40000
	listen --in in --offset 40000 --prefix "sha256:$(head -c 40000 in | sha)"
	run -0 nc --resume --out out 127.0.0.1 "$port"
	[ "$output" = "nc-lite: 40000 bytes of 'out' are already here; the sender needs --in FILE --offset 40000 --prefix sha256:$(head -c 40000 in | sha)" ]
	same in out
}

@test "progress counts what was there, on both sides" {
	random 4M in
	broken 3M
	listen --progress --resume --size 4M --out out
	command_for in
	run -0 nc --progress "${given[@]}" 127.0.0.1 "$port"
	[[ $output == "100%  sent 4.00 MiB  in 0:0"* ]]
	wait_exit "$pid"
	grep -q '^100%  got 4.00 MiB  in 0:0' listen.err
}

@test "a full disk, more room, and on it goes" {
	private
	mkdir disk
	"${inside[@]}" mount -t tmpfs -o size=1M tmpfs "$PWD/disk" ||
	    skip "needs mount"
	random 3000000 in
	listen --out disk/out
	run -1 nc --in in 127.0.0.1 "$port"
	wait_exit "$pid"
	"${inside[@]}" mount -o remount,size=8M "$PWD/disk"
	listen --resume --out disk/out
	command_for in
	nc "${given[@]}" 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$("${inside[@]}" sha256sum "$PWD/disk/out" | cut -c -64)" = "$(sha in)" ]
}

@test "--sparse: zeros become holes, wherever they begin, and the end is there" {
	local shm=/dev/shm
	[ -w "$shm" ] || shm=$PWD
	shm=$(mktemp -d "$shm/nc-lite-test.XXXXXX")
	random 100001 "$shm/in"
	truncate -s 20M "$shm/in"
	printf x >>"$shm/in"
	truncate -s +5M "$shm/in"
	listen --sparse --out "$shm/out"
	nc --in "$shm/in" 127.0.0.1 "$port"
	wait_exit "$pid"
	cmp "$shm/in" "$shm/out" && echo same >result
	stat -c %b "$shm/out" >blocks
	rm -r "$shm"
	[ "$(<result)" = same ]
	(($(<blocks) < 500))
}

@test "--sparse: a hole at the end is there although the receiver is killed" {
	truncate -s 3M in
	listen --sparse --out out
	client --in in --limit-rate 2M 127.0.0.1 "$port"
	until_true has out.part 100000
	kill -KILL "$(jobs -pr | head -n 1)"
	wait_exit "$pid"
	has out.part 100000
	[ "$(stat -c %b out.part)" -eq 0 ]
}

@test "--sparse and --resume: what was a hole is there" {
	truncate -s 3M in
	random 100 tail
	cat tail >>in
	listen --sparse --out out
	client --in in --limit-rate 2M 127.0.0.1 "$port"
	until_true test -e out.part
	sleep 0.3
	kill "$pid"
	wait_exit "$(jobs -pr | head -n 1)"
	has out.part 100000
	listen --sparse --resume --out out
	command_for in
	nc "${given[@]}" 127.0.0.1 "$port"
	wait_exit "$pid"
	same in out
}
