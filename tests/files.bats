#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# Files by name: --in and --out in the places of stdin and stdout, --output and
# --hex-dump beside them.

load helper

# tiny_disk SIZE: a file system of that size in ./disk, for this test's programs.
tiny_disk() {
	private
	mkdir disk
	"${inside[@]}" mount -t tmpfs -o size="$1" tmpfs "$PWD/disk" ||
	    skip "needs mount"
}

@test "--in and --out: a complete transfer has its name, and no .part" {
	random 3000000 in
	listen --out out
	nc --in in 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in out
	[ ! -e out.part ]
	[ ! -s listen.out ]
}

@test "the name is there before the sender is told that all has arrived" {
	local i
	for i in {1..10}; do
		listen --out "out$i"
		nc 127.0.0.1 "$port" <<<"$i"
		[ "$(<"out$i")" = "$i" ]
	done
}

@test "until a peer is there, there is no .part, and an older one is left alone" {
	closed_port
	run -1 nc --out out 127.0.0.1 "$port"
	[ ! -e out.part ]
	echo older >out.part
	run -1 nc --out out 127.0.0.1 "$port"
	listen --out out
	[ "$(<out.part)" = older ]
	nc 127.0.0.1 "$port" <<<new
	wait_exit "$pid"
	[ "$(<out)" = new ]
	[ ! -e out.part ]
}

@test "the file is synced, then named, then its folder synced, then our end said" {
	need strace
	ASAN_OPTIONS=detect_leaks=0 serve listen strace -f -o trace -e \
	    trace=fsync,rename,renameat,shutdown "$NC_LITE" -lv --out out 0
	nc 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	# It is in a thread that the disk is waited for.
	[ "$(grep ' = 0$' trace | grep -oE 'fsync|rename|shutdown' |
	    tr '\n' ' ')" = \
	    "fsync rename fsync shutdown " ]
}

@test "a new file has the rights umask leaves, one that replaces another its own" {
	(
		umask 027
		listen --out out
		nc 127.0.0.1 "$port" <<<new
		wait_exit "$pid"
		[ "$(stat -c %a out)" = 640 ]
	)
	chmod 604 out
	listen --out out
	nc 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	[ "$(<out)" = hello ]
	[ "$(stat -c %a out)" = 604 ]
}

@test "a link goes on leading to the file" {
	mkdir there
	echo old >there/file
	ln -s there/file link
	listen --out link
	nc 127.0.0.1 "$port" <<<new
	wait_exit "$pid"
	[ -L link ]
	[ "$(<there/file)" = new ]
}

@test "two runs that receive the same file: each has a .part of its own" {
	idle_pipe
	listen --out out
	local first=$pid
	client 127.0.0.1 "$port" <&"$idle"
	echo first >&"$tap"
	until_true has out.part 6
	as=second listen --out out
	as=other client 127.0.0.1 "$port" < <(echo second; sleep 20)
	until_true compgen -G 'out.??????.part'
	local part=(out.??????.part)
	until_true has "${part[0]}" 7
	kill -KILL "$pid"
	kill "$IDLE_PID"
	wait_exit "$first"
	[ "$status" -eq 0 ]
	[ "$(<out)" = first ]
	[ "$(<"${part[0]}")" = second ]
}

@test "who has a file open since before it was complete cannot change it" {
	echo older >out.part
	exec 8<>out.part
	listen --out out
	nc 127.0.0.1 "$port" <<<new
	wait_exit "$pid"
	echo CHANGED >&8
	exec 8>&-
	[ "$(<out)" = new ]
}

@test "what has the name of the .part is neither followed nor waited for" {
	echo mine >other
	local kind
	for kind in "ln -s other" mkfifo mkdir; do
		rm -rf out out.part
		$kind out.part
		listen --out out
		nc 127.0.0.1 "$port" <<<new
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		[ "$(<out)" = new ]
		[ -e out.part ]
	done
	[ "$(<other)" = mine ]
	[ "$(echo out.*)" = out.part ]
}

@test "a .part of somebody else is not used" {
	((EUID == 0)) || skip "needs root"
	echo theirs >out.part
	chown 65534 out.part
	listen --out out
	nc 127.0.0.1 "$port" <<<new
	wait_exit "$pid"
	[ "$(<out)" = new ]
	[ "$(stat -c %u out)" -eq 0 ]
	[ "$(<out.part)" = theirs ]
}

