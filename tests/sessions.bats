#!/usr/bin/env bats
# -u -l with --forward or a command: a session for each address that sends
# datagrams.
#
# shellcheck disable=SC2154,SC2016,SC2030,SC2031 # bats and the helpers set pid, port

load helper
load netns

# echo_server: a server that answers each datagram with itself in <>; sets $target.
echo_server() {
	serve target /usr/bin/python3 "$PEERS/udp_peer.py" accept echo
	target=$port
}

# forwarder OPTION...: -u --forward to $target; sets $port.
forwarder() {
	as=forward listen -u -k "$@" --forward "127.0.0.1:$target"
	forward_pid=$pid
}

# visit_udp STEP...: two sockets, a and b, talk to $port.
visit_udp() {
	bounded /usr/bin/python3 "$PEERS/udp_peer.py" connect "$port" "$@"
}

### --forward

@test "each peer's address has a session, and hears its own answers" {
	echo_server
	forwarder -v
	visit_udp a one take 1 b two take 1 a three take 1 >visit.out
	[ "$(xargs <visit.out)" = "a 5 <one> b 5 <two> a 7 <three>" ]
	[ "$(grep -c '^Connection received on' forward.err)" -eq 2 ]
	[ "$(grep -c 'forwarded by udp' forward.err)" -eq 2 ]
}

@test "boundaries are kept, of empty datagrams and of the largest" {
	echo_server
	forwarder
	visit_udp fit 0,1,1472,0,9000,65505 >visit.out
	[ "$(<visit.out)" = "2 3 1474 2 9002 65507" ]
}

@test "1,000 datagrams in bursts come back whole, and in their order" {
	echo_server
	forwarder
	[ "$(visit_udp flow 1000 50)" = "1000 in order" ]
}

@test "a session is over after -w of silence, and the next datagram begins one" {
	echo_server
	forwarder -w 0.2
	visit_udp a one take 1 >/dev/null
	wait_for_line forward.err '5 bytes sent, 3 bytes received'
	until_true sockets "$forward_pid" 1
	visit_udp a two take 1 >/dev/null
	[ "$(grep -c '^Connection received on' forward.err)" -eq 2 ]
	kill -0 "$forward_pid"
}

# sockets PID COUNT: PID has so many sockets open.
sockets() {
	[ "$(find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | wc -l)" -eq "$2" ]
}

@test "without -w a session is over after 60 s of silence" {
	echo_server
	hurried 20
	forwarder -v
	visit_udp a one take 1 quiet 2 a two take 1 quiet 4 a three take 1 >/dev/null
	[ "$(grep -c '^Connection received on' forward.err)" -eq 2 ]
}

@test "a target that refuses is told of, and asked again for the next datagram" {
	private
	target=$(free_port)
	forwarder
	visit_udp a lost
	wait_for_line forward.err 'target: Connection refused'
	start target "$NC_LITE" -lu -W 1 127.0.0.1 "$target"
	until_true bound_udp "$target"
	visit_udp a found
	wait_exit "$pid"
	[ "$(<target.out)" = found ]
}

# bound_udp PORT: somebody is at the UDP port of the test's own network.
bound_udp() {
	within_it grep -qi ":$(printf %04X "$1") 00000000:0000" /proc/net/udp
}

