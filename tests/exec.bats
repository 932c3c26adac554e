#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# A command as the local end.

load helper

@test "--exec runs a command for the client" {
	listen --exec 'tr [:lower:] [:upper:]'
	[ "$(visit say hello fin text)" = HELLO ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ ! -s listen.out ]
}

@test "--exec splits at blanks, and no shell reads it" {
	listen --exec 'printf %s.  $HOME *'
	[ "$(visit text)" = '$HOME.*.' ]
}

@test "--exec gives the command every word, however many" {
	listen --exec "echo $(seq -s ' ' 200)"
	[ "$(visit text)" = "$(seq -s ' ' 200)" ]
}

@test "a command's end is known also where SIGCHLD was ignored" {
	serve listen perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' \
	    "$NC_LITE" -lv --exec cat 0
	[ "$(visit say hello fin text)" = hello ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "--sh-exec has a shell read it" {
	listen --sh-exec 'echo $((6 * 7)); read x; echo "<$x>" | tr h j'
	[ "$(visit say 'hello\n' text)" = $'42\n<jello>' ]
}

@test "a client may run a command, too" {
	peer say hello fin text
	run nc --exec 'tr [:lower:] [:upper:]' 127.0.0.1 "$port" </dev/null
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	wait_exit "$pid"
	[ "$(<peer.out)" = HELLO ]
}

@test "a client whose command fails is exit 1, and the peer sees a reset" {
	peer readall
	run -1 nc --sh-exec 'echo some; exit 3' 127.0.0.1 "$port" </dev/null
	[[ $output == *"exited with status 3; incomplete: "* ]]
	wait_for_line peer.out '^reset '
}

@test "the command sees the end of what the peer sends, and answers after it" {
	random 5000000 in
	listen --exec sha256sum
	[ "$(nc 127.0.0.1 "$port" <in)" = "$(sha in)  -" ]
}

@test "32 MiB go through a command and come back whole" {
	random 32M in
	listen --exec cat
	[ "$(nc 127.0.0.1 "$port" <in | sha)" = "$(sha in)" ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "what the command says on stderr is not the peer's" {
	listen --sh-exec 'echo oops >&2; echo fine'
	[ "$(visit text)" = fine ]
	wait_exit "$pid"
	grep -qx oops listen.err
}

@test "-k gives each connection its own process, at once" {
	listen -k --exec cat
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say one hex 3 stall
	wait_for_line first.out 6f6e65
	[[ $(visit say two hex 3) == 74776f ]]
}

@test "--max-conns 1 lets the second wait for the first" {
	listen -k --max-conns 1 --exec cat
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say one hex 3 quiet 1 fin readall
	wait_for_line first.out 6f6e65
	[ "$(visit say two hex 3 fin text)" = 74776f ]
	grep -q '^quiet' first.out
}

@test "a command that cannot be run is told, and the client sees no good end" {
	listen --exec /nowhere/at/all
	visit readall >visit.out
	wait_exit "$pid"
	[ "$status" -ne 0 ]
	grep -q '^nc-lite: .*/nowhere/at/all.*No such file' listen.err
}

@test "a client that resets ends the command" {
	listen --sh-exec 'echo $$; exec cat'
	visit hex 1 reset
	wait_exit "$pid"
	[ "$status" -eq 1 ]
}

@test "-k does not pile up dead commands" {
	listen -k --exec cat
	for _ in 1 2 3 4 5; do
		visit say x fin readall
	done
	[ "$(wc -w <"/proc/$pid/task/$pid/children")" -le 2 ]
}

@test "a server that is ended leaves its port, though a command goes on" {
	listen -k --exec cat
	local server=$pid
	client 127.0.0.1 "$port" < <(sleep 5)
	wait_for_line listen.err '^Connection'
	kill "$server"
	wait_exit "$server"
	run -1 nc -z 127.0.0.1 "$port"
}

@test "a command that ends between two looks is missed by no kernel" {
	need strace
	ASAN_OPTIONS=detect_leaks=0 serve listen strace -qqo trace \
	    -e trace=pidfd_open,wait4 \
	    -e inject=pidfd_open:error=ENOSYS \
	    -e inject=wait4:delay_exit=300000:when=1 "$NC_LITE" -lv \
	    --sh-exec 'cat; exec 1>&-; sleep 0.1' 127.0.0.1 0 </dev/null
	random 700K in
	# shellcheck disable=SC2034 # of bounded
	bound=10
	nc 127.0.0.1 "$port" <in >out
	same in out
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "a command whose end cannot be known is no success" {
	need strace
	ASAN_OPTIONS=detect_leaks=0 serve listen strace -qqo trace -e trace=wait4 \
	    -e inject=wait4:error=ECHILD "$NC_LITE" -lv --exec 'echo part' \
	    127.0.0.1 0 </dev/null
	run -1 nc 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	grep -q '^nc-lite: command: .*; incomplete' listen.err
}

# childless PID: for until_true.
childless() {
	[ -z "$(<"/proc/$1/task/$1/children")" ]
}

# stuck PID: it has not moved for a while.
stuck() {
	local before
	before=$(grep -E '^[rw]char' "/proc/$1/io")
	sleep 0.3
	[ "$(grep -E '^[rw]char' "/proc/$1/io")" = "$before" ]
}

# What arrived is for the command, which cannot take it before it is heard.
@test "a command whose peer reads nothing and dies does not stay" {
	mkfifo unread
	exec {hold}<>unread
	listen -k -c --exec cat 127.0.0.1
	local server=$pid
	wait_for_line listen.err ' --pin '
	out=unread client -c --insecure 127.0.0.1 "$port" </dev/zero
	wait_for_line listen.err 'Connection received'
	until_true stuck "$pid"
	kill -KILL "$pid"
	until_true childless "$server"
	exec {hold}>&-
}
