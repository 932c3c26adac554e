#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# Who says the end, when, and what a failure in one direction is in the other.

load helper

# at_once TEXT: what -vvv has said: an end was said, and not held back.
at_once() {
	[[ $1 == *"sink told"* ]] || fail "no end: $1" || return
	[[ $1 != *"FIN is delayed"* ]] || fail "not at once: $1"
}

### a question

# bats test_tags=timing
@test "a short input is a question: its end waits for half a second of silence" {
	peer read 6 quiet 0.3 say one quiet 0.3 send 5000000 quiet 0.3 say two \
	    readall
	nc 127.0.0.1 "$port" <<<hello >got
	has got 5000006
	[ "$(tail -c 3 got)" = two ]
	wait_for_line peer.out '^fin 0 '
	[ "$(grep -c quiet peer.out)" -eq 3 ]
}

@test "a question is answered by a server that drops its answer at our end" {
	need node
	serve node node -e '
		require("net").createServer(s => s.on("data", () =>
			setTimeout(() => s.end("answer\n"), 200)).on("error", () => 0))
		.listen(0, "127.0.0.1", function () {
			console.error("Listening on 127.0.0.1 " + this.address().port) })'
	run -0 nc 127.0.0.1 "$port" <<<question
	[ "$output" = answer ]
	run nc -N 127.0.0.1 "$port" <<<question
	[ "$output" = "" ]
}

@test "-N, -q 0, -w 0 and --send-only say the end at once" {
	local how
	for how in -N "-q 0" "-w 0" --send-only; do
		peer readall
		# shellcheck disable=SC2086 # two words
		run -0 nc -vvv $how 127.0.0.1 "$port" <<<hello
		at_once "$output"
		wait_for_line peer.out '^fin 6 '
	done
}

# bats test_tags=timing
@test "a long input is no question, and a listener's is none" {
	peer readall
	head -c 65537 /dev/zero >in
	run -0 nc -vvv 127.0.0.1 "$port" <in
	at_once "$output"
	listen -vvv <<<hello
	visit readall
	wait_exit "$pid"
	at_once "$(<listen.err)"
}

@test "the end of a question is held back with -q, too, and with TLS's -vvv said" {
	peer read 6 quiet 0.4 readall stall
	bound=10 run -0 nc -vvv -q 1 127.0.0.1 "$port" <<<hello
	wait_for_line peer.out '^fin 0 '
	[[ $output == *"delayed until the peer has been silent for 500 ms"* ]]
	grep -qx quiet peer.out
}

@test "of an input in pieces 64 KiB in all are a question, and not a byte more" {
	peer readall
	head -c 30000 /dev/zero >in
	run -0 nc -vvv 127.0.0.1 "$port" < <(cat in; head -c 35536 /dev/zero)
	[[ $output == *"FIN is delayed"* ]]
	peer readall
	run -0 nc -vvv 127.0.0.1 "$port" < <(cat in; head -c 35537 /dev/zero)
	at_once "$output"
}

@test "the end of a question is held back over TLS and on a path, too" {
	nc --psk-new key
	listen -c --psk key -d
	run -0 nc -vvv -c --psk key 127.0.0.1 "$port" <<<hello
	[[ $output == *"FIN is delayed"* ]]
	start path "$NC_LITE" -lvdU path
	wait_for_line path.err '^Listening'
	run -0 nc -vvv -U path <<<hello
	[[ $output == *"FIN is delayed"* ]]
}

# In a time that runs slower the half second is five.
@test "a peer that has ended is told the end of a question at once" {
	hurried 0.1
	peer read 6 quiet 0.3 fin quiet 3
	run -0 nc -vvv 127.0.0.1 "$port" <<<hello
	[[ $output == *"FIN is delayed"* ]]
	wait_for_line peer.out fin
}

### the first FIN of a receiver