@test "without -k there is one session, and its end is the end" {
	echo_server
	as=one listen -u -w 0.3 --forward "127.0.0.1:$target"
	visit_udp a one take 1 b two quiet 0.1 >visit.out
	[ "$(xargs <visit.out)" = "a 5 <one> quiet" ]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

@test "--max-conns bounds the sessions; others' datagrams are dropped, said once" {
	echo_server
	forwarder --max-conns 1
	visit_udp a one take 1 b two b two quiet 0.2 a three take 1 >visit.out
	[ "$(xargs <visit.out)" = "a 5 <one> quiet a 7 <three>" ]
	[ "$(grep -c '1 peers are served' forward.err)" -eq 1 ]
}

@test "at --max-conns the longest silent makes place, after a second" {
	echo_server
	forwarder --max-conns 2
	bounded /usr/bin/python3 - "$port" >busy <<'END'
import socket, sys, time

def peer():
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect(("127.0.0.1", int(sys.argv[1])))
    sock.settimeout(0.05)
    return sock

def answered(sock):
    sock.send(b"hello")
    try:
        return sock.recv(100) == b"<hello>"
    except TimeoutError:
        return False

silent, busy, late = peer(), peer(), peer()
while not (answered(silent) and answered(busy)):
    pass
began = time.monotonic()
while not answered(late):
    answered(busy)
    assert time.monotonic() < began + 20, "no place"
assert time.monotonic() > began + 0.9, "too soon"
print(busy.getsockname()[1])
END
	wait_for_line forward.err 'dropped, as other peers are waiting'
	[ "$(grep -c 'Connection received' forward.err)" -eq 3 ]
	[ "$(grep -c "Connection received on 127.0.0.1 $(<busy)\$" forward.err)" -eq 1 ]
}

@test "a name that leads datagrams back to the listener is refused" {
	closed_port
	local free=$port
	start forward "$NC_LITE" -ulkv --allow 127.0.0.0/8 \
	    --forward "localhost:$free" "$free"
	wait_for_line forward.err '^Bound on'
	visit_udp a one b two quiet 0.2 >visit.out
	[ "$(<visit.out)" = quiet ]
	wait_for_line forward.err "connect to localhost port $free: that is"
	[ "$(grep -c '^Connection received' forward.err)" -le 2 ]
	until_true sockets "$pid" 1
}

@test "who is not let in has no session" {
	echo_server
	forwarder --deny 127.0.0.0/8
	visit_udp a one b two quiet 0.2 >visit.out
	[ "$(<visit.out)" = quiet ]
	sockets "$forward_pid" 1
}

@test "an answer comes from the address that was asked, of several" {
	echo_server
	forwarder --allow 127.0.0.0/8 ::
	local asked
	for asked in 127.0.0.1 127.0.0.2 127.5.6.7; do
		[ "$(visit_udp -s "$asked" a hi take 1)" = "a 4 <hi>" ]
		[ "$(nc -u -W 1 "$asked" "$port" <<<yes)" = "<yes
>" ]
	done
	as=four listen -u -k -4 --allow 127.0.0.0/8 --forward "127.0.0.1:$target"
	[ "$(nc -u -W 1 127.0.0.3 "$port" <<<yes)" = "<yes
>" ]
}

@test "IPv6 before IPv4, and a name that is looked up for each peer" {
	echo_server
	as=six listen -u -k --forward "localhost:$target" ::1
	[ "$(nc -u -W 1 ::1 "$port" <<<yes)" = "<yes
>" ]
}

@test "UNIX datagrams to UDP, and UDP to UNIX datagrams" {
	echo_server
	start out "$NC_LITE" -Uulkv out.sock --forward "127.0.0.1:$target"
	wait_for_line out.err 'Bound on'
	local out_pid=$pid
	as=in listen -u -k --forward "unix:$PWD/out.sock" -w 0.3
	TMPDIR=$PWD visit_udp a one take 1 b two take 1 >visit.out
	[ "$(xargs <visit.out)" = "a 5 <one> b 5 <two>" ]
	[ "$(nc -Uu -W 1 out.sock <<<me)" = "<me
>" ]
	until_true sockets "$pid" 1
	kill "$out_pid" "$pid"
	wait_exit "$out_pid"
	wait_exit "$pid"
	[ ! -e out.sock ]
}

@test "dig asks dnsmasq through it, and gets answers of 2,400 bytes" {
	need dig dnsmasq
	private
	target=$(free_port)
	printf '127.9.8.%d many.test\n' {1..150} >many
	start dns dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --no-resolv --no-hosts --addn-hosts="$PWD/many" --port="$target" \
	    --listen-address=127.0.0.1 --bind-interfaces --pid-file= \
	    --user=root --edns-packet-max=4096
	until_true bound_udp "$target"
	forwarder
	for _ in 1 2 3; do
		bounded dig @127.0.0.1 -p "$port" +short +notcp +ignore \
		    +bufsize=4096 many.test >answers
		[ "$(sort -u answers | grep -c '^127\.9\.8\.')" -eq 150 ]
	done
}

@test "chronyd asks another for the time through it" {
	runs chronyd
	private
	target=$(free_port)
	printf '%s\n' 'local stratum 10' 'allow 127.0.0.1' "port $target" \
	    'bindaddress 127.0.0.1' 'cmdport 0' "pidfile $PWD/pid" >chrony.conf
	start ntp chronyd -d -x -U -u "$(id -un)" -f "$PWD/chrony.conf"
	until_true bound_udp "$target"
	forwarder
	run -0 bounded chronyd -Q -t 20 -U -u "$(id -un)" -f /dev/null \
	    "server 127.0.0.1 port $port iburst maxsamples 1" 'port 0' \
	    'cmdport 0' "pidfile $PWD/pid2"
	[[ $output == *'System clock wrong by '[-0]* ]]
	grep -q 'forwarded by udp' forward.err
}

@test "socat's clients and servers, at both ends of it" {
	need socat
	serve target socat -d -d UDP4-LISTEN:0,bind=127.0.0.1 PIPE
	target=$port
	forwarder
	[ "$(bounded socat -t 0.3 - "UDP:127.0.0.1:$port" <<<hello)" = hello ]
}

### --exec, --sh-exec

@test "each peer's address has a command of its own, and hears it alone" {
	as=run listen -u -k --exec cat
	visit_udp a one take 1 b two take 1 a three take 1 >visit.out
	[ "$(xargs <visit.out)" = "a 3 one b 3 two a 5 three" ]
	[ "$(pgrep -c -P "$pid" cat)" -eq 2 ]
}

@test "a command's environment says who asked, and where" {
	as=run listen -u -k --allow 127.0.0.0/8 --sh-exec \
	    'read -r l; echo "$l $NC_REMOTE_ADDR $NC_LOCAL_ADDR $NC_LOCAL_PORT $NC_PROTO"'
	[ "$(nc -u -W 1 127.0.0.7 "$port" <<<hi)" = \
	    "hi 127.0.0.1 127.0.0.7 $port UDP" ]
	[ "$(nc -u -W 1 -s 127.0.0.9 127.0.0.1 "$port" <<<ho)" = \
	    "ho 127.0.0.9 127.0.0.1 $port UDP" ]
}

@test "with -W 1 a command answers one datagram; the next have others" {
	as=run listen -u -k -W 1 --sh-exec 'rev'
	visit_udp a abc a def a ghi take 3 b xyz take 1 >visit.out
	[ "$(xargs <visit.out)" = "a 3 cba a 3 fed a 3 ihg b 3 zyx" ]
}

@test "a command whose peer is silent is hung up after -w" {
	as=run listen -u -k -w 0.3 --sh-exec 'trap "echo end >end; exit" HUP
		read -r l; echo "$l"; sleep 30 & wait'
	visit_udp a 'hi\n' take 1 >/dev/null
	until_true test -e end
	until_true no_children "$pid"
	visit_udp a 'hi\n' take 1 >/dev/null
}

no_children() {
	! pgrep -P "$1" >/dev/null
}

@test "a command that fails is told of, and ends no server" {
	as=run listen -u -k --exec false
	visit_udp a one
	wait_for_line run.err "'false' exited with status 1"
	visit_udp b two
	until_true test "$(grep -c 'status 1; ' run.err)" -ge 1
	kill -0 "$pid"
}

@test "a client has no command with -u" {
	run -2 nc -u --exec cat 127.0.0.1 9
	[ "$output" = "nc-lite: must use -l with -u and --exec" ]
}

### UDP ASSOCIATE of --proxy-server

# proxy OPTION...: a SOCKS 5 proxy; sets $port.
proxy() {
	as=proxy listen -k --proxy-server "$@"
	proxy_pid=$pid
}

# socks STEP...: a client of it (peers/socks_udp.py).
socks() {
	bounded /usr/bin/python3 "$PEERS/socks_udp.py" "$port" "$@"
}

@test "datagrams go through --proxy-server, by address and by name, both families" {
	echo_server
	proxy
	socks to 127.0.0.1 "$target" one take to localhost "$target" two take \
	    to localhost "$target" 3 to 127.0.0.1 "$target" 4 take take >socks.out
	[ "$(<socks.out)" = "127.0.0.1 $target <one>
127.0.0.1 $target <two>
127.0.0.1 $target <3>
127.0.0.1 $target <4>" ]
	wait_for_line proxy.err '16 bytes sent, 8 bytes received.*peer ended'
	local proxy=$port
	serve six /usr/bin/python3 "$PEERS/udp_peer.py" accept -6 echo
	[ "$(nc -u -W 1 -x "127.0.0.1:$proxy" ::1 "$port" <<<six)" = "<six
>" ]
}

@test "nc-lite's own client goes through it, with a password" {
	echo_server
	export NC_PROXY_PASSWORD=sesame
	proxy --proxy-auth ali
	[ "$(nc -u -W 1 -P ali -x "127.0.0.1:$port" localhost "$target" \
	    <<<hello)" = "<hello
>" ]
	run -5 nc -u -W 1 -x "127.0.0.1:$port" localhost "$target" <<<hello
}

@test "the end of the client's connection is the end of its datagrams" {
	echo_server
	proxy
	socks to 127.0.0.1 "$target" one take leave quiet 0.1 \
	    to 127.0.0.1 "$target" two quiet 0.3 >socks.out
	[ "$(tail -2 socks.out | xargs)" = "quiet quiet" ]
	until_true sockets "$proxy_pid" 1
}

@test "what a client has sent before it left still passes, by name too" {
	as=receiver listen -u -k -d
	local to="to 127.0.0.1 $port x to localhost $port x "
	proxy
	# shellcheck disable=SC2046
	socks signal STOP "$proxy_pid" $(printf "$to%.0s" {1..60}) leave \
	    signal CONT "$proxy_pid"
	until_true grep -q "^x\{120\}$" receiver.out
	until_true sockets "$proxy_pid" 1
}

@test "--deny-to and --allow-to hold for datagrams, by name too" {
	echo_server
	proxy --deny-to 127.0.0.0/8,::1
	[ "$(socks to 127.0.0.1 "$target" a to localhost "$target" b \
	    quiet 0.3)" = quiet ]
	[ "$(grep -c 'datagrams to .*: not allowed' proxy.err)" -eq 1 ]
	as=other proxy --allow-to 127.0.0.1
	[ "$(socks to 127.0.0.2 "$target" a to localhost "$target" b take)" = \
	    "127.0.0.1 $target <b>" ]
}

@test "a denied address is denied in each of its forms, other families pass" {
	serve six /usr/bin/python3 "$PEERS/udp_peer.py" accept -6 echo
	local six=$port to
	echo_server
	proxy --deny-to 127.0.0.0/8
	for to in ::ffff:127.0.0.1 0.0.0.0 ::ffff:0.0.0.0 localhost; do
		socks to "$to" "$target" x quiet 0.1 to ::1 "$six" y take \
		    >socks.out
		[ "$(xargs <socks.out)" = "quiet ::1 $six <y>" ] || fail "$to"
	done
	[ "$(grep -c 'datagrams to .*: not allowed' proxy.err)" -eq 4 ]
}

@test "a datagram to a name that is unknown is lost, the next one is not" {
	private
	echo_server
	proxy
	socks to no.such.name 7 x to 127.0.0.1 "$target" a to localhost "$target" b \
	    take take quiet 0.1 >socks.out
	[ "$(xargs <socks.out)" = \
	    "127.0.0.1 $target <a> 127.0.0.1 $target <b> quiet" ]
}

@test "a proxy hears its client alone, and only those to whom it has sent" {
	echo_server
	proxy
	socks to 127.0.0.1 "$target" mine take stranger other cut 127.0.0.1 \
	    "$target" cut raw 00 raw 0000 raw 00000003ff raw 00000007 \
	    to 127.0.0.1 "$target" again take quiet 0.1 >socks.out
	[ "$(<socks.out)" = "127.0.0.1 $target <mine>
127.0.0.1 $target <again>
quiet" ]
	wait_for_line proxy.err '13 bytes sent, 9 bytes received'
}

@test "--forward reaches its target through one, too" {
	echo_server
	proxy
	forwarder -x "127.0.0.1:$port"
	visit_udp fit 1,1000,40000 >visit.out
	[ "$(<visit.out)" = "3 1002 40002" ]
	grep -q "forwarded by udp .* to 127.0.0.1 port $target" forward.err
}

@test "behind another proxy there is no UDP ASSOCIATE" {
	proxy -x 127.0.0.1:1
	run -1 socks quiet 0
	[ "$output" = "refused: 7" ]
}

### what else may go wrong

@test "a client whose datagrams get no digest leaves nothing behind" {
	need strace
	ASAN_OPTIONS=detect_leaks=0 serve proxy strace -f -qqo trace \
	    -e trace=pipe2 -e inject=pipe2:error=EMFILE "$NC_LITE" -lv \
	    --proxy-server --digest --hex-dump dump 127.0.0.1 0
	socks quiet 0 || :
	wait_exit "$pid"
	[ "$status" -eq 2 ]
	grep -q 'cannot start the digest: Too many open files' proxy.err
}

@test "where descriptors run out datagrams are lost, in few words, and it goes on" {
	echo_server
	local what
	for what in "--forward=127.0.0.1:$target" --exec=cat; do
		as=few listen -u -k "$what"
		prlimit --pid "$pid" --nofile=3:100
		printf 'a x %.0s' {1..50} | xargs /usr/bin/python3 \
		    "$PEERS/udp_peer.py" connect "$port"
		wait_for_line few.err 'Too many open files'
		prlimit --pid "$pid" --nofile=100
		sleep 0.15
		[ "$(grep -c 'Too many' few.err)" -le 2 ]
		[[ $(visit_udp a good take 1) == *good* ]]
	done
}

@test "10,000 datagrams from as many addresses are 20 sessions, and no more memory" {
	echo_server
	as=forward listen -u -k --allow 127.0.0.0/8 --max-conns 20 -w 0.5 \
	    --forward "127.0.0.1:$target" 127.0.0.1
	forward_pid=$pid
	bounded /usr/bin/python3 - "$port" <<'EOF'
import socket, sys
for i in range(10000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.1.%d.%d" % (i // 250, i % 250 + 1), 0))
        s.sendto(b"flood", ("127.0.0.1", int(sys.argv[1])))
EOF
	until_true sockets "$forward_pid" 1
	[ "$(visit_udp a real take 1)" = "a 6 <real>" ]
	# The sanitizer keeps what was freed.
	[[ $NC_LITE == */asan/* ]] ||
		[ "$(awk '/VmHWM/ { print $2 }' "/proc/$forward_pid/status")" -lt 8192 ]
}

@test "datagrams of 65,508 to 65,527 bytes, which IPv4 cannot carry, are dropped" {
	echo_server
	as=forward listen -u -k --forward "127.0.0.1:$target" ::1
	visit_udp -6 sizes 65505,65508,65527,3 take 2 a last take 1 >visit.out
	grep -x 'a 6 <last>' visit.out
	[ "$(grep -c 'too large for the target' forward.err)" -eq 1 ]
}

@test "a signal in the midst of it takes the socket's name along" {
	echo_server
	TMPDIR=$PWD start dies "$NC_LITE" -Uulkv dies.sock --forward \
	    "127.0.0.1:$target"
	wait_for_line dies.err 'Bound on'
	[ "$(nc -Uu -W 1 dies.sock <<<me)" = "<me
>" ]
	kill -TERM "$pid"
	wait_exit "$pid"
	[ "$status" -eq 143 ]
	[ ! -e dies.sock ]
}
