#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# Zero copy: every pair of source and sink gives the same bytes, and a splice
# that fails anywhere costs none.

load helper

setup_file() {
	random 3M "$BATS_FILE_TMPDIR/some"
	export SOME=$BATS_FILE_TMPDIR/some
}

# feed SOURCE FILE CMD...: CMD with FILE as its stdin, by way of SOURCE.
feed() {
	local source=$1 file=$2
	shift 2
	case $source in
	file) "$@" <"$file" ;;
	pipe) "$@" < <(cat "$file") ;;
	fifo)
		mkfifo feed
		cat "$file" >feed 3>&- &
		"$@" <feed
		;;
	esac
}

# sink SINK ARGS...: a listener whose stdout is of that kind; the bytes end up
# in the file got.  Sets $pid and $port, and $last for what writes got.
sink() {
	local kind=$1
	shift
	last=
	case $kind in
	file) out=got listen "$@" </dev/null ;;
	append)
		printf head >got
		serve listen bash -c 'exec "$0" "$@" >>got' "$NC_LITE" -lv 0 \
		    </dev/null
		;;
	pipe | fifo)
		mkfifo drain
		cat <drain >got 3>&- &
		last=$!
		out=drain listen "$@" </dev/null
		;;
	esac
}

# pair SOURCE SINK FILE: FILE goes from the one to the other.
pair() {
	rm -f feed drain got
	sink "$2"
	feed "$1" "$3" nc 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ -z "$last" ] || wait_exit "$last"
	[ "$2" != append ] || { tail -c +5 got >rest && mv rest got; }
	same "$3" got
}

every_size() {
	local size
	for size in 0 1 4096 65536 65537 300000 3145728; do
		head -c "$size" "$SOME" >in
		pair "$1" "$2" in
	done
}

@test "a file to a file, at every size" { every_size file file; }
@test "a file to a file that is appended to, at every size" { every_size file append; }
@test "a file to a pipe, at every size" { every_size file pipe; }
@test "a pipe to a file, at every size" { every_size pipe file; }
@test "a pipe to a file that is appended to, at every size" { every_size pipe append; }
@test "a pipe to a pipe, at every size" { every_size pipe pipe; }
@test "a FIFO to a pipe, at every size" { every_size fifo pipe; }

@test "a file to a file over a UNIX socket" {
	serve listen "$NC_LITE" -lvU "$PWD/socket" </dev/null >/dev/null || :
	wait_for_line listen.err Listening
	nc -U "$PWD/socket" <"$SOME"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same "$SOME" listen.out
}

# broken END ERROR: splice fails with ERROR at its n-th call at one end; each
# n from 1 to 20 in turn, of a file to a pipe.
broken() {
	local n inject
	need strace
	for n in 1 2 3 4 5 6 7 8 10 12 14 16 18 20; do
		inject=(strace -f -o trace -e "inject=splice:error=$2:when=$n")
		rm -f drain got
		mkfifo drain
		cat <drain >got 3>&- &
		last=$!
		if [ "$1" = receiver ]; then
			out=drain ASAN_OPTIONS=detect_leaks=0 serve listen \
			    "${inject[@]}" "$NC_LITE" -lv 0 </dev/null
			nc 127.0.0.1 "$port" <"$SOME"
		else
			out=drain listen </dev/null
			ASAN_OPTIONS=detect_leaks=0 bounded "${inject[@]}" \
			    "$NC_LITE" 127.0.0.1 "$port" <"$SOME"
		fi
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		wait_exit "$last"
		same "$SOME" got
	done
}

@test "EINVAL from the sender's splice, at any call, costs no byte" { broken sender EINVAL; }
@test "EAGAIN from the sender's splice, at any call, costs no byte" { broken sender EAGAIN; }
@test "EINTR from the sender's splice, at any call, costs no byte" { broken sender EINTR; }
@test "ENOMEM from the sender's splice, at any call, costs no byte" { broken sender ENOMEM; }
@test "EINVAL from the receiver's splice, at any call, costs no byte" { broken receiver EINVAL; }
@test "EAGAIN from the receiver's splice, at any call, costs no byte" { broken receiver EAGAIN; }
@test "EINTR from the receiver's splice, at any call, costs no byte" { broken receiver EINTR; }
@test "ENOMEM from the receiver's splice, at any call, costs no byte" { broken receiver ENOMEM; }

@test "bytes in our own pipe are read back when the sink cannot be spliced to" {
	local n
	need strace
	for n in 2 4 6; do
		out=got ASAN_OPTIONS=detect_leaks=0 serve listen strace -f \
		    -o trace -e "inject=splice:error=EINVAL:when=$n" \
		    "$NC_LITE" -lv 0 </dev/null
		nc 127.0.0.1 "$port" <"$SOME"
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		same "$SOME" got
	done
}