@test "a link that leads nowhere yet is followed" {
	mkdir there
	ln -s there/file link
	ln -s "$PWD/link" again
	listen --out again
	nc 127.0.0.1 "$port" <<<new
	wait_exit "$pid"
	[ -L link ]
	[ -L again ]
	[ "$(<there/file)" = new ]
	ln -s loop loop
	run -2 nc --out loop 127.0.0.1 1
	[[ $output == *"Too many levels"* ]]
}

@test "where the owner cannot be given, the rights are, and to no other group" {
	((EUID == 0)) || skip "needs root"
	need setpriv
	mkdir box
	echo old >box/out
	chmod 664 box/out
	chown 65534:65534 box
	chmod 711 . ..
	local mode
	for mode in 604:604 664:644 640:600; do
		rm -f box/out
		echo old >box/out
		chmod "${mode%:*}" box/out
		serve listen setpriv --reuid 65534 --regid 65534 \
		    --clear-groups sh -c 'umask 077; exec "$@"' sh \
		    "$NC_LITE" -lv --out box/out 0 || skip "cannot run it so"
		nc 127.0.0.1 "$port" <<<new
		wait_exit "$pid"
		[ "$(<box/out)" = new ]
		[ "$(stat -c %a box/out)" = "${mode#*:}" ]
	done
}

@test "a port scan is no transfer: the file stays, the listener goes on" {
	local end
	for end in "pause 0" reset; do
		echo old >out
		listen --out out
		# shellcheck disable=SC2086
		visit $end
		nc -z 127.0.0.1 "$port"
		[ "$(<out)" = old ]
		[ ! -e out.part ]
		nc 127.0.0.1 "$port" <<<new
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		[ "$(<out)" = new ]
		grep -q 'nothing was received (--allow-empty' listen.err
	done
}

@test "who sends an empty file is told that it was not taken" {
	listen --out out
	run -1 nc -N 127.0.0.1 "$port" < <(:)
	[[ $output == *"reset by peer; incomplete"* ]]
	[ ! -e out ]
}

@test "--allow-empty takes nothing as an empty file" {
	echo old >out
	listen --allow-empty --out out
	nc -N 127.0.0.1 "$port" < <(:)
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ -e out ]
	[ ! -s out ]
	run -2 nc --allow-empty 127.0.0.1 1
}

@test "a client that receives nothing for --out: exit 1, one line, the old file" {
	echo old >out
	peer fin readall
	run -1 nc --out out 127.0.0.1 "$port" </dev/null
	[ "$output" = "nc-lite: nothing was received (--allow-empty accepts that)" ]
	[ "$(<out)" = old ]
	peer fin readall
	run -0 nc --allow-empty --out out 127.0.0.1 "$port" </dev/null
	[ ! -s out ]
}

@test "without /dev/null a receiver is as good, with its files closed or not" {
	private
	"${inside[@]}" mount -t tmpfs tmpfs /dev || skip "needs mount"
	random 100000 in
	listen <in
	nc 127.0.0.1 "$port" <in >got
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in listen.out
	same in got
	listen
	blind "${inside[@]}" "$NC_LITE" --in in 127.0.0.1 "$port"
	wait_exit "$pid"
	same in listen.out
	# No socket is taken for a stdout that was closed.
	peer say hello readall
	run -2 bounded "${inside[@]}" sh -c 'exec "$@" >&-' sh "$NC_LITE" \
	    127.0.0.1 "$port" </dev/null
	[[ $output == "nc-lite: stdout: Bad file descriptor; incomplete"* ]]
}

@test "a .part that was taken away and replaced does not get the name" {
	echo old >out
	listen --out out
	client 127.0.0.1 "$port" < <(echo hello; sleep 1)
	until_true has out.part 6
	mv out.part away
	echo wrong >out.part
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[ "$(<out)" = old ]
	wait_for_line listen.err 'somebody has changed or replaced the .part; incomplete'
}

@test "a named pipe that was not completed is told by its name" {
	mkfifo pipe
	exec {reader}<>pipe
	peer say hello readall
	run -1 nc -q 0.3 --out pipe 127.0.0.1 "$port" <<<question
	[ "$output" = "nc-lite: the peer has not ended; the data is in 'pipe'" ]
}

@test "a sync that takes longer than -q and -w is waited for" {
	need strace
	peer say hello fin readall
	ASAN_OPTIONS=detect_leaks=0 bound=20 run -0 bounded strace -f -qq -o trace \
	    -e inject=fsync:delay_enter=1000000 "$NC_LITE" -q 0.3 -w 0.7 \
	    --out out 127.0.0.1 "$port" <<<question
	[ "$(<out)" = hello ]
}

