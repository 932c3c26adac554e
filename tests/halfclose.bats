#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2094
# Ends: who stops when, and what the other side sees of it.

load helper

### 1. stdin ends

@test "the end of stdin is passed on, and the answer awaited" {
	peer readall pause 1.2 say late
	run nc 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = late ]
	grep -q '^fin 6 ' peer.out
}

@test "the end of stdin is passed on after no byte at all" {
	: >empty
	as="from-pipe" peer readall
	nc 127.0.0.1 "$port" < <(:)
	as="from-file" peer readall
	nc 127.0.0.1 "$port" <empty
	wait_for_line from-pipe.out '^fin 0 '
	wait_for_line from-file.out '^fin 0 '
}

@test "--no-shutdown keeps our sending side open after the end of stdin" {
	peer read 6 quiet 0.7 say bye fin readall
	run nc --no-shutdown 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = bye ]
	wait_exit "$pid"
	[[ $(<peer.out) == $'read 6\nquiet\nfin 0 '* ]]
}

### 2. no input

@test "no input, stdin is /dev/null: the peer ends first" {
	peer quiet 0.7 say bye fin readall
	run nc 127.0.0.1 "$port" </dev/null
	ended_after_the_peer
}

@test "no input, stdin is closed: the peer ends first" {
	peer quiet 0.7 say bye fin readall
	run blind "$NC_LITE" 127.0.0.1 "$port"
	ended_after_the_peer
}

@test "no input with -d: the peer ends first" {
	peer quiet 0.7 say bye fin readall
	run nc -d 127.0.0.1 "$port" <<<hello
	ended_after_the_peer
}

@test "no input with --recv-only: the peer ends first" {
	peer quiet 0.7 say bye fin readall
	run nc --recv-only 127.0.0.1 "$port" <<<hello
	ended_after_the_peer
}

@test "a listener without input lets the client end first" {
	listen </dev/null
	run visit quiet 0.7 say bye fin readall
	[[ $output == $'quiet\nfin 0 '* ]]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<listen.out)" = bye ]
}

ended_after_the_peer() {
	[ "$status" -eq 0 ]
	[ "$output" = bye ]
	wait_exit "$pid"
	[[ $(<peer.out) == $'quiet\nfin 0 '* ]]
}

@test "a longer -q shuts down sending without input too, after half a second or two" {
	peer quiet 0.2 readall
	run -0 nc -q 3 127.0.0.1 "$port" </dev/null
	[ "$(cut -d ' ' -f 1,2 peer.out | xargs)" = "quiet fin 0" ]
	listen -q 3 </dev/null
	visit quiet 1.5 readall >visit.out
	[ "$(cut -d ' ' -f 1,2 visit.out | xargs)" = "quiet fin 0" ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "-N shuts down sending at once when there is no input" {
	local p
	for p in null closed unread; do
		as=$p peer readall say bye
		case $p in
		null) run nc -N 127.0.0.1 "$port" </dev/null ;;
		closed) run blind "$NC_LITE" -N 127.0.0.1 "$port" ;;
		unread) run nc -N -d 127.0.0.1 "$port" <<<hello ;;
		esac
		[ "$status:$output" = 0:bye ]
		grep -q '^fin 0 ' "$p.out"
	done
}

@test "-d and --recv-only leave stdin to others" {
	printf 'one\ntwo\n' >in
	local option
	for option in -d --recv-only; do
		peer fin readall
		{ nc "$option" 127.0.0.1 "$port" && cat >rest; } <in
		same in rest
	done
}

### 3. the peer's FIN

@test "the peer ends: an idle stdin is not awaited" {
	peer say bye fin readall
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<client.out)" = bye ]
	wait_for_line peer.out '^fin 0 '
}

@test "the peer ends: a terminal is not awaited, not even after typing" {
	peer read 6 say bye fin readall
	start tty /usr/bin/python3 "$PEERS/pty.py" -t 'hello\n' \
	    "$NC_LITE" 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<tty.out)" = bye ]
	wait_for_line peer.out '^fin 0 '
}