@test "a listener whose input is empty does not say its end first" {
	need nc.traditional
	random 9000000 in
	out=got listen < <(:)
	bound=10 bounded nc.traditional -q 0 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in got
}

@test "a listener whose input is empty says its end after 2 s of nothing" {
	listen < <(:)
	run visit quiet 1.5 readall
	[ "${lines[0]}" = quiet ]
	[[ ${lines[1]} == "fin 0 "* ]]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

### an input that begins late

@test "the peer says a line and ends: an input that begins a second later is sent" {
	local how
	for how in "" -N; do
		# shellcheck disable=SC2086 # perhaps none
		out=got listen $how < <(sleep 1 && echo late)
		run visit say hi fin text
		[ "$output" = late ]
		wait_exit "$pid"
		[ "$status" -eq 0 ]
	done
}

@test "the peer ends without a word: an input that has not begun is awaited" {
	peer fin readall
	run -0 nc 127.0.0.1 "$port" < <(sleep 2.5 && echo late)
	wait_for_line peer.out '^fin 5 '
}

@test "a client that leaves an open input unread says so" {
	peer say hi fin readall
	idle_pipe
	run -0 nc 127.0.0.1 "$port" <&"$idle"
	[ "${lines[0]}" = hinc-lite:\ the\ peer\ has\ ended:\ stdin\ is\ still\ open,\ and\ was\ not\ read ]
}

### slow readers

@test "-q does not cut a slow reader" {
	peer -b 4096 slowly 4096
	head -c 600000 /dev/zero >in
	run -0 nc -q 0.2 127.0.0.1 "$port" <in
	wait_for_line peer.out '^fin 600000 '
}

@test "--send-only is not over while a slow reader reads" {
	peer -b 4096 slowly 4096
	head -c 600000 /dev/zero >in
	run -0 nc --send-only -w 1 127.0.0.1 "$port" <in
	wait_for_line peer.out '^fin 600000 '
}

@test "-w takes its time, and not twice that, for a peer that never reads" {
	peer -b 4096 stall
	local begin=${EPOCHREALTIME/[.,]/}
	run -3 nc -w 2 127.0.0.1 "$port" </dev/zero
	(((${EPOCHREALTIME/[.,]/} - begin) < 3300000)) || fail "too long"
}

# bats test_tags=long
@test "without -w a peer has 60 s to acknowledge more, then exit 3" {
	local how begin
	hurried 20
	for how in "-q 1" --send-only; do
		peer -b 4096 stall
		begin=${EPOCHREALTIME/[.,]/}
		# shellcheck disable=SC2086 # two words
		run -3 nc $how 127.0.0.1 "$port" < <(head -c 150000 /dev/zero)
		[[ $output == *"did not acknowledge "*" bytes within 60 s; "* ]]
		(((${EPOCHREALTIME/[.,]/} - begin) >= 3000000)) ||
		    fail "$how: too soon"
	done
}

### a failure in one direction

@test "urgent data is data, and what follows it comes" {
	out=got listen </dev/null
	visit send 1000000 urgent x send 3000000
	wait_exit "$pid" 10
	[ "$status" -eq 0 ]
	[ "$(stat -c %s got)" -eq 4000001 ]
	out=got listen </dev/null
	local last=$pid
	serve inetd /usr/bin/python3 "$PEERS/inetd.py" "$NC_LITE" 127.0.0.1 "$port"
	visit send 1000 urgent x send 3000 fin readall
	wait_exit "$last" 10
	[ "$(stat -c %s got)" -eq 4001 ]
}

@test "urgent data is data on a path, too" {
	local size
	for size in 100 100000; do
		rm -f f
		serve listen "$NC_LITE" -lvU --out f sock </dev/null
		bounded /usr/bin/python3 -c 'import socket, sys
s, data = socket.socket(socket.AF_UNIX), b"x" * int(sys.argv[1])
s.connect("sock")
s.send(data)
try: s.send(b"!", socket.MSG_OOB)
except OSError: s.send(b"!")
s.send(data)' "$size"
		wait_exit "$pid" 10
		[ "$status" -eq 0 ]
		[ "$(stat -c %s f)" -eq "$((2 * size + 1))" ]
	done
}

@test "a write that fails on a live connection is an abort of both directions" {
	need strace
	peer read 1 readall
	SECONDS=0
	ASAN_OPTIONS=detect_leaks=0 bound=10 run bounded strace -f -qq -o trace \
	    -e inject=sendto,write,sendmsg:error=ENOBUFS:when=1 \
	    "$NC_LITE" 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 1 ]
	[[ $output == *"peer: "*"; incomplete: 0 bytes sent"* ]]
	[ "$SECONDS" -lt 8 ]
}

