#!/usr/bin/env bats
# Sockets on a path: streams, datagrams, abstract names; and the path, which is
# gone whichever way the program ends.
#
# shellcheck disable=SC2016,SC2154 # the helpers and bats set pid, port, output, lines

load helper
load watch

# on PATH ARGS...: our listener on PATH, once it listens.  Sets $pid.
on() {
	local path=$1 says=Listening
	shift
	[[ $* != *-u* ]] || says=Bound
	start "${as:-listen}" "$NC_LITE" -lvU "$@" "$path"
	wait_for_line "${as:-listen}.err" "^$says on $path\$"
}

# other NAME CMD...: somebody else's listener, which makes the socket ./sock.
other() {
	start "$@"
	until_true takes_us
}

# takes_us: $pid has a socket on ./sock that can be connected to. (It has a name
# before that, and other tests have one of that name.)
takes_us() {
	local inode
	for inode in $(find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' |
	    tr -dc '0-9\n'); do
		awk -v i="$inode" '$7 == i && $8 == "sock" &&
		    ($4 == "00010000" || $5 == "0002") { found = 1 }
		    END { exit !found }' /proc/net/unix && return
	done
	return 1
}

# unix_peer PATH STEP...: a datagram server of our own (peers/unix_peer.py).
unix_peer() {
	serve peer /usr/bin/python3 "$PEERS/unix_peer.py" "$@"
}

# a_socket PATH: what a dead server left behind.
a_socket() {
	/usr/bin/python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

# gone_after SIGNAL PATH: the listener on PATH dies of SIGNAL, and takes PATH
# with it.
gone_after() {
	[ -S "$2" ]
	kill "-$1" "$pid"
	wait_exit "$pid"
	[ "$status" -eq $((128 + $(kill -l "$1"))) ]
	[ ! -e "$2" ]
}

# --- streams ----------------------------------------------------------------

@test "a megabyte each way through a path" {
	random 1000000 up
	random 1000001 down
	on sock <down
	nc -U sock <up >got
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same up listen.out
	same down got
}

@test "nothing at all goes through, and both ends know" {
	on sock </dev/null
	: | nc -U sock
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ ! -s listen.out ]
	[ ! -e sock ]
}

