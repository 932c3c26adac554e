#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# --forward: each peer has a target of its own, and ends are passed on as they are.

load helper

setup_file() {
	IN=$BATS_FILE_TMPDIR/in
	random 4M "$IN"
	export IN
}

# target STEP...: a target with its port in $target.
target() {
	as=target peer "$@"
	target=$port target_pid=$pid
}

# forward TARGET OPTION...: a forwarder to it; its port is in $port.
forward() {
	local to=$1
	shift
	as=forward listen --forward "$to" "$@"
	forward_pid=$pid
}

# dials ADDRESS: a connection to it is under way.
dials() {
	"${inside[@]}" ss -Htn state syn-sent | grep -q "$1"
}

### bytes

@test "what is sent through a forwarder arrives, both ways" {
	target both 3000000
	forward "127.0.0.1:$target" -k
	visit both 5000000 >visit.out
	wait_exit "$target_pid"
	[[ $(<visit.out) == *"fin 3000000 "* ]]
	[[ $(<target.out) == *"fin 5000000 "* ]]
}

@test "a file goes through two forwarders, and all four ends exit 0" {
	as=receiver listen
	receiver=$pid
	as=first listen --forward "127.0.0.1:$port"
	first=$pid
	as=second listen --forward "127.0.0.1:$port"
	second=$pid
	nc 127.0.0.1 "$port" <"$IN"
	wait_exit "$receiver"
	[ "$status" -eq 0 ]
	wait_exit "$first"
	[ "$status" -eq 0 ]
	wait_exit "$second"
	[ "$status" -eq 0 ]
	same "$IN" receiver.out
}

@test "curl fetches through a forwarder as from the server itself" {
	need curl nginx
	mkdir -p www logs
	cp "$IN" www/in
	closed_port
	local free=$port
	kill "$pid"
	cat >nginx.conf <<END
daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http { access_log off; client_body_temp_path logs; proxy_temp_path logs;
fastcgi_temp_path logs; uwsgi_temp_path logs; scgi_temp_path logs;
server { listen 127.0.0.1:$free; root www; } }
END
	start nginx nginx -p "$PWD" -c nginx.conf
	until_true curl -sfo probe "http://127.0.0.1:$free/in"
	forward "127.0.0.1:$free" -k
	curl -sf "http://127.0.0.1:$port/in" -o got "http://127.0.0.1:$port/in" -o got2
	same "$IN" got
	same "$IN" got2
}

@test "redis-benchmark and wrk load a server through a forwarder" {
	need redis-benchmark redis-check-rdb wrk nginx
	# The server is the same program by another name.
	ln -s "$(command -v redis-check-rdb)" redis-server
	closed_port
	kill "$pid"
	wait_exit "$pid"
	start redis ./redis-server --port "$port" --bind 127.0.0.1 --save ''
	wait_for_line redis.out 'Ready to accept'
	forward "127.0.0.1:$port" -k
	run -0 bounded redis-benchmark -p "$port" -n 2000 -c 50 -d 3000 -P 8 \
	    -t set,get,lrange_100 --csv
	[ "$(grep -c '^"\(SET\|GET\|LRANGE\)' <<<"$output")" -ge 3 ]
	mkdir -p logs
	head -c 20000 "$IN" >page
	closed_port
	local free=$port
	kill "$pid"
	cat >nginx.conf <<END
daemon off; master_process off; pid nginx.pid; error_log stderr;
events {}
http { access_log off; client_body_temp_path logs; proxy_temp_path logs;
fastcgi_temp_path logs; uwsgi_temp_path logs; scgi_temp_path logs;
server { listen 127.0.0.1:$free; root .; } }
END
	start nginx nginx -p "$PWD" -c nginx.conf
	forward "127.0.0.1:$free" -k
	until_true curl -sfo probe "http://127.0.0.1:$port/page"
	run -0 bounded wrk -t 1 -c 40 -d 1 "http://127.0.0.1:$port/page"
	[[ $output != *'Socket errors'* && $output != *Non-2xx* ]]
	run -0 bounded wrk -t 1 -c 40 -d 1 -H 'Connection: close' \
	    "http://127.0.0.1:$port/page"
	[[ $output != *'Socket errors'* && $output != *Non-2xx* ]]
}

@test "psql talks to PostgreSQL through a forwarder" {
	local bin sql='copy (select i, md5(i::text) from generate_series(1, 50000) i) to stdout'
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | tail -n 1)
	need "$bin/initdb" "$bin/psql" unshare
	closed_port
	local free=$port user=()
	kill "$pid"
	# It does not serve root, who need not be root in there.
	if ((EUID == 0)); then
		user=(unshare -U --map-user=65534 --map-group=65534)
		"${user[@]}" true 2>/dev/null || skip "needs namespaces"
	fi
	bounded "${user[@]}" "$bin/initdb" -D data -U me -A trust --no-sync \
	    >initdb.out 2>&1 || fail "$(<initdb.out)"
	start postgres "${user[@]}" "$bin/postgres" -D data -F -k "$PWD" -p "$free" \
	    -c listen_addresses=127.0.0.1
	until_true "$bin/pg_isready" -qh 127.0.0.1 -p "$free"
	forward "127.0.0.1:$free" -k
	sql() {
		bounded "$bin/psql" -XqAtv ON_ERROR_STOP=1 \
		    "host=127.0.0.1 port=$1 user=me dbname=postgres" -c "$2"
	}
	sql "$free" "$sql" >direct
	sql "$port" "$sql" >through
	same direct through
	[ "$(wc -l <through)" -eq 50000 ]
	sql "$port" 'create table t (i int, sum text)'
	sql "$port" 'copy t from stdin' <through
	sql "$free" 'copy t to stdout' >stored
	same direct stored
	run ! sql "$port" 'select 1 / 0'
	[[ $output == *'division by zero'* ]]
}

