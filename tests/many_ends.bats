#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# How the many peers of one listener (-k) end: killed, in want of something, with
# a command that fails; and what is left of them. NC_LITE_FULL=1 runs the larger
# numbers, which take minutes.
load helper
load tls_certs

# many WHAT ARGS...: peers/many.py, bounded.
many() {
	bounded /usr/bin/python3 "$PEERS/many.py" "$@"
}

# full LARGE SMALL: which of the numbers it is.
full() {
	if [ -n "${NC_LITE_FULL-}" ]; then echo "$1"; else echo "$2"; fi
}

descriptors() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

descriptors_are() {
	[ "$(descriptors "$1")" -eq "$2" ]
}

# is_alone PID: the listening socket is all it has.
is_alone() {
	[ "$(find "/proc/$1/fd" -lname 'socket:*' | wc -l)" -eq 1 ]
}

# memory PID: KiB of its own.
memory() {
	# The program's text is private, too, but only while nobody else runs it.
	awk '$1 == "Private_Dirty:" { print $2 }' "/proc/$1/smaps_rollup"
}

# bats test_tags=long
@test "of clients that are killed at any moment nobody is lied to" {
	mkdir out
	random 200000 in
	listen -k --in in --out out/
	local server=$pid
	bound=300 many kill "$port" "$(full 500 100)" "$NC_LITE" 127.0.0.1 \
	    "$port" >clients
	until_true is_alone "$server"
	# Who ended well has sent all and got all.
	sed -n 's/^0 //p' clients | cut -d ' ' -f 1 | sort >good
	(($(wc -l <good) > 20))
	[ "$(sed -n 's/^0 //p' clients | cut -d ' ' -f 2 | sort -u)" = \
	    "$(sha in)" ]
	find out -type f ! -name '*.part' -exec sha256sum {} + |
	    cut -d ' ' -f 1 | sort >named
	[ -z "$(comm -23 good named)" ]
	# And what is named is all that somebody had to send.
	tail -n +2 clients | cut -d ' ' -f 2 | sort | comm -13 - named >odd
	[ ! -s odd ]
}

# bats test_tags=long
@test "thousands of clients leave no descriptor, and no memory" {
	local server before kib count
	count=$(full 20000 1500)
	bound=300 listen -k
	server=$pid
	many visit "$port" 600 >first
	before=$(descriptors "$server")
	kib=$(memory "$server")
	bound=300 many visit "$port" "$count" >sent
	[ "$(<sent)" -eq $(((count + 2) / 3)) ]
	until_true has_lines listen.out $((200 + (count + 2) / 3))
	until_true descriptors_are "$server" "$before"
	(($(memory "$server") <= kib + 128))
}

has_lines() {
	[ "$(wc -l <"$1")" -eq "$2" ]
}

no_children() {
	! pgrep -P "$1" >/dev/null
}

