#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# Many peers of one listener (-k), at the same time.
load helper

# many WHAT ARGS...: peers/many.py, bounded.
many() {
	bounded /usr/bin/python3 "$PEERS/many.py" "$@"
}

# descriptors: how many the server has open.
descriptors() {
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

# most_memory PID: the most that it has had at once, in KiB.
most_memory() {
	awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status"
}

descriptors_are() {
	[ "$(descriptors "$1")" -eq "$2" ]
}

@test "a client is served while another one stays" {
	listen -k
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say one stall
	wait_for_line listen.out one
	[[ $(visit say two fin readall) == "fin 0 "* ]]
	until_true holds listen.out onetwo
}

# bats test_tags=long
@test "a hundred writers tear no line" {
	listen -k
	[ "$(many lines "$port" 100 60)" = sent ]
	[ "$(many check 100 60 <listen.out)" = whole ]
}

@test "a piece without its newline comes out at the peer's end" {
	listen -k
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say 'one\n' hex 1 stall
	wait_for_line listen.out one
	start second /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say 'half ' acked quiet 0.3 quiet 0.7 say 'whole' fin readall
	wait_for_line second.out quiet
	[ "$(<listen.out)" = one ]
	wait_for_line second.out fin
	[ "$(<listen.out)" = $'one\nhalf whole' ]
}

@test "a line that does not end is torn after 64 KiB, and nothing of it is lost" {
	listen -k
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" hex 1 stall
	wait_for_line listen.err 'received on'
	head -c 300000 /dev/zero | tr '\0' x >in
	nc -N 127.0.0.1 "$port" <in
	same in listen.out
}

@test "a piece waits for its newline up to 64 KiB, and not for one byte more" {
	idle_pipe
	listen -k <&"$idle"
	start other /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say 'one\n' stall
	wait_for_line listen.out one
	start long /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say "$(printf '%065535d' 0)" acked quiet 0.1 hex 1 say 0 stall
	wait_for_line long.out quiet
	nc -N 127.0.0.1 "$port" <<<two
	until_true holds listen.out $'one\ntwo'
	printf x >&"$tap"
	until_true has listen.out $((65536 + 8))
}

@test "stdin goes to all who are there, and its end too" {
	idle_pipe
	listen -k <&"$idle"
	start readers /usr/bin/python3 "$PEERS/many.py" hear "$port" 5 0
	until_true have_come 5
	random 300000 in
	cat in >&"$tap"
	exec {tap}>&-
	wait_for_line readers.out 'fin 5 reset 0'
	[ "$(grep -c "$(sha in)" readers.out)" -eq 5 ]
}

have_come() {
	[ "$(grep -c 'received on' listen.err)" -ge "$1" ]
}

@test "of many readers the slow are cut off, and say so; the others get all" {
	random 12M in
	idle_pipe
	listen -k <&"$idle"
	start readers /usr/bin/python3 "$PEERS/many.py" hear "$port" 50 3
	until_true have_come 50
	cat in >&"$tap"
	exec {tap}>&-
	wait_for_line readers.out 'fin 47 reset 3'
	[ "$(grep -c "^fin $(sha in)" readers.out)" -eq 47 ]
	[ "$(grep -c 'behind the others; incomplete' listen.err)" -eq 3 ]
}

@test "who is less than 1 MiB behind is not cut off" {
	random 900K in
	idle_pipe
	listen -k -O 4096 <&"$idle"
	start slow /usr/bin/python3 "$PEERS/peer.py" connect "$port" -b 4096 \
	    hex 1 readall
	local slow=$pid
	start fast /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    hex 1 readall
	until_true have_come 2
	printf x >&"$tap"
	wait_for_line slow.out 78
	kill -STOP "$slow"
	cat in >&"$tap"
	exec {tap}>&-
	wait_for_line fast.out "^fin 921600 $(sha in)"
	kill -CONT "$slow"
	wait_for_line slow.out "^fin 921600 $(sha in)"
}

@test "--broker with a hundred who never read: cut off at once, the others get all" {
	random 12M in
	listen -k --broker
	local server=$pid before
	start readers /usr/bin/python3 "$PEERS/many.py" hear "$port" 105 100 \
	    12582912
	until_true have_come 105
	before=$(most_memory "$server")
	bound=15 nc -N 127.0.0.1 "$port" <in
	wait_for_line readers.out 'fin 5 reset 100'
	[ "$(grep -c "^fin $(sha in)" readers.out)" -eq 5 ]
	[ "$(grep -c 'behind the others; incomplete' listen.err)" -eq 100 ]
	same in listen.out
	# What they missed is kept for nobody.
	[[ $NC_LITE == */asan/* ]] || (($(most_memory "$server") - before < 12000)) ||
	    fail "$(most_memory "$server") KiB after $before"
}

@test "one slow reader alone slows stdin, and gets all" {
	random 3M in
	listen -k <in
	[ "$(visit -b 4096 slowly 200000)" = "fin 3145728 $(sha in)" ]
}

@test "those who come after stdin's end have a peer without input" {
	listen -k <<<hello
	[[ $(visit text) == hello ]]
	run visit quiet 0.3 say x fin readall
	[ "${lines[0]}" = quiet ]
}

@test "messages about a peer name it" {
	listen -k
	visit say one acked reset
	wait_for_line listen.err \
	    '^nc-lite: 127\.0\.0\.1 [0-9]*: peer: Connection reset by peer; incomplete'
}

@test "--broker passes on what one sends to the others, and to stdout" {
	listen -k --broker
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    hex 4 say 'back\n' stall
	until_true have_come 1
	start second /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say 'one\n' hex 5 stall
	wait_for_line first.out 6f6e650a
	wait_for_line second.out 6261636b0a
	until_true holds listen.out $'one\nback'
}

@test "--chat says who said it, a line at a time" {
	listen -k --chat
	start first /usr/bin/python3 "$PEERS/peer.py" connect "$port" text
	until_true have_come 1
	nc -N 127.0.0.1 "$port" <<<hello
	wait_for_line listen.out '^<127\.0\.0\.1 [0-9]*> hello$'
	kill "$pid"
}

@test "ncat talks to others through --broker" {
	need ncat
	listen -k --broker
	start ncat ncat 127.0.0.1 "$port" < <(sleep 20)
	until_true have_come 1
	nc -N 127.0.0.1 "$port" <<<hello
	wait_for_line ncat.out '^hello$'
}

@test "--allow lets in who is named, IPv4 also where IPv6 listens" {
	listen -k --allow 192.0.2.0/24,127.0.0.1
	[[ $(visit say x fin readall) == "fin 0 "* ]]
	listen -k --allow 192.0.2.0/24
	[[ $(visit readall) == "reset 0 "* ]]
	grep -q '^nc-lite: connection from 127\.0\.0\.1 [0-9]* refused' listen.err
}

@test "--deny keeps out who is named, though --allow has it" {
	printf '%s\n' '# ours' '127.0.0.0/8 # all' '::1' >here
	listen -k --allow @here --deny 127.0.0.1
	[[ $(visit readall) == "reset 0 "* ]]
}

@test "--allow and --deny are for IPv6, too" {
	need_ipv6
	listen -k --deny ::1/128
	[[ $(visit -6 readall) == "reset 0 "* ]]
	[[ $(visit say x fin readall) == "fin 0 "* ]]
}

need_ipv6() {
	grep -q '^0*1 ' /proc/net/if_inet6 || skip "needs IPv6"
}

@test "a stranger does not use up a listener without -k" {
	listen --allow 127.0.0.0/8 --deny 127.0.0.1
	[[ $(visit readall) == "reset 0 "* ]]
	kill -0 "$pid"
}

@test "bad networks are refused, by name" {
	for bad in 10.0.0.0/33 ::1/129 localhost 1.2.3 '' @/nonexistent; do
		run -2 nc -l --allow "$bad" 0
		[[ $output == "nc-lite: --allow: "* ]]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "a command is for loopback only, unless somebody is named" {
	listen --exec cat
	grep -q '^Listening on 127\.0\.0\.1 ' listen.err
	grep -q '^nc-lite: listening on 127\.0\.0\.1 only' listen.err
	nc --psk-new key
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -keyout ca.key \
	    -out ca.pem 2>/dev/null
	local how
	for how in "--allow 127.0.0.1" "-c --psk key" \
	    "-c -H sha256:$(sha key)" "-c --client-auth --ca ca.pem" \
	    "-s 0.0.0.0" 0.0.0.0; do
		# shellcheck disable=SC2086 # two words
		listen --exec cat $how
		grep -q '^Listening on \(::\|0\.0\.0\.0\) ' listen.err
		run ! grep ' only: ' listen.err
	done
	# Neither whom not to let in nor TLS says who may come.
	for how in "--deny 192.0.2.1" -c; do
		# shellcheck disable=SC2086 # two words
		listen --exec cat $how
		grep -q '^Listening on 127\.0\.0\.1 ' listen.err
	done
	if need_ipv6; then
		listen -6 --exec cat
		grep -q '^Listening on ::1 ' listen.err
	fi
}

@test "a command finds the connection in its environment" {
	listen --sh-exec 'echo $NC_REMOTE_ADDR $NC_REMOTE_PORT $NC_LOCAL_ADDR \
	    $NC_LOCAL_PORT $NC_PROTO $NCAT_REMOTE_ADDR $NCAT_PROTO'
	[[ $(visit text) == "127.0.0.1 "[0-9]*" 127.0.0.1 $port TCP 127.0.0.1 TCP" ]]
}

# failing COMMAND: the client of that command must not see a good end.
failing() {
	as=failing listen --sh-exec "$1"
	run -1 nc 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	[ "$status" -eq 1 ]
}

@test "a command that fails: its peer sees a reset" {
	failing 'head -c 1000 /dev/zero; kill -9 $$'
	failing 'echo some; exit 3'
	failing 'exit 1'
	failing 'tar c /nonexistent/dir 2>/dev/null'
	failing '/nonexistent 2>/dev/null'
}

# choking COMMAND: nor who sends to one that fails.
choking() {
	as=choking listen --sh-exec "$1"
	run -1 nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 1 ]
}

@test "a command that fails to take what is sent: the sender fails, too" {
	random 3M in
	choking 'cat >/dev/full'
	choking 'gzip -dc >/dev/null'
	choking 'tar xf -'
	choking 'cat >out; kill -9 $$'
	choking 'exec >/dev/null; cat; exit 1'
}

@test "a command whose stdout is elsewhere does not end the connection" {
	random 3M in
	listen --sh-exec 'cat >out'
	nc 127.0.0.1 "$port" <in
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same in out
}

# They leave before the command speaks: one that has read everything and only shut
# down sending might still be waiting for more.
@test "a command whose peer has gone is hung up, and its place is free" {
	listen -k --max-conns 3 --sh-exec 'trap "echo hup >>hups; exit" HUP
	    read x; echo hello; sleep 60 & wait'
	for _ in 1 2 3; do
		nc -z 127.0.0.1 "$port"
	done
	visit fin hex 6
	for _ in 1 2 3; do
		visit fin
	done
	visit fin hex 6
	wait_for_line hups hup
}

# bats test_tags=long
@test "a command gets SIGHUP 1 s after its peer has gone, and SIGKILL 5 s later" {
	listen -k --sh-exec 'trap "date +%s%6N >hup" HUP; echo $$ >began
	    while :; do sleep 0.1; done' </dev/null
	visit pause 0.2 reset
	local left=${EPOCHREALTIME/[.,]/}
	until_true test -s hup
	local command after=$(($(<hup) - left))
	((after >= 800000 && after < 4000000)) || fail "SIGHUP after $after us"
	command=$(<began)
	until_true gone "$command"
	local took=$((${EPOCHREALTIME/[.,]/} - $(<hup)))
	((took >= 4900000 && took < 15000000)) || fail "$took us"
}

@test "a hundred health checks do not keep a client out" {
	listen -k --max-conns 100 --sh-exec 'read x; echo hello; exec sleep 60'
	for _ in {1..100}; do
		"$NC_LITE" -z 127.0.0.1 "$port"
	done
	[[ $(visit fin hex 6) == 68656c6c6f0a ]]
}

@test "what has gone leaves neither descriptors nor dead commands behind" {
	listen -k --sh-exec 'read x; echo $x'
	visit say 'a\n' readall
	local before
	before=$(descriptors "$pid")
	for _ in {1..30}; do
		visit say 'a\n' text >/dev/null
		visit reset
	done
	within=10 until_true descriptors_are "$pid" "$before"
	run ! pgrep -r Z -P "$pid"
}

# bats test_tags=long
@test "clients that die at any moment leave others whole, and nothing behind" {
	listen -k
	local before server=$pid
	visit say x fin readall
	before=$(descriptors "$pid")
	many die "$port" 100 &
	local dying=$!
	many send "$port" 50 200000 >sent
	wait "$dying"
	grep -q '^fin 50$' sent
	within=10 until_true descriptors_are "$server" "$before"
}

@test "idle peers cost nothing, and the server hears them when they speak" {
	listen -k
	local before server=$pid
	start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" 200 < <(sleep 30)
	wait_for_line crowd.out held
	start late /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    pause 1 say late fin readall
	wait_for_line late.out fin
	grep -q late listen.out
	before=$(ticks "$server")
	[[ $(visit quiet 1) == quiet ]]
	(($(ticks "$server") - before <= 2))
}

@test "--max-conns holds for all peers, and those who wait are served later" {
	listen -k --max-conns 2
	start one /usr/bin/python3 "$PEERS/peer.py" connect "$port" say 1 pause 1 fin readall
	start two /usr/bin/python3 "$PEERS/peer.py" connect "$port" say 2 pause 1 fin readall
	until_true have_come 2
	[[ $(visit say 3 fin readall) == "fin 0 "* ]]
	grep -q fin one.out two.out
}

@test "--max-conns is 1000, if it is not given" {
	ulimit -Sn 4096 2>/dev/null || skip "needs descriptors"
	listen -k </dev/null
	local line
	idle_pipe
	as=first client 127.0.0.1 "$port" <&"$idle"
	until_true have_come 1
	start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" 1000 \
	    < <(sleep 30)
	wait_for_line crowd.out held
	until_true have_come 1000
	# It looks twice, and at its door as well.
	for line in one two; do
		echo "$line" >&"$tap"
		wait_for_line listen.out "$line"
	done
	[ "$(grep -c 'received on' listen.err)" -eq 1000 ]
}

@test "handshakes that never end keep nobody out" {
	nc --psk-new key
	listen -kc --psk key
	start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" 100 < <(sleep 30)
	wait_for_line crowd.out held
	nc -N -c --psk key 127.0.0.1 "$port" <<<hello
	until_true holds listen.out hello
}

@test "a server with few descriptors serves on when those who keep them are late" {
	nc --psk-new key
	serve listen sh -c 'ulimit -n 24; exec "$@"' - "$NC_LITE" -lkvc -w 1 \
	    --psk key 127.0.0.1 0 </dev/null
	start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" 12 < <(sleep 30)
	wait_for_line crowd.out held
	bound=20 nc -N -c --psk key 127.0.0.1 "$port" <<<hello
	until_true holds listen.out hello
}

@test "a server without memory loses a peer, and neither itself nor its stdin" {
	need prlimit
	[[ $NC_LITE != */asan/* ]] || skip "the sanitizer ends who has no memory"
	idle_pipe
	listen -k <&"$idle"
	local stdin
	stdin=$(readlink "/proc/$pid/fd/0")
	prlimit --pid "$pid" --as=1:
	[[ $(visit readall) == "reset 0 "* ]]
	grep -q 'Cannot allocate memory\|no memory' listen.err
	prlimit --pid "$pid" --as=unlimited:
	[ "$(readlink "/proc/$pid/fd/0")" = "$stdin" ]
	visit say two fin readall
	until_true holds listen.out two
}

@test "where there is no place, who says nothing makes room after a second" {
	nc --psk-new key
	listen -kc --psk key --max-conns 10
	start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" 20 < <(sleep 30)
	wait_for_line crowd.out held
	bound=15 nc -N -c --psk key 127.0.0.1 "$port" <<<hello
	until_true holds listen.out hello
	grep -q '^nc-lite: 127.0.0.1 [0-9]*: peer: dropped, as other peers are' listen.err
	local option
	for option in --accept-proxy --proxy-server; do
		listen -k $option --max-conns 10
		start crowd /usr/bin/python3 "$PEERS/many.py" hold "$port" 15 \
		    < <(sleep 30)
		wait_for_line crowd.out held
		wait_for_line listen.err 'peer: dropped, as other peers are'
	done
}

@test "--timeout ends the server, and blames nobody when peers came" {
	listen -k --timeout 1
	visit say x fin readall
	wait_exit "$pid"
	[ "$status" -eq 3 ]
	run ! grep 'no peer connected' listen.err
}

@test "--out DIR/ gives each peer a file of its own, named when it is whole" {
	mkdir out
	listen -k --out out/
	many send "$port" 30 100000 >sent
	[ "$(head -n 1 sent)" = "fin 30" ]
	tail -n +2 sent | cut -d ' ' -f 2 | sort >theirs
	sha256sum out/* | cut -d ' ' -f 1 | sort | diff - theirs
	[ -z "$(find out -name '*.part')" ]
}

@test "--out DIR/: what is cut stays a .part, and a port scan leaves nothing" {
	mkdir out
	listen -k --out out/
	nc -z 127.0.0.1 "$port"
	visit send 5000 acked reset
	wait_for_line listen.err 'reset by peer; incomplete'
	[ "$(find out -type f | wc -l)" -eq 1 ]
	[[ $(find out -type f) == *.part ]]
}

@test "--out DIR/: a disk that takes long keeps no other peer waiting, and -w still" {
	need strace
	mkdir out
	ASAN_OPTIONS=detect_leaks=0 serve listen strace -f -qq -o trace \
	    -e trace=fsync -e inject=fsync:delay_enter=2000000 \
	    "$NC_LITE" -lkv -w 1 --out out/ 127.0.0.1 0 </dev/null
	idle_pipe
	as=first client 127.0.0.1 "$port" <<<one
	local first=$pid
	until_true grep -q fsync trace
	echo two >&"$tap"
	client 127.0.0.1 "$port" <&"$idle"
	until_true grep -qx two -r out
	[[ $(grep -lx one -r out) == *.part ]]
	wait_exit "$first"
	[ "$status" -eq 0 ]
	[[ $(grep -lx one -r out) != *.part ]]
}

@test "--out DIR/ and --in: files on both sides, for each peer" {
	mkdir out
	random 100000 in
	listen -k --out out/ --in in
	for i in 1 2 3; do
		echo "hello $i" | nc 127.0.0.1 "$port" >"got$i"
		same in "got$i"
	done
	until_true named out
	[ "$(cat out/* | sort)" = $'hello 1\nhello 2\nhello 3' ]
}

# Their own end comes with that of --in, perhaps before the file's.
named() {
	[ -z "$(find "$1" -name '*.part')" ]
}

@test "--out DIR/: stdin goes to all" {
	mkdir out
	listen -k --out out/ <<<hello
	[ "$(visit say x text)" = hello ]
}