@test "a peer on a path that dies is noticed by a filter that feeds us back" {
	mkfifo back there
	start filter sh -c 'exec cat >back <there'
	exec {keep}<>back
	out=there start listen "$NC_LITE" -lvU sock <back
	until_true test -S sock
	local ours=$pid
	bounded /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_UNIX); s.connect("sock"); s.send(b"bye")'
	wait_exit "$ours" 10
	exec {keep}>&-
	# What the filter has fed back by then is lost, or there was none.
	[ "$status" -le 1 ]
}

@test "a socket as stdin and stdout that is reset is no end" {
	local last to
	idle_pipe
	for _ in {1..8}; do
		rm -f f.part
		as=last listen --out f </dev/null
		last=$pid to=$port
		serve inetd /usr/bin/python3 "$PEERS/inetd.py" \
		    "$NC_LITE" 127.0.0.1 "$to"
		client 127.0.0.1 "$port" < <(head -c 500000 /dev/zero; exec cat <&"$idle")
		until_true test -s f.part
		kill -KILL "$pid"
		wait_exit "$last"
		((status == 1)) || fail "exit status $status"
		[ ! -e f ] || fail "complete with $(stat -c %s f) bytes"
	done
}

@test "a socket as stdout is reset when its peer is, not ended" {
	local mode
	for mode in '' --recv-only; do
		peer send 500000 acked pause 0.1 reset
		# shellcheck disable=SC2086 # none or one
		serve inetd /usr/bin/python3 "$PEERS/inetd.py" \
		    "$NC_LITE" $mode 127.0.0.1 "$port" < <(sleep 5)
		bound=4 run -1 nc --out f 127.0.0.1 "$port" </dev/null
		[[ $output == *"Connection reset by peer"* ]]
		[ ! -e f ]
	done
}

@test "a socket as stdout is reset when nobody is reached for it" {
	closed_port
	local nobody=$port
	serve inetd /usr/bin/python3 "$PEERS/inetd.py" \
	    "$NC_LITE" 127.0.0.1 "$nobody" </dev/null
	bound=4 run -1 nc 127.0.0.1 "$port" </dev/null
	[[ $output == *"Connection reset by peer"* ]]
	# Unless another is.
	peer say other fin
	local other=$port
	# shellcheck disable=SC2016 # for the shell in there
	serve inetd /usr/bin/python3 "$PEERS/inetd.py" sh -c \
	    '"$0" 127.0.0.1 "$1" || exec "$0" 127.0.0.1 "$2"' \
	    "$NC_LITE" "$nobody" "$other" </dev/null
	bound=9 run -0 --separate-stderr nc 127.0.0.1 "$port" </dev/null
	[ "$output" = other ]
}

@test "a socket as stdout is reset when we are killed" {
	peer send 500000 stall
	serve inetd /usr/bin/python3 "$PEERS/inetd.py" \
	    sh -c 'echo $$ >id; exec "$@"' - "$NC_LITE" 127.0.0.1 "$port" \
	    </dev/null
	client --out f 127.0.0.1 "$port" </dev/null
	until_true test -s f.part
	kill -KILL "$(<id)"
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[ ! -e f ]
}