@test "a UNIX socket can be the target, and the listener" {
	start up "$NC_LITE" -lvU inner --exec 'tr a-z A-Z'
	wait_for_line up.err Listening
	start outer "$NC_LITE" -lvU outer --forward unix:inner
	wait_for_line outer.err Listening
	[ "$(nc -U outer <<<hello)" = HELLO ]
	start up "$NC_LITE" -lvU inner --exec 'tr a-z A-Z'
	wait_for_line up.err Listening
	forward unix:inner
	[ "$(nc 127.0.0.1 "$port" <<<again)" = AGAIN ]
}

@test "TLS ends at a forwarder with -c, and begins at one with tls:" {
	need openssl
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem \
	    -addext subjectAltName=DNS:localhost 2>openssl.err
	as=plain listen --exec 'tr a-z A-Z'
	as=outer listen -c --cert cert.pem --key key.pem \
	    --forward "127.0.0.1:$port"
	as=inner listen --forward "tls:localhost:$port" --forward-ca cert.pem
	[ "$(nc 127.0.0.1 "$port" <<<hello)" = HELLO ]
}

@test "a target whose certificate nobody vouches for is exit 5, and a reset" {
	need openssl
	as=outer listen -c --exec cat
	forward "tls:localhost:$port"
	visit readall >visit.out
	[[ $(<visit.out) == "reset 0 "* ]]
	wait_exit "$forward_pid"
	[ "$status" -eq 5 ]
	grep -q "^nc-lite: TLS with" forward.err
}

### ends

@test "a half-close is passed on, and what is said after it arrives" {
	target readall pause 0.3 send 100000 fin
	forward "127.0.0.1:$target"
	visit send 5000 fin readall >visit.out
	[[ $(<visit.out) == *"fin 100000 "* ]]
	[[ $(<target.out) == *"fin 5000 "* ]]
	wait_exit "$forward_pid"
	[ "$status" -eq 0 ]
}

@test "a half-close by the target is passed on, and the peer may go on" {
	target send 7 fin readall
	forward "127.0.0.1:$target"
	visit readall send 100000 fin >visit.out
	[[ $(<visit.out) == "fin 7 "* ]]
	wait_exit "$target_pid"
	[[ $(<target.out) == *"fin 100000 "* ]]
	wait_exit "$forward_pid"
	[ "$status" -eq 0 ]
}

# probed PID: both of its connections have keepalive timers.
probed() {
	[ "$(ss -tnpo | grep "pid=$1," | grep -c keepalive)" = 2 ]
}

@test "once one direction has ended both ends are probed, for the other may be silent" {
	need ss
	target fin stall
	forward "127.0.0.1:$target"
	start visit /usr/bin/python3 "$PEERS/peer.py" connect "$port" stall
	within=5 until_true probed "$forward_pid"
}

@test "an end without a byte is passed on, too, and at once" {
	target readall say ok fin
	forward "127.0.0.1:$target"
	visit fin text >visit.out
	[ "$(<visit.out)" = ok ]
	[[ $(<target.out) == "fin 0 "* ]]
	wait_exit "$forward_pid"
	[ "$status" -eq 0 ]
}