@test "a sync that fails: exit 2, and the sender sees an abort" {
	need strace
	echo old >out
	ASAN_OPTIONS=detect_leaks=0 serve listen strace -f -o trace -e \
	    inject=fsync:error=EIO "$NC_LITE" -lv --out out 0
	run -1 nc 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -q '^nc-lite: out: Input/output error; incomplete' listen.err
	[ "$(<out)" = old ]
}

# disk SIZE ROOM: a block device of that size on a file system with that room,
# in $disk; tear it down by its name.
disk() {
	((EUID == 0)) || skip "needs root"
	need losetup
	mkdir back
	mount -t tmpfs -o size="$2" tmpfs back 2>/dev/null || skip "needs mount"
	truncate -s "$1" back/image
	disk=$(losetup -f --show back/image 2>/dev/null) || {
		umount back
		skip "needs a loop device"
	}
}

undisk() {
	losetup -d "$disk" || :
	umount -l back || :
}

@test "a disk that fails late is found out before the sender is told" {
	disk 64M 4M
	random 24M in
	bounded true
	local how
	for how in --out stdout; do
		case $how in
		--out) listen --out "$disk" ;;
		stdout) out=$disk listen ;;
		esac
		status=0
		nc 127.0.0.1 "$port" <in 2>err || status=$?
		echo "$how: sender $status" >>result
		wait_exit "$pid"
		echo "$how: receiver $status" >>result
	done
	undisk
	[ "$(<result)" = "--out: sender 1
--out: receiver 2
stdout: sender 1
stdout: receiver 2" ]
}

@test "an image that the disk cannot hold is refused where its size is known" {
	disk 1M 4M
	status=0
	bounded "$NC_LITE" -l --out "$disk" --size 2M 0 2>err || status=$?
	local refused=$status
	random 1M in
	listen --out "$disk" --size 1M
	nc 127.0.0.1 "$port" --progress --in "$disk" 2>progress || :
	wait_exit "$pid" || :
	undisk
	[ "$refused" -eq 2 ]
	[ "$status" -eq 0 ]
	grep -qx "nc-lite: '/dev/loop[0-9]*' has 1048576 bytes, less than 2097152 (--size)" err
	grep -q '^100%  sent 1.00 MiB' progress
}

@test "an older file stays until the new one is complete" {
	echo old >out
	listen --out out
	client 127.0.0.1 "$port" </dev/zero
	until_true has out.part 100000
	[ "$(<out)" = old ]
	kill -KILL "$pid"
	wait_exit "$(jobs -pr | head -n 1)"
	[ "$status" -eq 1 ]
	[ "$(<out)" = old ]
	has out.part 100000
}

@test "a reset that comes while we hold back is no end of the file" {
	echo old >out
	listen --out out --limit-rate-in 20k
	visit send 20000 reset
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	grep -q 'reset by peer; incomplete' listen.err
	[ "$(<out)" = old ]
}

@test "a receiver that is killed leaves the .part alone" {
	listen --out out
	local receiver=$pid
	client 127.0.0.1 "$port" </dev/zero
	until_true has out.part 100000
	kill -KILL "$receiver"
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[ -e out.part ]
	[ ! -e out ]
}

@test "a full disk: exit 2, the .part stays, the sender sees an abort" {
	tiny_disk 1M
	random 3000000 in
	listen --out disk/out
	run -1 nc 127.0.0.1 "$port" <in
	[[ $output =~ "peer: "(Connection\ reset\ by\ peer|Broken\ pipe)"; incomplete" ]]
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -q 'disk/out: No space left on device; incomplete' listen.err
	"${inside[@]}" test -e "$PWD/disk/out.part" -a ! -e "$PWD/disk/out"
}

@test "a wrong digest leaves the .part" {
	listen --out out --expect-digest "$(sha <<<other)"
	run -1 nc 127.0.0.1 "$port" <<<this
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[ "$(<out.part)" = this ]
	[ ! -e out ]
}

@test "-q that ends before the peer: not complete, exit 3" {
	peer say half pause 3
	run -3 nc -q 0.3 --out out 127.0.0.1 "$port" < <(:)
	[[ $output == *"timeout after the end of input (-q); incomplete"* ]]
	[ "$(<out.part)" = half ]
	[ ! -e out ]
}