# bats test_tags=long
@test "hundreds of commands leave no descriptor, no dead process and no memory" {
	local server before kib
	bound=600 listen -k --sh-exec 'read x'
	server=$pid
	many visit "$port" 30
	before=$(descriptors "$server")
	kib=$(memory "$server")
	bound=600 many visit "$port" "$(full 20000 700)"
	until_true descriptors_are "$server" "$before"
	until_true no_children "$server"
	# The sanitizer keeps what was freed.
	[[ $NC_LITE == */asan/* ]] || (($(memory "$server") <= kib + 48))
}

# bats test_tags=long
@test "chat: all hear all that the others say, in the order of stdout" {
	listen -k --chat
	local chat
	mkfifo go
	exec 8<>go
	start chat /usr/bin/python3 "$PEERS/many.py" chat "$port" 20 30 <go
	chat=$pid
	wait_for_line chat.out held
	until_true have_come 20
	echo >&8
	wait_exit "$chat"
	[ "$status" -eq 0 ]
	until_true has_lines listen.out 600
	local i port
	for i in {0..19}; do
		# Its own lines have their number after who says it.
		awk -v own="$i" '$3 != own' listen.out | cmp - "heard.$i"
		awk -v own="$i" '$3 == own { print $4 }' listen.out |
		    cmp - <(seq 0 29)
		# One speaker is one address.
		[ "$(awk -v own="$i" '$3 == own { print $2 }' listen.out |
		    sort -u | wc -l)" -eq 1 ]
	done
}

have_come() {
	[ "$(grep -c 'received on' listen.err)" -ge "$1" ]
}

@test "ncat's clients talk to each other through --broker" {
	need ncat
	listen -k --broker
	local i
	mkfifo in.1 in.2 in.3
	exec 4<>in.1 5<>in.2 6<>in.3
	for i in 1 2 3; do
		start "ncat$i" ncat 127.0.0.1 "$port" <"in.$i"
	done
	until_true have_come 3
	echo one >&4
	wait_for_line ncat2.out one
	wait_for_line ncat3.out one
	echo two >&5
	wait_for_line ncat1.out two
	wait_for_line ncat3.out two
	[ "$(<ncat1.out)" = two ]
	[ "$(<listen.out)" = $'one\ntwo' ]
}

@test "curl fetches many times at once" {
	need curl
	random 300000 body
	# Without "close" a curl of 2026 sends its next request there as well.
	printf '%s\r\n' 'HTTP/1.1 200 OK' 'Connection: close' \
	    'Content-Length: 300000' '' | cat - body >in
	listen -k --in in
	bounded curl -sZ --parallel-max 30 -o 'got#1' \
	    "http://127.0.0.1:$port/[1-60]"
	[ "$(sha256sum got* | cut -d ' ' -f 1 | sort | uniq -c |
	    awk '{ print $1, $2 }')" = "60 $(sha body)" ]
}

@test "Python's clients, a hundred at once, have their lines back from a command" {
	listen -k --sh-exec 'cat' --max-conns 30
	bounded /usr/bin/python3 -c '
import concurrent.futures, socket, sys
def ask(n):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        s.sendall(b"%d\n" % n)
        s.shutdown(socket.SHUT_WR)
        return s.makefile("rb").read() == b"%d\n" % n
with concurrent.futures.ThreadPoolExecutor(100) as pool:
    assert all(pool.map(ask, range(200)))' "$port"
}

# ends_with STATUS COMMAND [TIME]: how the client of that command ends.
ends_with() {
	as=ends listen -k --sh-exec "$2"
	run "-$1" nc -w "${3-10}" 127.0.0.1 "$port" <<<hello
	kill "$pid"
	wait_exit "$pid"
}

@test "a command's end is the exit status of its peer's" {
	ends_with 0 'cat'
	ends_with 1 'cat; exit 1'
	ends_with 1 'cat; kill -TERM $$'
	ends_with 1 '/nonexistent/command 2>/dev/null'
	# One that closes its output and stays is not done before it ends.
	ends_with 0 'exec >&-; cat >/dev/null; sleep 0.2; exit 0'
	ends_with 1 'exec >&-; cat >/dev/null; sleep 0.2; exit 1'
	ends_with 1 'echo some; exec >&-; cat >/dev/null; sleep 0.2; kill -9 $$'
	# The peer may go before that.
	ends_with 3 'exec >&-; exec sleep 20' 0.3
	as=ends listen -k --exec /nonexistent/command
	run -1 nc 127.0.0.1 "$port" <<<hello
	kill -0 "$pid"
}

paths=()
# wanting CALL ERROR TIMES OPTION...: a listener in want of something, so often.
# A client fails, the server goes on, and the next are served.
wanting() {
	local call=$1 error=$2 times=$3 code=0 i served=0
	shift 3
	need strace
	as=wanting serve wanting strace -f -qq -o trace -e trace="$call" "${paths[@]}" \
	    -e inject="$call:error=$error:when=$times" "$NC_LITE" -lkv "$@" 0
	for i in {1..8}; do
		echo hello | nc -w 10 127.0.0.1 "$port" >"got$i" && ((++served)) ||
		    code=$?
		[ "$code" -le 1 ]
	done
	((served >= 4)) || fail "served $served of 8: $(<wanting.err)"
	grep -q INJECTED trace
	kill "$pid"
}

@test "without descriptors or memory at accept a server waits, and goes on" {
	wanting '/^accept4?$' EMFILE 2..4
	wanting '/^accept4?$' ENFILE 2
	wanting '/^accept4?$' ENOMEM 2..4
	wanting '/^accept4?$' ENOBUFS 2
}

@test "without a pipe or a process for a command one peer fails, and no other" {
	wanting pipe2 EMFILE 1..3 --exec cat
	[ "$(grep -c "cannot start 'cat'" wanting.err)" -ge 2 ]
	wanting clone,clone3,fork,vfork EAGAIN 2 --exec cat
	wanting clone,clone3,fork,vfork ENOMEM 1..2 --exec cat
}

@test "where no descriptor tells a command's end, SIGCHLD does" {
	wanting pidfd_open EMFILE 1 --exec cat
}

@test "without a descriptor for its file one peer fails, and no other" {
	mkdir out
	echo answer >in
	# The first is before any peer.
	paths=(-P in -P "$PWD/in")
	wanting openat EMFILE 2+3 --in in --out out/
	paths=(-P "$PWD/out")
	wanting openat ENFILE 2+3 --in in --out out/
}

# few DESCRIPTORS OPTION...: so few of them serve all who come, and whoever has
# no place yet waits.
few() {
	as=few serve few sh -c 'ulimit -n "$1"; shift; exec "$@"' sh "$1" \
	    "${slowly[@]}" "$NC_LITE" -lkv --limit-rate-in 200k "${@:2}" 0
	many send "$port" 40 50000 >sent
	[ "$(head -n 1 sent)" = "fin 40" ]
	! grep -E 'annot|Too many|memory' few.err || fail 'out of something'
	kill "$pid"
}

@test "a server takes no more peers than it has descriptors for" {
	mkdir out
	random 100000 in
	few 48
	few 48 --exec cat
	few 48 --in in --out out/
	few 48 --digest --hex-dump dump --output log
	listen -k
	local target=$port
	few 48 --forward "127.0.0.1:$target"
	few 48 --forward "localhost:$target"
	make_certificates
	TLS=1 few 48 -c --cert "$C/good.both"
	TLS=1 few 48 -c --cert "$C/good.both" --out out/
}

@test "a server has descriptors for files that a slow disk keeps, too" {
	need strace
	mkdir out
	slowly=(strace -f -qq -o trace -e trace=fsync -e
	    inject=fsync:delay_enter=50000)
	few 48 --limit-rate-in 1g --out out/
}

# idle COUNT KIB OPTION...: each of so many idle peers costs so much at most.
idle() {
	local before server
	listen -kd "${@:3}"
	server=$pid
	# What is kept for the next ones costs once.
	many send "$port" 20 1000
	before=$(memory "$server")
	start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" "$1" \
	    < <(sleep 30)
	wait_for_line crowd.out held
	until_true is_crowded "$server" "$1"
	(($(memory "$server") - before <= $1 * $2)) ||
	    fail "$(memory "$server") KiB after $before"
	kill "$pid" "$server"
}

is_crowded() {
	[ "$(find "/proc/$1/fd" -lname 'socket:*' | wc -l)" -gt "$2" ]
}

@test "an idle peer costs 5 KiB at most, or 40 with TLS" {
	[[ $NC_LITE != */asan/* ]] || skip "the sanitizer keeps what was freed"
	make_certificates
	idle 400 5
	# Who holds a key cannot be looked at by its own user.
	TLS=1 idle 200 40 --no-sandbox -c --cert "$C/good.both"
}

@test "a short connection costs one setsockopt, and no accept in vain" {
	need strace
	serve listen strace -f -qq -o trace -e trace=accept4,setsockopt "$NC_LITE" \
	    -lkv 127.0.0.1 0 </dev/null
	many visit "$port" 90
	until_true has_lines listen.out 30
	(($(grep -c EAGAIN trace) <= 10))
	(($(grep -c setsockopt trace) <= 70))
	kill "$(pgrep -P "$pid")"
}