@test "the peer ends: input that is there is sent to its end" {
	random 20000000 in
	peer fin readall
	nc 127.0.0.1 "$port" <in
	wait_for_line peer.out "^fin 20000000 $(sha in)\$"
	peer fin pause 0.5 readall
	nc 127.0.0.1 "$port" < <(cat in)
	wait_for_line peer.out "^fin 20000000 $(sha in)\$"
}

@test "the peer ends: input once begun is awaited to its end" {
	peer read 6 fin readall
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	echo hello >&"$tap"
	until_true is_in_state CLOSE_WAIT
	echo more >&"$tap"
	exec {tap}>&-
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	wait_for_line peer.out '^fin 5 '
}

# is_in_state CLOSE_WAIT|ESTABLISHED: our client's socket towards $port.
is_in_state() {
	local code=01
	[ "$1" = ESTABLISHED ] || code=08
	grep -q "$(printf ':%04X %s ' "$port" "$code")" /proc/net/tcp
}

@test "the peer ends: while input is awaited, keepalive watches the peer" {
	need ss
	peer read 6 fin readall
	idle_pipe
	client 127.0.0.1 "$port" <&"$idle"
	echo hello >&"$tap"
	until_true is_in_state CLOSE_WAIT
	until_true kept_alive
}

kept_alive() {
	ss -tnoH "dport = :$port" |
	    grep -Eq 'timer:\(keepalive,([0-9.]+ms|[0-9](\.[0-9]+)?sec|10sec)'
}

@test "the peer ends: a filter that feeds us back sees the end" {
	peer say 'one\ntwo\n' fin text
	mkfifo back there
	start filter sh -c 'exec tac >back <there'
	out=there client 127.0.0.1 "$port" <back
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	until_true holds peer.out $'two\none'
}

@test "the peer ends: a listener's filter loop answers to the end" {
	mkfifo back there
	start filter sh -c 'exec tr "[:lower:]" "[:upper:]" >back <there'
	out=there listen <back
	[ "$(visit say hello fin text)" = HELLO ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

### 4. -q, --send-only

# bats test_tags=long
@test "-q 1 waits a second for a peer that does not end, exit 0" {
	peer readall stall
	local begin=$EPOCHREALTIME
	bound=15 nc -q 1 127.0.0.1 "$port" <<<hello
	took "$begin" 0.9
	wait_for_line peer.out '^fin 6 '
}

# took BEGIN LEAST [MOST]: it is LEAST to MOST seconds since BEGIN.
took() {
	awk -v b="$1" -v e="$EPOCHREALTIME" -v least="$2" -v most="${3-999}" \
	    'BEGIN { exit !(e - b >= least && e - b <= most) }'
}

@test "-q 20 goes when the peer goes" {
	peer readall say bye
	bound=10 run nc -q 20 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = bye ]
}

@test "-q 0 is -N: the answer is awaited" {
	peer readall pause 1.2 say late
	run nc -q 0 127.0.0.1 "$port" </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = late ]
}

# bats test_tags=long
@test "-q -1 waits for ever" {
	peer readall pause 1.5 say late
	run nc -q -1 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = late ]
}

@test "-q is no clean end while bytes are not acknowledged" {
	peer -b 4096 stall
	bound=15 run nc -q 1 -w 1 127.0.0.1 "$port" < <(head -c 150000 /dev/zero)
	[ "$status" -eq 3 ]
	[[ $output == "nc-lite: "*"; incomplete: "*" bytes sent, 0 bytes received" ]]
}

@test "--send-only goes when all is acknowledged" {
	peer say unwanted acked read 6 readall stall
	idle_pipe
	client --send-only 127.0.0.1 "$port" <&"$idle"
	echo hello >&"$tap"
	wait_for_line peer.out 'read 6'
	exec {tap}>&-
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ ! -s client.out ]
	wait_for_line peer.out '^fin 0 '
}

@test "--send-only does not go before all is acknowledged" {
	peer -b 4096 stall
	bound=15 run nc --send-only -w 1 127.0.0.1 "$port" \
	    < <(head -c 150000 /dev/zero)
	[ "$status" -eq 3 ]
	[[ $output == *"; incomplete: "* ]]
}