@test "a device is written as it is" {
	mkfifo fifo
	start reader cat fifo
	local reader=$pid
	listen --out fifo
	nc 127.0.0.1 "$port" <<<hello
	wait_exit "$reader"
	[ "$(<reader.out)" = hello ]
	[ -p fifo ]
	listen --out /dev/full
	run -1 nc 127.0.0.1 "$port" <<<hello
	[ -c /dev/full ]
	[ ! -e /dev/full.part ]
}

@test "--in with -k: each peer gets all of the file" {
	random 300000 in
	listen -k --in in
	local i
	for i in 1 2 3; do
		nc 127.0.0.1 "$port" </dev/null >"out$i"
		same in "out$i"
	done
}

@test "--in - and --out - are stdin and stdout" {
	listen --out -
	nc --in - 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	[ "$(<listen.out)" = hello ]
	[ ! -e - ]
}

@test "a file that cannot be opened is told before anybody connects" {
	local option
	for option in --in --out --output --hex-dump; do
		run -2 nc "$option" none/file 127.0.0.1 1
		[[ $output == "nc-lite: cannot open 'none/file"* ]]
		run -2 nc "$option" . 127.0.0.1 1
		[ "$output" = "nc-lite: cannot open '.': Is a directory" ]
		run -2 nc "$option" '' 127.0.0.1 1
		[[ $output == "nc-lite: cannot open '': No such"* ]]
	done
}

@test "5 GiB of a hole through --in and --out /dev/null take no time" {
	local hole
	hole=$(mktemp "$([ -w /dev/shm ] && echo /dev/shm || echo .)/hole.XXXXXX")
	truncate -s 5G "$hole"
	listen -v --out /dev/null
	bound=20 nc --in "$hole" 127.0.0.1 "$port"
	rm "$hole"
	wait_exit "$pid"
	grep -q ' 5368709120 bytes received' listen.err
}

@test "--output has what is received, as well as stdout" {
	random 300000 in
	echo before >log
	listen --output log
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	same in log
	same in listen.out
	listen --output log --append
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	cat in in | cmp - log
}

@test "--output with -k has what all peers sent" {
	local i
	listen -k --output log
	for i in 1 2 3; do
		nc 127.0.0.1 "$port" <<<"$i"
	done
	[ "$(<log)" = $'1\n2\n3' ]
}

@test "--output - is stderr" {
	peer readall say hello
	run --separate-stderr nc --output - 127.0.0.1 "$port" <<<x
	[ "$stderr" = hello ]
	[ "$output" = hello ]
}

@test "the hex dump of each direction is read back by xxd -r" {
	need xxd
	random 300007 in
	random 70001 answer
	listen --hex-dump theirs <answer
	nc --hex-dump ours 127.0.0.1 "$port" <in >out
	wait_exit "$pid"
	sed -n 's/^> //p' ours | xxd -r | cmp - in
	sed -n 's/^< //p' ours | xxd -r | cmp - answer
	sed -n 's/^< //p' theirs | xxd -r | cmp - in
	same answer out
}

@test "the hex dump has time, direction, size, offset and text" {
	peer read 6 say 'a\0~\377' readall
	nc --hex-dump dump 127.0.0.1 "$port" <<<hello >out
	sed 's/^# ....-..-..T..:..:..\.......Z /# TIME /' dump | diff - <(
		printf '%s\n' '# TIME > 6 bytes' '> 00000000  68 65 6c 6c 6f 0a                                |hello.|' \
		    '# TIME < 4 bytes' '< 00000000  61 00 7e ff                                      |a.~.|')
}

@test "a full log is an error, and the peer sees an abort" {
	local option
	for option in --output --hex-dump; do
		listen "$option" /dev/full
		run -1 nc 127.0.0.1 "$port" <<<hello
		wait_exit "$pid"
		[ "$status" -eq 2 ]
		grep -q '^nc-lite: /dev/full: No space left on device; incomplete' \
		    listen.err
	done
}

