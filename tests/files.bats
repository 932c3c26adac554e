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
	    trace=fsync,rename,shutdown "$NC_LITE" -lv --out out 0
	nc 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	[ "$(grep -oE 'fsync|rename|shutdown' trace | tr '\n' ' ')" = \
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
	client 127.0.0.1 "$port" < <(echo hello; sleep 10)
	until_true has out.part 6
	[ "$(stat -c %a out.part)" = 604 ]
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

@test "two runs do not write the same file" {
	listen --out out
	client 127.0.0.1 "$port" </dev/zero
	until_true has out.part 100000
	run -2 nc -l --out out 0
	[[ $output == "nc-lite: cannot open '"*"/out.part': "*busy ]] ||
	    [[ $output == "nc-lite: cannot open 'out.part': "*busy ]]
}

@test "a link in the place of the .part is not followed" {
	echo mine >other
	ln -s other out.part
	run -2 nc -l --out out 0
	[ "$(<other)" = mine ]
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
	[[ $output == *"(-q) is over; incomplete"* ]]
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

@test "what cannot go together is refused" {
	run -2 nc -lk --out x 0
	run -2 nc -u --out x 127.0.0.1 1
	run -2 nc --in x -d 127.0.0.1 1
	run -2 nc --in x --exec cat 127.0.0.1 1
	run -2 nc --append 127.0.0.1 1
	[ ! -e x.part ]
}