@test "a reset by the peer is a reset for the target" {
	target read 5 readall
	forward "127.0.0.1:$target"
	visit say hello acked pause 0.2 reset
	wait_exit "$target_pid"
	[[ $(<target.out) == *"reset 0 "* ]]
	wait_exit "$forward_pid"
	[ "$status" -eq 1 ]
	grep -q "nc-lite: peer: Connection reset by peer; incomplete: 0 bytes\
 sent, 5 bytes received" forward.err
}

@test "a reset by the target is a reset for the peer, after what came before" {
	target say hello acked pause 0.2 reset
	forward "127.0.0.1:$target"
	visit read 5 readall >visit.out
	[[ $(<visit.out) == *"reset 0 "* ]]
	wait_exit "$forward_pid"
	[ "$status" -eq 1 ]
	grep -q "nc-lite: target: Connection reset by peer; incomplete" forward.err
}

@test "a reset of the target reaches a peer that reads nothing, at once" {
	as=target listen </dev/zero
	target_pid=$pid
	forward "127.0.0.1:$port"
	start visit /usr/bin/python3 "$PEERS/peer.py" connect "$port" -b 4096 \
	    fin stall
	wait_for_line target.err 'received on'
	sleep 0.3
	kill -KILL "$target_pid"
	within=3 wait_exit "$forward_pid"
	[ "$status" -eq 1 ]
	grep -q "nc-lite: target: Connection reset by peer" forward.err
}

@test "a forwarder that is killed resets both" {
	target read 5 readall
	forward "127.0.0.1:$target"
	start visit /usr/bin/python3 "$PEERS/peer.py" connect "$port" \
	    say hello readall
	visitor=$pid
	wait_for_line target.out 'read 5'
	kill -KILL "$forward_pid"
	wait_exit "$target_pid"
	wait_exit "$visitor"
	[[ $(<target.out) == *"reset 0 "* ]]
	[[ $(<visit.out) == *"reset 0 "* ]]
}

@test "nobody ends well with a short file, whoever of a chain is killed and when" {
	seeded
	bound=300 bounded /usr/bin/python3 "$PEERS/forward_kills.py" \
	    "$NC_LITE" "${KILLS:-24}" "$RANDOM"
}

@test "a splice that fails anywhere costs no byte, or is a reset for both" {
	need strace
	local at how
	head -c 600000 "$IN" >in
	for how in EINVAL EAGAIN EIO; do
		for at in 1 2 3 5 7; do
			as=receiver listen
			receiver=$pid
			ASAN_OPTIONS=detect_leaks=0 serve forward strace -f -qq \
			    -o trace -e "inject=splice:error=$how:when=$at" \
			    "$NC_LITE" -lv --forward "127.0.0.1:$port" 0
			status=0
			nc 127.0.0.1 "$port" <in 2>nc.err || status=$?
			grep -q INJECTED trace || continue
			[ "$how" = EIO ] || [ "$status" -eq 0 ]
			sent=$status
			wait_exit "$receiver"
			[ "$status" -ne 0 ] || same in receiver.out
			[ "$how" = EIO ] || [ "$status" -eq 0 ]
			# What failed after all had come harms nobody.
			[ "$how" != EIO ] || ((sent && status)) ||
			    same in receiver.out
		done
	done
}

### targets that are none

@test "a target that refuses is a line, and the peer is reset" {
	closed_port
	local closed=$port
	forward "127.0.0.1:$closed" -k
	visit readall >visit.out
	[[ $(<visit.out) == "reset 0 "* ]]
	wait_for_line forward.err "nc-lite: 127.0.0.1 [0-9]*: connect to\
 127.0.0.1 port $closed (tcp) failed: Connection refused"
	kill -0 "$forward_pid"
}

@test "a target that accepts and resets is a reset for the peer" {
	target reset
	forward "127.0.0.1:$target" -k
	visit readall >visit.out
	[[ $(<visit.out) == *"reset 0 "* ]]
	wait_for_line forward.err '^nc-lite: 127.*: Connection reset by peer'
	kill -0 "$forward_pid"
}

@test "a target whose name is unknown is a line, and the peer is reset" {
	private
	forward nowhere.example:80 -k
	visit readall >visit.out
	[[ $(<visit.out) == "reset 0 "* ]]
	wait_for_line forward.err 'nowhere.example'
	kill -0 "$forward_pid"
}