@test "--out DIR/: each peer has a file of its own, complete or a .part" {
	mkdir dir
	listen -k --digest --out dir/
	local server=$pid i
	for i in 1 2 3; do
		echo "$i" | nc 127.0.0.1 "$port" &
	done
	wait %2 %3 %4
	nc -z 127.0.0.1 "$port"
	client 127.0.0.1 "$port" < <(echo broken; sleep 20)
	until_true compgen -G 'dir/*.part'
	until_true has dir/*.part 7
	kill -KILL "$pid"
	wait_for_line listen.err 'reset by peer; incomplete'
	[ "$(cat dir/*[0-9] | sort)" = $'1\n2\n3' ]
	[ "$(cat dir/*.part)" = broken ]
	local files=(dir/*)
	[ "${#files[@]}" -eq 4 ]
	[[ ${files[0]} =~ ^dir/[0-9]{8}T[0-9]{6}\.[0-9]{3}Z-127\.0\.0\.1-[0-9]+ ]]
	(cd dir && grep -E '^[0-9a-f]{64}  ' ../listen.err | sha256sum -c)
	kill "$server"
}

# gathered DIR TEXT: that is what its whole files have.
gathered() {
	[ "$(cat "$1"/*[0-9])" = "$2" ]
}

@test "--out DIR/ and --in with -k: each peer gets the file, and gives one" {
	mkdir dir
	random 300000 in
	listen -k --in in --out dir/
	local i
	for i in 1 2; do
		nc 127.0.0.1 "$port" <<<"$i" >got
		same in got
	done
	# A client that has all is not told when the other way's file is named.
	until_true gathered dir $'1\n2'
	run -2 nc -l --out none/ 0
	[[ $output == "nc-lite: cannot open 'none/': No such"* ]]
}

@test "--output and --hex-dump stay as they are when the connect fails" {
	local option
	closed_port
	echo before >log
	for option in --output --hex-dump; do
		run -1 nc "$option" log 127.0.0.1 "$port"
		[ "$(<log)" = before ]
	done
}

# stalled: a FIFO that is full and that nobody reads, on descriptor 7.
stalled() {
	mkfifo stalled
	exec 7<>stalled
	dd if=/dev/zero bs=4096 count=16 status=none >&7
}

@test "a log that nobody reads does not stop --timeout, -w or the end" {
	stalled
	random 3M in
	local limit option
	for option in --output --hex-dump; do
		for limit in --timeout -w; do
			listen
			SECONDS=0
			run -3 nc "$option" stalled "$limit" 0.5 127.0.0.1 \
			    "$port" < <(cat in; sleep 20)
			((SECONDS < 5))
			end_all
		done
	done
}

@test "a log whose reader is slow gets every byte, and slows the transfer" {
	local option
	random 3M in
	mkfifo log
	for option in --output --hex-dump; do
		start reader sh -c 'exec <log; sleep 1; exec cat'
		local reader=$pid
		listen "$option" log
		nc 127.0.0.1 "$port" <in
		wait_exit "$pid"
		[ "$status" -eq 0 ]
		same in listen.out
		wait_exit "$reader"
		[ "$option" = --hex-dump ] || same in reader.out
	done
	sed -n 's/^< //p' reader.out | xxd -r | cmp - in
}

@test "messages that nobody reads do not stop --timeout, a transfer or -k" {
	stalled
	random 3M in
	listen
	SECONDS=0
	run -3 bounded sh -c 'exec "$@" 2>&7' sh "$NC_LITE" -vvv --hex-dump - \
	    --timeout 0.5 127.0.0.1 "$port" < <(cat in; sleep 20)
	((SECONDS < 5))
	wait_exit "$pid"
	local i
	listen -k
	for i in {1..150}; do
		echo "$i"
	done >lines
	bounded sh -c 'exec "$@" 2>&7' sh "$NC_LITE" -vvv --digest 127.0.0.1 \
	    "$port" <lines
	kill "$pid"
	same lines listen.out
}

@test "messages that had no room wait for who reads again" {
	stalled
	listen
	bounded sh -c 'exec "$@" 2>&7' sh "$NC_LITE" -vvv 127.0.0.1 "$port" \
	    < <(sleep 1) &
	local ours=$!
	sleep 0.5
	head -c 65536 <&7 >/dev/null
	wait "$ours"
	timeout 1 cat <&7 >got || :
	grep -q '^nc-lite: .*send: open -> drain' got
}

@test "what cannot go together is refused" {
	run -2 nc -lk --out x 0
	run -2 nc -u --out x 127.0.0.1 1
	run -2 nc --in x -d 127.0.0.1 1
	run -2 nc --in x --exec cat 127.0.0.1 1
	run -2 nc --append 127.0.0.1 1
	[ ! -e x.part ]
}

@test "an --out that cannot be opened is an error, and no reason to wait" {
	need strace
	serve listen strace -qqo trace -e trace=openat -P "$PWD" \
	    -e inject=openat:error=EINTR:when=2 "$NC_LITE" -dlv \
	    --out "$PWD/got" 127.0.0.1 0 </dev/null
	bound=10 run ! nc 127.0.0.1 "$port" <<<hello
	wait_exit "$pid" 10
	[ "$status" -eq 2 ]
	grep -q 'Interrupted system call' listen.err
}