### 5. time

@test "-w 1: a peer that falls silent is exit 3, and sees an abort" {
	peer say hi read 6 readall
	idle_pipe
	echo hello >&"$tap"
	client -w 1 127.0.0.1 "$port" <&"$idle"
	wait_exit "$pid"
	[ "$status" -eq 3 ]
	[ "$(<client.out)" = hi ]
	[ "$(said client)" = "nc-lite: idle for 1 s; incomplete: 6 bytes sent,\
 2 bytes received" ]
	wait_for_line peer.out '^reset 0 '
}

# bats test_tags=long
@test "-w 1: a peer that stops reading is exit 3" {
	peer -b 4096 stall
	bound=15 run nc -w 1 127.0.0.1 "$port" </dev/zero
	[ "$status" -eq 3 ]
	[[ $output =~ ^"nc-lite: idle for 1 s; incomplete: "[0-9]+\ bytes\ sent ]]
}

# bats test_tags=long
@test "-w 1 does not end a slow conversation" {
	peer read 6 pause 0.5 say a pause 0.5 say b pause 0.5 say c
	run nc -w 1 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = abc ]
}

# bats test_tags=long
@test "-w 1 of a listener is exit 3 for a client that falls silent" {
	listen -w 1
	visit say hi pause 2
	wait_exit "$pid"
	[ "$status" -eq 3 ]
	grep -qx 'nc-lite: idle for 1 s; incomplete: 0 bytes sent, 2 bytes received' \
	    listen.err
}

@test "--idle-timeout bounds silence" {
	peer say hi stall
	bound=15 run --separate-stderr nc --idle-timeout 500ms 127.0.0.1 "$port" \
	    <<<hello
	[ "$status" -eq 3 ]
	[ "$output" = hi ]
	[[ $stderr == "nc-lite: idle for "*"; incomplete: 6 bytes sent, 2 bytes"* ]]
}

@test "--timeout bounds the whole run, also while bytes flow" {
	peer readall
	bound=15 run nc --timeout 1 127.0.0.1 "$port" </dev/zero
	[ "$status" -eq 3 ]
	[[ $output =~ ^"nc-lite: not done within 1 s; incomplete: "[1-9] ]]
	wait_for_line peer.out '^reset '
}

# bats test_tags=long
@test "--connect-timeout does not bound what comes after" {
	peer readall pause 1.2 say late
	run nc --connect-timeout 500ms 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = late ]
}

@test "-w 0 sends, and goes when all is acknowledged" {
	peer readall stall
	bound=15 run nc -w 0 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	wait_for_line peer.out '^fin 6 '
}

### 6. the reader of stdout goes away

@test "stdout's reader goes: an idle connection is aborted at once" {
	peer readall
	mkfifo pipe
	start reader sh -c 'exec sleep 60 <pipe'
	local reader=$pid
	idle_pipe
	out=pipe client 127.0.0.1 "$port" <&"$idle"
	until_true is_in_state ESTABLISHED
	kill -KILL "$reader"
	wait_exit "$pid"
	[ "$status" -eq 141 ]
	[ -z "$(said client)" ]
	wait_for_line peer.out '^reset 0 '
}

@test "stdout's reader goes: a stream is aborted, dead by SIGPIPE" {
	peer send 50000000 readall
	idle_pipe
	run -141 bounded bash -c 'set -o pipefail; "$@" | head -c 10 | wc -c' - \
	    "$NC_LITE" 127.0.0.1 "$port" <&"$idle"
	[ "$output" = 10 ]
	wait_for_line peer.out '^reset '
}

@test "stdout's reader goes with all there is: stdin is sent to its end" {
	peer say 'one\n' read 2 fin readall
	mkfifo pipe
	idle_pipe
	start reader sh -c "exec <pipe; read -r _; exec <&-
	    echo a >/proc/$BASHPID/fd/$tap"
	out=pipe client 127.0.0.1 "$port" <&"$idle"
	until_true is_in_state CLOSE_WAIT
	# Longer than such a reader is given until the peer's end must come.
	sleep 0.8
	echo more >&"$tap"
	exec {tap}>&-
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	wait_for_line peer.out '^fin 5 '
}