@test "a target that is filtered keeps nobody else waiting, and no longer than -w" {
	need ss
	private
	target echo
	printf '10.9.9.2 target\n' >hosts
	forward "target:$target" -k -w 1
	start lost "${inside[@]}" /usr/bin/python3 "$PEERS/peer.py" \
	    connect "$port" readall
	lost=$pid
	until_true dials 10.9.9.2
	printf '127.0.0.1 target\n' >hosts
	visit say hello fin text >visit.out
	[ "$(<visit.out)" = hello ]
	wait_exit "$lost" 5
	[[ $(<lost.out) == "reset 0 "* ]]
}

@test "a peer that leaves before the target answers is not waited for" {
	private
	forward 10.9.9.2:80
	visit pause 0.2 reset
	wait_exit "$forward_pid" 5
	[ "$status" -eq 1 ]
}

@test "a target that is the listener itself is refused, however it is written" {
	closed_port
	local free=$port to
	kill "$pid"
	wait_exit "$pid"
	for to in 127.0.0.1 0.0.0.0; do
		run -2 nc -lk --forward "$to:$free" 127.0.0.1 "$free"
		[[ $output == *"--forward: $to $free is this listener itself" ]]
	done
	run -2 nc -lk --forward "127.0.0.1:$free" 0.0.0.0 "$free"
	run -2 nc -lkU own --forward unix:own
	[[ $output == *"--forward: own is this listener itself" ]]
	# A name, and all addresses of both families: seen for each peer.
	start forward "$NC_LITE" -lkv --allow 127.0.0.0/8 \
	    --forward "localhost:$free" "$free"
	wait_for_line forward.err '^Listening'
	port=$free
	visit readall >visit.out
	visit readall >>visit.out
	[ "$(grep -c '^reset 0 ' visit.out)" -eq 2 ]
	[ "$(grep -c "connect to localhost port $free: that is this listener\$" \
	    forward.err)" -eq 2 ]
	[ "$(grep -c 'Connection received' forward.err)" -eq 2 ]
}

### many

@test "hundreds at once are each led to a target of their own" {
	need python3
	serve echo /usr/bin/python3 - <<'END'
import socket, threading
s = socket.create_server(("127.0.0.1", 0), backlog=512)
print("listening on 127.0.0.1:%d" % s.getsockname()[1], file=__import__("sys").stderr, flush=True)
def echo(c):
    while d := c.recv(65536):
        c.sendall(d)
    c.close()
while True:
    threading.Thread(target=echo, args=(s.accept()[0],), daemon=True).start()
END
	forward "127.0.0.1:$port" -k
	bounded /usr/bin/python3 - "$port" <<'END'
import socket, sys
port = int(sys.argv[1])
peers = [socket.create_connection(("127.0.0.1", port)) for i in range(200)]
for i, p in enumerate(peers):
    p.sendall(b"%06d" % i * 5000)
    p.shutdown(socket.SHUT_WR)
for i, p in enumerate(peers):
    got = b""
    while d := p.recv(65536):
        got += d
    assert got == b"%06d" % i * 5000, (i, len(got))
END
}

@test "a slow reader behind a fast writer costs no memory" {
	target pause 2 slowly 100000000
	forward "127.0.0.1:$target"
	visit send 40000000 fin readall >visit.out
	local rss
	rss=$(awk '/VmHWM/ { print $2 }' "/proc/$forward_pid/status" || echo 0)
	[ "$rss" -lt 12000 ]
	wait_exit "$forward_pid"
	[ "$status" -eq 0 ]
}

### what is said

@test "-v says both pairs of addresses, and at the end what went each way" {
	target read 5 say ok fin
	forward "127.0.0.1:$target"
	visit say hello fin readall >visit.out
	wait_exit "$forward_pid"
	[ "$status" -eq 0 ]
	grep -Eq "^nc-lite: tcp 127.0.0.1 $port -> 127.0.0.1 [0-9]+, forwarded by\
 tcp 127.0.0.1 [0-9]+ -> 127.0.0.1 $target\$" forward.err
	grep -q "^nc-lite: 2 bytes sent, 5 bytes received in" forward.err
	run ! grep -q succeeded forward.err
}

