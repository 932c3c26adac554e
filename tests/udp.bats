#!/usr/bin/env bats
# Datagrams: their boundaries, who is heard and answered, and when it ends.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load watch

# udp_peer STEP...: a UDP server (peers/udp_peer.py); sets $pid and $port.
udp_peer() {
	serve "${as:-peer}" /usr/bin/python3 "$PEERS/udp_peer.py" accept "$@"
}

# udp_visit STEP...: two UDP clients, a and b, of $port.
udp_visit() {
	bounded /usr/bin/python3 "$PEERS/udp_peer.py" connect "$port" "$@"
}

# held CMD...: CMD in the background, its stdin open until this test's end;
# what is written to the descriptor $input goes there.
held() {
	mkfifo input.fifo
	"$@" <>input.fifo
	exec {input}>input.fifo
}

# --- boundaries -------------------------------------------------------------

@test "a write to stdin is a datagram, a datagram a write to stdout: 1 to 65507" {
	run -0 bounded /usr/bin/python3 "$PEERS/udp_sizes.py" \
	    1 2 0 1471 1472 1473 4095 4096 4097 0 16384 32768 65506 65507 -- \
	    "$NC_LITE" -u -w0 127.0.0.1
	[ "${lines[0]}" = "1 1 1 " ]
	[ "${lines[2]}" = "0 0 0 " ]
	[ "${lines[13]}" = "65507 65507 65507 " ]
	[ "$(awk '$1 != $2 || $1 != $3 || NF > 3' <<<"$output")" = "" ]
}

@test "a file goes out in datagrams of 65507 bytes, the rest in the last" {
	random 200000 file
	udp_peer take 4
	nc -u -w0 127.0.0.1 "$port" <file
	wait_exit "$pid"
	[ "$(cut -d' ' -f2 peer.out | xargs)" = "65507 65507 65507 3479" ]
	[ "$(sed -n '4s/.* //p' peer.out)" = "$(tail -c 3479 file | sha)" ]
}

@test "a listener takes datagrams of every size whole, empty ones too" {
	listen -u -W 9
	run -0 udp_visit sizes 0,1,0,9000,16385,65507,65507,0,3
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$output" = "sent 156403 $(sha listen.out)" ]
}

@test "each line of a terminal is a datagram" {
	udp_peer take 3
	start client /usr/bin/python3 "$PEERS/pty.py" -t 'one\ntwo\nthree\n' \
	    "$NC_LITE" -u 127.0.0.1 "$port"
	wait_for_line peer.out three
	[ "$(xargs <peer.out)" = "a 4 one a 4 two a 6 three" ]
}

@test "-v sends nothing of its own, to a server or back from one" {
	udp_peer take 1 quiet 0.3
	nc -uv -w0 127.0.0.1 "$port" <<<hello 2>said
	wait_exit "$pid"
	[ "$(xargs <peer.out)" = "a 6 hello quiet" ]
	[[ "$(<said)" != *succeeded* ]]
	as=mute udp_peer quiet 0.6
	nc -uvvv -w 0.2 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	[ "$(<mute.out)" = quiet ]
}

# --- bursts -----------------------------------------------------------------

@test "10,000 datagrams that find room in the kernel all come out of a listener" {
	listen -u -W 10000
	run -0 udp_visit burst 10000 200
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$output" = "sent 2000000 $(sha listen.out)" ]
}

@test "10,000 datagrams in answer all come out of a client" {
	udp_peer take 1 burst 10000 200
	nc -u -W 10000 127.0.0.1 "$port" <<<go >client.out
	wait_exit "$pid"
	grep -x "sent 2000000 $(sha client.out)" peer.out
}

@test "a burst that came while we were stopped comes out whole" {
	listen -u -W 100
	kill -STOP "$pid"
	run -0 udp_visit sizes "$(printf '300,%.0s' {1..99})300"
	kill -CONT "$pid"
	wait_exit "$pid"
	[ "$output" = "sent 30000 $(sha listen.out)" ]
}

@test "a burst is taken from the kernel in batches" {
	need strace
	serve listen strace -qqfo trace -e trace=recvmmsg,recvmsg,recvfrom \
	    "$NC_LITE" -luv -W 100 127.0.0.1 0
	local ours
	ours=$(pgrep -P "$pid")
	kill -STOP "$ours"
	run -0 udp_visit sizes "$(printf '300,%.0s' {1..99})300"
	kill -CONT "$ours"
	wait_exit "$pid"
	(($(grep -c recv trace) <= 20)) || fail "$(grep -c recv trace) calls"
}

@test "a burst into a pipe that nobody reads for a while comes out whole" {
	mkfifo slow.fifo
	exec {reader}<>slow.fifo
	out=slow.fifo listen -u -W 1000
	run -0 udp_visit sizes "$(printf '200,%.0s' {1..99})200"
	head -c 20000 <&"$reader" >first
	[ "$output" = "sent 20000 $(sha first)" ]
	kill -0 "$pid"
}