### -i -C -t

@test "-i paces the lines" {
	peer chunks
	nc -i 0.4 127.0.0.1 "$port" <<<$'a\nb\nc'
	wait_exit "$pid"
	awk 'NR <= 3 && $2 != 2 { exit 1 }
	    NR == 3 && $1 < 0.7 { exit 1 }
	    NR == 4 && !/^fin 6/ { exit 1 }' peer.out
	[ "$(grep -c . peer.out)" -eq 4 ]
}

@test "-C makes CRLF of LF, and leaves CRLF alone" {
	peer hex 9
	printf 'a\nb\r\n\nc' | nc -C 127.0.0.1 "$port"
	wait_for_line peer.out '^610d0a620d0a0d0a63$'
}

@test "-C does not double a CRLF that comes in two reads" {
	peer hex 2 hex 4
	idle_pipe
	client -C 127.0.0.1 "$port" <&"$idle"
	printf 'a\r' >&"$tap"
	wait_for_line peer.out '^610d$'
	printf '\nb\n' >&"$tap"
	wait_for_line peer.out '^0a620d0a$'
}

@test "-C converts a long text" {
	seq 300000 >in
	peer readall
	nc -C 127.0.0.1 "$port" <in
	wait_for_line peer.out \
	    "^fin $(sed 's/$/\r/' in | wc -c) $(sed 's/$/\r/' in | sha)\$"
}

@test "-t refuses telnet's options" {
	peer say '\xff\xfd\x01\xff\xfb\x03hi' hex 6
	idle_pipe
	client -t 127.0.0.1 "$port" <&"$idle"
	wait_for_line peer.out '^fffc01fffe03$'
	wait_for_line client.out hi
}

@test "-t leaves out suboptions, takes a doubled 255 for a byte, answers no answer" {
	peer say 'a\xff\xfa\x18\x00x\xff\xffy\xff\xf0b\xff\xffc\xff\xfc\x01\xff\xfe\x01' \
	    fin readall
	nc -t 127.0.0.1 "$port" </dev/null >got
	printf 'ab\xffc' | same got -
	wait_for_line peer.out '^fin 0 '
}

@test "-t answers a flood of proposals as far as there is room" {
	need xxd
	perl -e 'print "\xff\xfd\x01" x 200000, "done"' >flood
	listen --no-shutdown <flood
	idle_pipe
	client -t --no-shutdown 127.0.0.1 "$port" <&"$idle"
	wait_for_line client.out 'done'
	until_true has listen.out 3
	kill -0 "$pid"
	[ "$(xxd -p -l 6 listen.out)" = fffc01fffc01 ]
}

@test "-t takes telnet's synch for a command, and loses no byte around it" {
	peer say before urgent '\xff\xf2' say after fin readall
	run -0 nc -t 127.0.0.1 "$port" </dev/null
	[ "$output" = beforeafter ]
}

@test "-t understands a request that comes in pieces" {
	peer trickle '\xff\xfd\x01\xff\xfb\x03' hex 6
	idle_pipe
	client -t 127.0.0.1 "$port" <&"$idle"
	wait_for_line peer.out '^fffc01fffe03$'
}

@test "an input that begins late is sent although the peer had none to send" {
	as=listen listen < <(:)
	run nc 127.0.0.1 "$port" < <(sleep 0.5 && echo late)
	[ "$status" -eq 0 ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	holds listen.out late
}

@test "-q on a receiver does not call a transfer that goes on complete, exit 3" {
	listen -q 0.3 </dev/null
	local receiver=$pid
	client 127.0.0.1 "$port" < <(echo one && sleep 1 && echo two)
	wait_exit "$receiver"
	[ "$status" -eq 3 ]
	grep -q incomplete listen.err
}

@test "--timeout bounds the wait for acknowledgements, too" {
	peer fin pause 5
	head -c 3000000 /dev/zero >in
	SECONDS=0
	run nc --timeout 0.5 127.0.0.1 "$port" <in
	[ "$status" -eq 3 ]
	[ "$SECONDS" -lt 4 ]
}