@test "--summary-json is an object for each peer, and SIGUSR1 a line for all" {
	target readall send 300 fin
	local first=$target_pid
	forward "127.0.0.1:$target" -k --summary-json
	visit send 5000 fin readall
	wait_exit "$first"
	wait_for_line forward.err '"bytes_received":5000'
	bounded /usr/bin/python3 - forward.err <<-'END'
		import json, sys
		seen = [json.loads(line) for line in open(sys.argv[1])
		        if line.startswith("{")]
		assert seen[0]["peer"].startswith("127.0.0.1 "), seen
		assert (seen[0]["bytes_sent"], seen[0]["bytes_received"],
		        seen[0]["exit_status"]) == (300, 5000, 0), seen
	END
	kill -USR1 "$forward_pid"
	wait_for_line forward.err '^0 peers  got 4.88 KiB  .*sent 300 B  '
}

@test "--progress is one line for all who are forwarded" {
	as=target listen -k --sh-exec 'head -c 5 && exec cat'
	start screen /usr/bin/python3 "$PEERS/screen.py" 80 "$NC_LITE" -lkv \
	    --progress --forward "127.0.0.1:$port" 127.0.0.1 0
	until_true grep -q 'istening on 127.0.0.1 [0-9]' screen.out
	port=$(sed -En 's/.*istening on .* ([0-9]+).*/\1/p' screen.out)
	local i
	for i in 1 2; do
		start "peer$i" /usr/bin/python3 "$PEERS/peer.py" connect \
		    "$port" say "$i$i$i$i\n" read 5 stall
	done
	wait_for_line screen.out \
	    '^80 2 peers  sent 10 B  .*  got 10 B  '
}

@test "--limit-rate and --limit-rate-in bound each peer's bytes, both ways" {
	local how began took
	for how in '--limit-rate 100k 60000 7' '--limit-rate-in 100k 7 60000'; do
		# shellcheck disable=SC2086
		set -- $how
		target both "$3"
		forward "127.0.0.1:$target" "$1" "$2"
		began=${EPOCHREALTIME/[.,]/}
		visit both "$4" >visit.out
		[[ $(<visit.out) == *"fin $3 "* ]]
		wait_exit "$target_pid"
		took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
		[[ $(<target.out) == *"fin $4 "* ]]
		((took >= 350)) || fail "$how: $took ms"
	done
}

@test "-s is where a forwarder comes from, not where it listens" {
	target text
	forward "127.0.0.1:$target" -s 127.0.0.7
	grep -q '^Listening on 127\.0\.0\.1 ' forward.err
	visit fin readall
	wait_for_line forward.err 'forwarded by tcp 127\.0\.0\.7 '
}

@test "-T and -M are for the connection to the target, not for the peer's" {
	need strace
	target readall
	ASAN_OPTIONS=detect_leaks=0 serve forward strace -f -qqo trace -e signal=none \
	    -e trace=socket,accept,accept4,setsockopt "$NC_LITE" -lkv -T ef -M 9 \
	    --forward "127.0.0.1:$target" 127.0.0.1 0
	visit say x fin readall
	wait_for_line trace 'IP_TTL'
	[ "$(sed -n '/accept4\?(.* = [0-9]/,$p' trace | grep -cE 'IP_TOS, \[184\]|IP_TTL, \[9\]')" -eq 2 ]
	[ "$(grep -c 'IP_TOS\|IP_TTL' trace)" -eq 2 ]
}

@test "a forwarder listens on loopback only, unless it was told otherwise" {
	forward 127.0.0.1:1
	grep -q "listening on 127.0.0.1 only: peers can reach the target" \
	    forward.err
	as=open listen --forward 127.0.0.1:1 --allow 127.0.0.0/8
	run ! grep -q 'only' open.err
}

@test "what is no target is refused with what is one" {
	local bad
	for bad in example :80 host:0 host:x ::1:80 unix: tls:host; do
		run -2 nc -l --forward "$bad" 0
		[[ $output == *"'"*"'"* ]]
	done
	run -2 nc -l --forward localhost:80 --forward-ca file 0
	local how
	for how in '--forward localhost:80' --proxy-server; do
		for bad in '--exec cat' '--sh-exec cat' '--in x' '--out x' \
		    -d --recv-only --send-only -N --no-shutdown '-q 1' -C -t \
		    '-W 1' '-i 1' '--expect-digest 00' '-k --broker' '-k --chat'; do
			# shellcheck disable=SC2086
			run -2 nc -l $how $bad 0
			[[ $output == "nc-lite: cannot use ${how%% *} and ${bad#-k }"* ||
			    $output == *" and ${bad%% *} together" ]] ||
			    fail "$how $bad: $output"
		done
	done
	run -2 nc --forward localhost:80 localhost 80
}