# --- the end of a client ----------------------------------------------------

@test "a client stays one second for an answer after stdin's end, exit 0" {
	udp_peer stall
	timed nc -u 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	between 950 2900
}

@test "each answer gives it one more second" {
	udp_peer take 1 pause 0.6 reply A pause 0.6 reply B pause 0.6 reply C
	timed nc -u 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = ABC ]
	between 2700 5000
}

# bats test_tags=timing
@test "-w sets another time, and so does -q" {
	udp_peer stall
	timed nc -u -w 300ms 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	between 280 950
	timed nc -u -q 0.3 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	between 280 950
}

@test "a longer -w waits for a later answer" {
	udp_peer take 1 pause 1.3 reply late
	timed nc -u -w 2 127.0.0.1 "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = late ]
	between 1300 6000
}

# bats test_tags=timing
@test "-w0 and -q0 send and leave at once" {
	udp_peer take 2
	timed nc -u -w0 127.0.0.1 "$port" <<<first
	[ "$status" -eq 0 ]
	between 0 800
	timed nc -u -q0 127.0.0.1 "$port" <<<second
	[ "$status" -eq 0 ]
	between 0 800
	wait_exit "$pid"
	[ "$(xargs <peer.out)" = "a 6 first a 7 second" ]
}

@test "-w with stdin open: it ends when nothing moves for so long" {
	udp_peer stall
	mkfifo idle
	timed nc -u -w 400ms 127.0.0.1 "$port" <>idle
	between 380 2000
}

@test "-w0 leaves at once when there is no input at all" {
	udp_peer stall
	bound=5 timed nc -u -w0 127.0.0.1 "$port" </dev/null
	[ "$status" -eq 0 ]
	between 0 800
}

@test "-d waits for datagrams; /dev/null and a closed stdin have ended at once" {
	udp_peer stall
	timed nc -u 127.0.0.1 "$port" </dev/null
	between 900 3000
	timed blind "$NC_LITE" -u 127.0.0.1 "$port"
	between 900 3000
	[ "$status" -eq 0 ]
	start stay "$NC_LITE" -ud 127.0.0.1 "$port"
	sleep 1.5
	run ! gone "$pid"
}

@test "-W leaves after so many datagrams, with stdin open" {
	udp_peer take 1 reply 1 reply 2 reply 3
	mkfifo idle
	printf x >idle &
	client -u -W 2 127.0.0.1 "$port" <>idle
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<client.out)" = 12 ]
}

# --- errors -----------------------------------------------------------------

@test "nobody at the port: Connection refused, exit 1" {
	private
	dead=$(free_port)
	timed nc -u -w 5 127.0.0.1 "$dead" <<<hello
	[ "$status" -eq 1 ]
	one_line 'Connection refused'
	between 0 2000
	run -1 nc -u -6 ::1 "$dead" <<<hello
	one_line 'Connection refused'
}

@test "a client that is refused before its stdin ends does not wait for it" {
	private
	dead=$(free_port)
	mkfifo idle
	printf x >idle &
	client -u 127.0.0.1 "$dead" <>idle
	wait_exit "$pid"
	[ "$status" -eq 1 ]
	grep -q 'Connection refused' client.err
}

@test "silence is no error: stdin's end, one second, exit 0" {
	private
	timed nc -u 10.9.9.2 9 <<<hello
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	between 950 3000
}

@test "broadcast needs -b" {
	run ! nc -u -w0 127.255.255.255 9 <<<hello
	one_line 'Permission denied'
	serve everyone "$NC_LITE" -4luv -W 1 0
	printf hello | nc -u -b -w0 127.255.255.255 "$port"
	wait_exit "$pid"
	[ "$(<everyone.out)" = hello ]
}

@test "a second listener on a port fails and leaves the first alone" {
	listen -u -W 1
	run -2 nc -lu "$port" </dev/null
	one_line "$port.*: Address already in use"
	printf x | nc -u -w0 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
}

@test "a full disk ends a listener with exit 2" {
	out=/dev/full listen -u
	udp_visit a hello
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep 'stdout: No space left on device' listen.err
}

# --- whom a listener hears --------------------------------------------------

@test "without -k a listener hears its first peer only" {
	listen -u -W 2
	udp_visit a A1 b B a A2
	wait_exit "$pid"
	[ "$(<listen.out)" = A1A2 ]
}

@test "without -k it answers the first peer" {
	held listen -u
	start visit /usr/bin/python3 "$PEERS/udp_peer.py" connect "$port" \
	    a A1 b B a A2 take 1
	wait_for_line listen.out A1A2
	printf answer >&"$input"
	until_true test -s visit.out
	[ "$(<visit.out)" = "a 6 answer" ]
}