# Something that is sent on one way makes the failure known there first: then
# read(2) says 0 on the other.
@test "who is killed while both directions move is no end, whatever carries them" {
	local carrier where ours
	idle_pipe
	"$NC_LITE" --psk-new key
	for carrier in '127.0.0.1 0' '-c --psk key 127.0.0.1 0' '-U sock'; do
		for _ in {1..5}; do
			rm -f f f.part sock
			read -ra where <<<"$carrier"
			serve listen "$NC_LITE" -lv --out f "${where[@]}" \
			    </dev/zero
			ours=$pid
			read -ra where <<<"${carrier/% 0/ $port}"
			out=/dev/null client "${where[@]}" < <(
				head -c 500000 /dev/zero
				exec cat <&"$idle")
			until_true test -s f.part
			kill -KILL "$pid"
			wait_exit "$ours"
			((status == 1)) || fail "$carrier: exit status $status"
			[ ! -e f ] || fail "$carrier: complete"
		done
	done
}

@test "a socket as stdin and stdout is told of the end" {
	peer say page fin readall
	serve inetd /usr/bin/python3 "$PEERS/inetd.py" "$NC_LITE" -N \
	    127.0.0.1 "$port" < <(sleep 5)
	bound=3 run -0 visit text
	[ "$output" = page ]
}

@test "a stream that ends within a telnet command is broken" {
	peer say 'login\xff\xfa\x18hidden' fin readall
	run -1 nc -t 127.0.0.1 "$port" </dev/null
	[[ $output == *"peer: ended within a telnet command; incomplete: "* ]]
}

### who must not spin or stop

@test "a queue that stays full (ENOBUFS) does not spin, and -w ends it" {
	need strace
	ASAN_OPTIONS=detect_leaks=0 bound=10 run bounded strace -f -qq -o trace \
	    -e inject=sendto,write,sendmsg:error=ENOBUFS \
	    -e trace=sendto,write,sendmsg "$NC_LITE" -u -w 1 127.0.0.1 9 <<<hello
	(($(wc -l <trace) < 5000)) || fail "$(wc -l <trace) calls"
}

@test "a digest that cannot read is a failure, and no endless run" {
	need strace
	[[ $NC_LITE != */asan/* ]] || skip "counts reads, which the sanitizer has too"
	random 5000000 in
	local n=9999 how
	# Which read is the thread's second one, in a run that goes well?
	for how in good bad; do
		out=got ASAN_OPTIONS=detect_leaks=0 serve listen strace -f -o \
		    trace -e trace=read -e "inject=read:error=EIO:when=$n+" \
		    "$NC_LITE" -lv --digest 0 </dev/null
		bound=10 run nc -N 127.0.0.1 "$port" <in
		wait_exit "$pid" 10
		n=$(awk '/read\(/ && !/resumed/ { n++ } /, 196608/ { print n + 1
			exit }' trace)
	done
	[ "$status" -eq 1 ]
	[[ $(<listen.err) == *"incomplete: "* ]]
}

@test "a job in the background of a terminal receives, and is not stopped" {
	peer pause 0.3 say hello fin readall
	# shellcheck disable=SC2016 # for the shell in there
	bounded /usr/bin/python3 -c '
import os, pty, sys
pid, master = pty.fork()
if pid == 0:
	os.execvp("bash", ["bash", "-c", """
		set -m
		"$0" "$@" >got 2>errors &
		job=$!
		wait $job
		echo $? >code""", *sys.argv[1:]])
os.write(master, b"typed\n")
try:
	while os.read(master, 1000):
		pass
except OSError:
	pass
os.waitpid(pid, 0)' "$NC_LITE" 127.0.0.1 "$port"
	[ "$(<got)" = hello ]
	[ "$(<code)" = 0 ]
	[ ! -s errors ]
}