@test "an abstract name: through it, and no file" {
	random 100000 up
	on "@nc-lite $$ $BATS_TEST_NUMBER" </dev/null
	nc -U "@nc-lite $$ $BATS_TEST_NUMBER" <up
	wait_exit "$pid"
	same up listen.out
	run ! ls ./*nc-lite*
}

@test "nc -q0 -U PATH asks and gets its answer" {
	on sock <<<answer
	run -0 nc -q0 -U sock <<<question
	[ "$output" = answer ]
	wait_exit "$pid"
	[ "$(<listen.out)" = question ]
}

@test "nc.openbsd is our client, and our server" {
	need nc.openbsd
	random 300000 up
	on sock <<<answer
	run -0 bounded nc.openbsd -N -U sock <up
	[ "$output" = answer ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same up listen.out
	other theirs nc.openbsd -NlU sock <<<answer
	run -0 nc -U sock <up
	[ "$output" = answer ]
	wait_exit "$pid"
	same up theirs.out
}

@test "socat is our client, and our server" {
	need socat
	random 300000 up
	on sock </dev/null
	bounded socat -u OPEN:up UNIX-CONNECT:sock
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same up listen.out
	other theirs socat UNIX-LISTEN:sock SYSTEM:"tee got; echo answer"
	run -0 nc -U sock <up
	wait_exit "$pid"
	same up got
}

@test "socat and nc.openbsd meet us under an abstract name" {
	need socat nc.openbsd
	local name="nc-lite-$$-$BATS_TEST_NUMBER"
	on "@$name" </dev/null
	echo x | bounded socat -u - "ABSTRACT-CONNECT:$name"
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
	start theirs socat -u "ABSTRACT-LISTEN:$name" -
	until_true grep -q "@$name" /proc/net/unix
	echo y | nc -U "@$name"
	wait_for_line theirs.out y
}

@test "-k serves one client after the other on the same path" {
	on sock -k </dev/null
	local inode
	inode=$(stat -c %i sock)
	for text in one two three; do
		echo "$text" | nc -U sock
	done
	wait_for_line listen.out three
	[ "$(xargs <listen.out) $(stat -c %i sock)" = "one two three $inode" ]
	gone_after TERM sock
}

@test "-v says who came to a path in one line more" {
	on sock </dev/null
	: | nc -U sock
	wait_exit "$pid"
	[ "$(wc -l <listen.err)" -le 4 ]
}

@test "no such path, and nobody behind it: exit 1 and the path" {
	run -1 nc -U none </dev/null
	one_line 'none.*No such file or directory'
	a_socket stale
	run -1 nc -U stale </dev/null
	one_line 'stale.*Connection refused'
}

@test "a path of 107 bytes works, one of 108 is refused" {
	local path
	path=$(printf '%0107d' 0)
	on "$path" </dev/null
	echo x | nc -U "$path"
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
	run -2 nc -lU "0$path" </dev/null
	[ ! -e "0$path" ]
}

@test "an abstract name of 107 bytes after its @ works, one of 108 is refused" {
	local name
	name=@$(printf '%0107d' 0)
	on "$name" </dev/null
	echo x | nc -U "$name"
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
	run -2 nc -lU "${name}0" </dev/null
}

# --- the path afterwards ----------------------------------------------------

@test "the path goes when the transfer is done" {
	on sock </dev/null
	echo x | nc -U sock
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ ! -e sock ]
}

@test "the path goes with SIGINT, SIGTERM, SIGHUP and SIGQUIT while listening" {
	local signal
	for signal in INT TERM HUP QUIT; do
		on sock </dev/null
		gone_after "$signal" sock
	done
}

@test "the path goes with a signal in the middle of a transfer" {
	local signal
	printf x >some
	for signal in INT TERM HUP; do
		: >listen.out
		on sock -k </dev/null
		socat -t 60 -u OPEN:some,ignoreeof UNIX-CONNECT:sock 3>&- &
		until_true test -s listen.out
		gone_after "$signal" sock
	done
}

@test "the path goes when stdout fails, and when its reader leaves" {
	out=/dev/full on sock </dev/null
	echo x | run nc -U sock
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	[ ! -e sock ]
	mkfifo pipe
	head -c 1 <pipe >first &
	out=pipe on sock </dev/null
	yes | run nc -U sock
	wait_exit "$pid"
	[ "$status" -eq 141 ]
	[ ! -e sock ]
}

@test "stdout's reader goes: an idle client of a path ends at once, as by SIGPIPE" {
	on sock -d
	mkfifo pipe
	start reader sh -c 'exec sleep 60 <pipe'
	local reader=$pid
	idle_pipe
	out=pipe client -U sock <&"$idle"
	wait_for_line listen.err '^Connection received'
	kill -KILL "$reader"
	wait_exit "$pid" 5
	[ "$status" -eq 141 ]
}

@test "as process 1 of a container a signal ends it, and the path goes" {
	local how=(-pf) signal
	((EUID == 0)) || how=(-rpf)
	unshare "${how[@]}" true 2>/dev/null || skip "needs namespaces"
	# That of util-linux 2.37 leaves SIGINT and SIGTERM ignored.
	unshare "${how[@]}" grep -q '^SigIgn:.*0000$' /proc/self/status ||
	    skip "needs an unshare(1) that ignores no signals"
	for signal in TERM INT HUP; do
		start init unshare "${how[@]}" "$NC_LITE" -lkvU sock </dev/null
		wait_for_line init.err '^Listening on sock$'
		kill "-$signal" "$(pgrep -P "$pid")"
		wait_exit "$pid"
		((status == 128 + $(kill -l "$signal"))) || fail "$status"
		[ ! -e sock ]
	done
}

@test "the path goes when the time is over" {
	run -3 nc -lU sock --timeout 100ms </dev/null
	[ ! -e sock ]
}

@test "the paths of datagram listeners go with signals too" {
	local signal
	for signal in INT TERM HUP; do
		on sock -u </dev/null
		gone_after "$signal" sock
	done
}

@test "a client leaves the path of its server alone" {
	other theirs nc.openbsd -klU sock </dev/null
	: | nc -U sock
	[ -S sock ]
	mkfifo idle
	client -U sock <>idle
	kill "$pid"
	wait_exit "$pid"
	[ -S sock ]
}

# --- a path that is there already -------------------------------------------

@test "a path in use is refused, and its server goes on" {
	on sock </dev/null
	run -2 nc -lU sock </dev/null
	one_line 'sock.*: Address already in use'
	[ -S sock ]
	echo x | nc -U sock
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
}

@test "a datagram path in use is refused, and its server goes on" {
	on sock -u -W 1 </dev/null
	run -2 nc -luU sock </dev/null
	one_line 'sock.*: Address already in use'
	echo x | nc -uU sock
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
}

@test "a socket that a dead server left behind is replaced" {
	a_socket sock
	on sock </dev/null
	echo x | nc -U sock
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
	[ ! -e sock ]
}

@test "of those that replace a socket at once, one listens and is reached" {
	need strace
	local i
	a_socket sock
	for i in 1 2 3; do
		start "many$i" strace -f -qq -o /dev/null -e trace=connect \
		    -e inject=connect:delay_exit=200000 \
		    "$NC_LITE" -lvU sock --timeout 5 </dev/null
	done
	for i in 1 2 3; do
		until_true grep -q 'istening on\|in use' "many$i.err"
	done
	[ "$(cat many?.err | grep -c '^Listening on sock$')" -eq 1 ]
	echo x | nc -U sock
	until_true grep -qx x many?.out
}

@test "-s replaces the path that a dead datagram client left" {
	unix_peer "$PWD/server" take 1 reply answer
	/usr/bin/python3 -c 'import socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).bind("mine")'
	run -0 nc -u -W 1 -s mine -U server <<<question
	[ "$output" = answer ]
	[ ! -e mine ]
}

@test "a file, a directory or a link at the path is refused and kept" {
	echo precious >file
	mkdir directory
	ln -s nowhere link
	for path in file directory link; do
		run -2 nc -lU "$path" </dev/null
		one_line "$path.*: Address already in use"
	done
	[ "$(<file)" = precious ]
	[ -d directory ]
	[ -L link ]
}

@test "a path in a directory that is not there is refused" {
	run -2 nc -lU none/sock </dev/null
	one_line 'none/sock.*: No such file or directory'
}

# --- datagrams --------------------------------------------------------------

@test "datagrams to a path and back; the client's own path goes" {
	unix_peer "$PWD/server" take 1 reply answer
	run -0 nc -u -W 1 -U server <<<question
	[ "$output" = answer ]
	read -r sender size text <peer.out
	[ "$size $text" = "9 question" ]
	[ -n "$sender" ]
	[ ! -e "$sender" ]
	[ ! -e "${sender%/*}" ]
}

@test "a datagram client's own path goes with SIGINT, SIGTERM and SIGHUP" {
	unix_peer "$PWD/server" take 3 stall
	local signal sender
	mkfifo idle
	for signal in INT TERM HUP; do
		client -uU server <>idle
		echo "$signal" >idle
		wait_for_line peer.out "$signal"
		sender=$(sed -n "s/ .*$signal//p" peer.out)
		gone_after "$signal" "$sender"
		[ ! -e "${sender%/*}" ]
	done
}

@test "a datagram client sweeps what killed ones have left in TMPDIR, and no more" {
	unix_peer "$PWD/server" take 3 reply answer
	mkfifo idle
	mkdir tmp
	export TMPDIR=$PWD/tmp
	as=living client -uU server <>idle
	echo one >idle
	wait_for_line peer.out one
	as=killed client -uU server <>idle
	local killed=$pid
	until_true two_directories
	kill -KILL "$killed"
	wait_exit "$killed"
	echo two >idle
	wait_for_line peer.out two
	run -0 nc -u -W 1 -U server <<<three
	[ "$output" = answer ]
	[ "$(find tmp -type s | wc -l)" -eq 1 ]
	[ "$(find tmp -mindepth 1 -maxdepth 1 | wc -l)" -eq 1 ]
}

two_directories() {
	[ "$(find tmp -type s | wc -l)" -eq 2 ]
}

@test "-s gives a datagram client its own path, which goes at the end" {
	unix_peer "$PWD/server" take 1 reply answer
	run -0 nc -u -W 1 -s mine -U server <<<question
	[ "$output" = answer ]
	[ "$(<peer.out)" = "mine 9 question" ]
	[ ! -e mine ]
}

@test "-s with a path that is there is refused and it is kept" {
	unix_peer "$PWD/server" stall
	echo precious >mine
	run -2 nc -u -s mine -U server <<<question
	one_line 'mine.*: Address already in use'
	[ "$(<mine)" = precious ]
}

@test "a datagram listener keeps boundaries of any size and answers" {
	on sock -u -W 4 </dev/null
	/usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for n in (1, 0, 4096, 65507): s.sendto(b"x" * n, "sock")'
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(wc -c <listen.out)" -eq 69604 ]
	[ ! -e sock ]
}

@test "a datagram of more than 64 KiB is exit 1, and not taken for whole" {
	on sock -u -W 1 </dev/null
	datagrams 100000
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	[ ! -s listen.out ]
	grep -q 'peer: Message too long' listen.err
}

@test "a datagram of more than 64 KiB does not end a server, which says so" {
	on sock -uk -W 1 </dev/null
	datagrams 100000 3
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<listen.out)" = xxx ]
	grep -q 'datagram of more than 65536 bytes was dropped' listen.err
}

# datagrams SIZE...: sends datagrams to ./sock, from a socket without a name.
datagrams() {
	/usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200000)
for n in sys.argv[1:]: s.sendto(b"x" * int(n), "sock")' "$@"
}

# from_t TEXT [WAIT]: a datagram to ./sock from a socket bound to ./t, which then
# goes; or which first says what it receives.
from_t() {
	/usr/bin/python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.settimeout(10)
s.bind("t")
s.sendto(sys.argv[1].encode(), "sock")
if sys.argv[2:]: print(s.recv(100).decode(), flush=True)
os.unlink("t")' "$@"
}

@test "an answer that cannot be delivered is lost, with a line, and -k goes on" {
	idle_pipe
	on sock -uk <&"$idle"
	from_t one
	until_true test -s listen.out
	echo gone >&"$tap"
	wait_for_line listen.err ': reply to t lost: No such file or directory$'
	start visit /usr/bin/env bash -c "$(declare -f from_t); from_t two wait"
	until_true holds listen.out onetwo
	printf there >&"$tap"
	wait_exit "$pid"
	[ "$(<visit.out)" = there ]
}

@test "answers of a command that cannot be delivered are lost, with one line" {
	on sock -uk --sh-exec 'read x; until [ ! -e t ]; do sleep 0.05; done
	    echo a; sleep 0.1; echo b; read y; echo $y >heard'
	from_t $'one\n'
	wait_for_line listen.err ': reply to t lost: No such file or directory$'
	sleep 0.3
	from_t $'two\n'
	until_true test -s heard
	[ "$(<heard)" = two ]
	[ "$(grep -c ' lost: ' listen.err)" -eq 1 ]
}

@test "a first peer without a name is heard on after a stranger with one" {
	on sock -u -W 2 </dev/null
	/usr/bin/python3 -c 'import fcntl, socket, struct, termios
first, stranger = (socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    for _ in range(2))
def send(who, what):
    who.sendto(what, "sock")
    while struct.unpack("i", fcntl.ioctl(who, termios.TIOCOUTQ, b"----"))[0]:
        pass
stranger.bind("stranger")
send(first, b"a")
send(stranger, b"b")
send(first, b"c")'
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<listen.out)" = ac ]
	grep -qx 'Connection received on (unnamed)' listen.err
}

@test "a datagram client under an abstract name gets its answer" {
	local name="@nc-lite-$$-$BATS_TEST_NUMBER"
	unix_peer "$name" take 1 reply answer
	run -0 nc -u -W 1 -U "$name" <<<question
	[ "$output" = answer ]
}

@test "our datagram client and our datagram listener talk" {
	on sock -u <<<answer
	run -0 nc -u -W 1 -U sock <<<question
	[ "$output" = answer ]
	wait_for_line listen.out question
}

@test "nc.openbsd and socat send us datagrams, and take ours" {
	need nc.openbsd socat
	on sock -uk -W 2 </dev/null
	echo one | bounded nc.openbsd -u -q0 -U sock
	echo two | bounded socat -u - UNIX-SENDTO:sock
	wait_exit "$pid"
	[ "$(xargs <listen.out)" = "one two" ]
	other theirs socat -u UNIX-RECV:sock -
	echo three | nc -u -w0 -U sock
	wait_for_line theirs.out three
}

@test "nobody behind a datagram path: exit 1, and nothing is left in /tmp" {
	TMPDIR=$PWD run -1 nc -uU none <<<x
	one_line 'none.*(No such file|refused)'
	[ "$(ls -A)" = "" ] || [ -z "$(find . -type s)" ]
}

@test "--wait tries a datagram path again and again, from a path of its own" {
	run -1 nc -uU --wait=0.6 none <<<x
	one_line 'none.*No such file'
	run -1 nc -uU --wait=0.6 -s own none <<<x
	one_line 'none.*No such file'
	[ ! -e own ]
}

@test "the path of a listener for one goes when that one has come" {
	on sock </dev/null
	local first=$pid
	socat -t 60 -u EXEC:"sleep 5" UNIX-CONNECT:sock 3>&- &
	until_true test ! -e sock
	as=second on sock -k </dev/null
	kill "$first"
	wait_exit "$first"
	[ -S sock ]
}

@test "a signal in the middle of bind(2) leaves no socket behind" {
	need strace
	run bounded strace -qqo trace -e trace=bind \
	    -e inject=bind:signal=TERM:when=1 "$NC_LITE" -dlU socket
	[ "$status" -eq 143 ]
	[ ! -e socket ]
}