# hashed CALL ERROR N: the N-th CALL of a receiver that computes a digest fails;
# neither the bytes nor the digest miss or repeat any.
hashed() {
	out=got ASAN_OPTIONS=detect_leaks=0 serve listen strace -f -o trace \
	    -e "inject=$1:error=$2:when=$3" -e "inject=read:delay_enter=${4-0}" \
	    "$NC_LITE" -lv --digest 0 </dev/null
	nc 127.0.0.1 "$port" <"$SOME"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	grep -q INJECTED trace
	same "$SOME" got
	grep -qxF "$(sha256sum <"$SOME")" listen.err
}

@test "bytes a digest has got by tee are not hashed again when splice then fails" {
	unset NC_LITE_COPY
	local n
	need strace
	for n in 1 2 3 4 5 6; do
		hashed splice EINVAL "$n"
	done
	# A slow hash has room for a part of what our pipe holds.
	for n in 2 3 4 5; do
		hashed splice EINVAL "$n" 20000
	done
	hashed splice EAGAIN 2+2
	hashed splice EINTR 2+2
}

@test "a digest that cannot be fed by tee gets its bytes by copy" {
	unset NC_LITE_COPY
	need strace
	hashed tee EINVAL 1
	hashed tee ENOMEM 2
	hashed tee EAGAIN 1+2
	hashed tee EINTR 1+2
}

@test "a file is sent from its offset" {
	tail -c +101 "$SOME" >rest
	out=got listen </dev/null
	(
		dd bs=100 count=1 of=/dev/null status=none
		nc 127.0.0.1 "$port"
	) <"$SOME"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same rest got
}

@test "a sparse file arrives as its zeros" {
	truncate -s 64M in
	printf end >>in
	out=got listen </dev/null
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in got
}

@test "a file that is truncated while it is sent is an error, exit 2" {
	truncate -s 256M in
	peer pause 2 readall
	client 127.0.0.1 "$port" <in
	until_true has_begun "$pid"
	truncate -s 32M in
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -q '^nc-lite: stdin: the file shrank from 268435456 to 33554432 bytes' \
	    client.err
}

has_begun() {
	[ "$(awk '/^pos/ { print $2 }' "/proc/$1/fdinfo/0")" -gt 0 ]
}

@test "a file that grows while it is sent arrives to its end of then" {
	local n
	cp "$SOME" in
	out=got listen </dev/null
	for n in 1 2 3 4 5; do
		cat "$SOME" >>in
	done 3>&- &
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(stat -c %s got)" -ge 3145728 ]
	cmp -n "$(stat -c %s got)" in got
}

@test "a block of zeros comes from /dev/zero as from a file" {
	out=got listen </dev/null
	head -c 1000000 /dev/zero >in
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	same in got
}

# device FILE: FILE as a block device, open as $device until that is closed.
device() {
	local name
	name=$(losetup -f --show "$1" 2>losetup.err) ||
	    skip "needs loop devices: $(<losetup.err)"
	exec {device}<>"$name"
	losetup -d "$name"
}

@test "a disk is sent, written to a disk, and too much for it is an error" {
	need losetup strace
	random 3M from
	head -c 3M /dev/zero >to
	device to
	local disk=/proc/self/fd/$device
	out=$disk serve listen strace -qqo trace -e trace=fsync "$NC_LITE" \
	    "${with[@]}" -lv 127.0.0.1 0
	device from
	nc --progress 127.0.0.1 "$port" <&"$device" 2>shown
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same from "$disk"
	grep -q '^fsync(1) .*= 0$' trace
	grep -q '^100%' shown

	cat "$SOME" "$SOME" >twice
	out=$disk listen
	run nc 127.0.0.1 "$port" <twice
	[ "$status" -eq 1 ]
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -q 'stdout: No space left on device; incomplete' listen.err
}

@test "pipes we were given stay usable for others" {
	mkfifo drain
	cat <drain >got 3>&- &
	last=$!
	exec 7>drain
	out=/dev/fd/7 listen </dev/null
	nc 127.0.0.1 "$port" <"$SOME"
	wait_exit "$pid"
	printf tail >&7
	exec 7>&-
	wait_exit "$last"
	(cat "$SOME" && printf tail) | cmp - got
}

@test "without splice the bytes are the same" {
	local source sink
	export NC_LITE_COPY=1
	for source in file pipe; do
		for sink in file pipe; do
			pair $source $sink "$SOME"
		done
	done
}

@test "zero copy is really used: few bytes pass through user space" {
	unset NC_LITE_COPY
	need strace
	listen </dev/null >/dev/null
	ASAN_OPTIONS=detect_leaks=0 bounded strace -f -o trace \
	    -e trace=read,write,splice "$NC_LITE" 127.0.0.1 "$port" <"$SOME"
	wait_exit "$pid"
	grep -q splice trace
	[ "$(awk '/ write\(3/ { n += $NF } END { print n + 0 }' trace)" -lt 400000 ]
}