@test "with -k it hears all and answers the last one heard" {
	held listen -uk
	start visit /usr/bin/python3 "$PEERS/udp_peer.py" connect "$port" \
	    a A1 b B a A2 b B2 take 1
	wait_for_line listen.out A1BA2B2
	printf answer >&"$input"
	until_true test -s visit.out
	[ "$(<visit.out)" = "b 6 answer" ]
}

@test "the socket of a listener is never connected" {
	listen -uk4
	udp_visit a hello
	until_true test -s listen.out
	grep -i ":$(printf %04X "$port") 00000000:0000 07" /proc/net/udp
}

@test "a peer that left does not end a listener that answers it" {
	held listen -uk
	udp_visit a hello
	wait_for_line listen.out hello
	printf lost >&"$input"
	start visit /usr/bin/python3 "$PEERS/udp_peer.py" connect "$port" \
	    a again take 1
	wait_for_line listen.out helloagain
	printf found >&"$input"
	until_true test -s visit.out
	[ "$(<visit.out)" = "a 5 found" ]
}

@test "a listener on :: hears and answers IPv4 and IPv6" {
	listen -uk <<<unused
	run -0 udp_visit a four
	run -0 udp_visit -6 a six
	until_true grep -q foursix listen.out
}

@test "an answer over IPv6 comes back" {
	listen -u <<<answer
	run -0 nc -u -W 1 ::1 "$port" <<<question
	[ "$output" = answer ]
	wait_for_line listen.out question
}

@test "what is in stdin before the first peer came is sent to it" {
	listen -u <<<answer
	run -0 nc -u -W 1 127.0.0.1 "$port" <<<question
	[ "$output" = answer ]
	wait_for_line listen.out question
}

@test "-v says who was heard first" {
	listen -u -W 1
	udp_visit a hello
	wait_exit "$pid"
	grep -E '^Connection received on 127\.0\.0\.1 [0-9]+$' listen.err
}

@test "-W takes so many datagrams and ends with exit 0" {
	listen -uk -W 3
	udp_visit a 1 b 2 a 3 b 4
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(<listen.out)" = 123 ]
}

@test "-w ends a listener that hears nothing more" {
	listen -u -w 500ms
	udp_visit a 1
	timed wait_exit "$pid"
	between 0 3000
	[ "$(<listen.out)" = 1 ]
}

@test "nc.openbsd and socat are heard, and hear" {
	need nc.openbsd socat
	listen -uk -W 2
	echo one | bounded nc.openbsd -u -q0 127.0.0.1 "$port"
	echo two | bounded socat -u - "UDP:127.0.0.1:$port"
	wait_exit "$pid"
	[ "$(xargs <listen.out)" = "one two" ]
	start other nc.openbsd -lukvn 127.0.0.1 0
	wait_for_line other.err 'Bound on'
	echo three | nc -u -w0 127.0.0.1 "$(sed 's/.* //' other.err)"
	wait_for_line other.out three
}

@test "who is not let in is not heard, which -v says once" {
	listen -uk -W 2 --allow 127.0.0.0/8 --deny 127.0.0.2
	for _ in 1 2 3; do
		printf no | nc -u -w0 -s 127.0.0.2 127.0.0.1 "$port"
	done
	printf 1 | nc -u -w0 127.0.0.1 "$port"
	printf no | nc -u -w0 -s 127.0.0.2 127.0.0.1 "$port"
	printf 2 | nc -u -w0 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$(<listen.out)" = 12 ]
	[ "$(grep -c 'from 127.0.0.2 .* refused' listen.err)" -eq 1 ]
	run ! grep 'received on 127.0.0.2' listen.err
}

# --- idioms -----------------------------------------------------------------

@test "echo x | nc -u -w0 host 8125 delivers before it leaves" {
	listen -uk -W 20
	for _ in {1..20}; do
		echo metric | nc -u -w0 127.0.0.1 "$port"
	done
	wait_exit "$pid"
	[ "$(grep -c metric listen.out)" -eq 20 ]
}

@test "nc -klu PORT goes on through the errors of its clients" {
	serve log "$NC_LITE" -vklu 0
	udp_visit a 1 b 2
	udp_visit a 3
	until_true grep -q 123 log.out
	kill -0 "$pid"
}

@test "--recv-only and -d read no stdin" {
	udp_peer quiet 1
	{
		nc -u -w 0.2 --recv-only 127.0.0.1 "$port"
		nc -u -w 0.2 -d 127.0.0.1 "$port"
		cat >rest
	} <<<untouched
	wait_exit "$pid"
	[ "$(<rest) $(<peer.out)" = "untouched quiet" ]
}
