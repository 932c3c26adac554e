#!/usr/bin/env bats
# How a connection comes to be: names, several addresses, deadlines, and what is
# asked of the socket.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load watch

# met: the peer that was started last got "x" and nothing else.
met() {
	wait_exit "$pid"
	grep -q "^fin 1 $(printf x | sha)$" peer.out
}

# option CALL REGEX ARGS...: a client with ARGS reaches a peer, and has called
# setsockopt as REGEX says.
option() {
	local regex=$1
	shift
	peer readall
	printf x | traced setsockopt "$@" "$port"
	met
	grep -E -q -e "$regex" trace || fail "no $regex in $(<trace)"
}

# --- several addresses ------------------------------------------------------

@test "a name whose first address refuses: the second is taken" {
	private
	names "::1 two" "127.0.0.1 two"
	peer readall
	printf x | nc two "$port" 2>said
	met
	[ ! -s said ]
	peer -6 readall
	printf x | nc two "$port"
	met
}

@test "localhost on ::1 only and on 127.0.0.1 only is found at once" {
	private
	names "::1 localhost" "127.0.0.1 localhost"
	peer -6 readall
	printf x >input
	timed nc localhost "$port" <input
	between 0 2000
	met
	peer readall
	timed nc localhost "$port" <input
	between 0 2000
	met
}

@test "the addresses that failed before the right one are named with -v" {
	private
	names "::1 two" "127.0.0.1 two"
	peer readall
	run -0 nc -Nv two "$port" </dev/null
	[ "${lines[0]}" = "nc-lite: connect to two (::1) port $port (tcp) failed: Connection refused" ]
	[ "${lines[1]}" = "Connection to two (127.0.0.1) $port port [tcp/*] succeeded!" ]
	[ "${#lines[@]}" -eq 3 ]
}

@test "of 40 addresses that refuse 32 are tried" {
	private
	local i
	for i in {1..40}; do
		echo "127.0.1.$i many"
	done >hosts
	run -1 nc many 4001
	[ "${#lines[@]}" -eq 32 ]
}

@test "when all addresses fail, each is named with its own reason" {
	private
	names "::1 all" "127.0.0.1 all" "192.0.2.7 all"
	dead=$(free_port)
	run -1 nc all "$dead" </dev/null
	[ "${#lines[@]}" -eq 3 ]
	[[ $output == *"connect to all (::1) port $dead (tcp) failed: Connection refused"* ]]
	[[ $output == *"connect to all (127.0.0.1) port $dead (tcp) failed: Connection refused"* ]]
	[[ $output == *"connect to all (192.0.2.7) port $dead (tcp) failed: Network is unreachable"* ]]
}

@test "a refused and a silent address: both are named, in one time" {
	private
	names "fd99::2 all" "127.0.0.1 all"
	dead=$(free_port)
	timed nc -w 1 all "$dead" </dev/null
	between 900 3000
	[[ $output == *"connect to all (127.0.0.1) port $dead (tcp) failed: Connection refused"* ]]
	[[ $output == *"connect to all (fd99::2) port $dead (tcp) timed out"* ]]
	[[ $status -eq 1 || $status -eq 3 ]]
}

@test "-4 and -6 choose among a name's addresses" {
	private
	names "::1 two" "127.0.0.1 two"
	peer readall
	run -1 nc -6 two "$port" </dev/null
	[[ $output == *"(::1)"* && $output != *127* ]]
	printf x | nc -4v two "$port" 2>said
	met
	[ "$(wc -l <said)" -eq 2 ]
}

@test "a name with IPv6 addresses only cannot be used with -4: exit 4" {
	private
	names "fd99::1 six"
	run -4 nc -4 six 80 </dev/null
	one_line 'getaddrinfo for host "six" port 80: '
	run -4 nc -4 ::1 80 </dev/null
	run -4 nc -6 127.0.0.1 80 </dev/null
}

# --- happy eyeballs ---------------------------------------------------------

# bats test_tags=timing
@test "a first address that is silent costs a quarter of a second, not more" {
	private
	names "fd99::2 slow" "127.0.0.1 slow"
	peer readall
	printf x >input
	timed nc slow "$port" <input
	between 200 950
	met
}

# bats test_tags=timing
@test "the families take turns, so that a silent one holds up no other" {
	private
	swallow fd99::3 fd99::4 fd99::5
	names "fd99::2 slow" "fd99::3 slow" "fd99::4 slow" "fd99::5 slow" \
	    "127.0.0.1 slow"
	peer readall
	timed nc -N slow "$port" </dev/null
	between 200 950
}

# bats test_tags=timing
@test "an address that refuses gives way to the next at once" {
	private
	names "::1 quick" "127.0.0.2 quick" "127.0.0.1 quick"
	peer readall
	timed nc -N quick "$port" </dev/null
	[ "$status" -eq 0 ]
	between 0 240
}

@test "an address whose first packet was lost still wins over one that refuses" {
	need nft
	private
	names "::1 lossy" "127.0.0.1 lossy"
	peer -6 readall
	within_it nft "table inet lossy { chain in {
	    type filter hook input priority 0;
	    tcp dport $port numgen inc mod 1000 == 0 drop; }; }"
	printf x >input
	timed nc lossy "$port" <input
	between 900 4000
	met
}

@test "the losers of the race are closed at once" {
	private
	names "fd99::2 slow" "127.0.0.1 slow"
	listen
	mkfifo idle
	client slow "$port" <>idle
	wait_for_line listen.err 'Connection received'
	within_it grep ' 01 ' /proc/net/tcp
	run -1 within_it grep ' 02 ' /proc/net/tcp6
}

# established N: so many connections are, counted at both of their ends.
established() {
	[ "$(within_it cat /proc/net/tcp /proc/net/tcp6 | grep -c ' 01 ')" \
	    -eq "$((2 * $1))" ]
}

@test "the loser of a race that was connected too is reset, and not taken for whole" {
	need nft
	private
	names "::1 two" "127.0.0.1 two"
	listen -k
	within_it nft "table inet late { chain in {
	    type filter hook input priority 0;
	    tcp dport $port tcp flags & (syn|ack) == syn \
	    numgen inc mod 1000 < 2 drop; }; }"
	mkfifo idle
	client two "$port" <>idle
	until_true within_it grep -q ":$(printf %04X "$port") 02 " /proc/net/tcp
	kill -STOP "$pid"
	until_true established 2
	kill -CONT "$pid"
	until_true established 1
	echo hello >idle
	wait_for_line listen.out hello
	kill "$pid"
	wait_exit "$pid"
	wait_for_line listen.err 'incomplete: 0 bytes sent, 0 bytes received'
}

@test "a connect that cannot be looked at is reset, and not taken for whole" {
	need strace
	listen 127.0.0.1
	# Only who has the same port at both ends looks at his peer.
	run -1 bounded strace -f -qq -o trace -e inject=getpeername:error=EIO \
	    "$NC_LITE" -s 127.0.0.2 -p "$port" 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	((status == 1)) || fail "exit status $status"
}

@test "a TLS handshake that fails is no complete transfer for a peer without TLS" {
	local input
	listen </dev/null
	run -3 nc -c --insecure -w 0.5 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	((status == 1)) || fail "exit status $status"
	listen <<<'hello, who are you?'
	run -5 nc -c --insecure 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	((status == 1)) || fail "exit status $status"
	listen -N </dev/null
	run -1 nc -c --insecure 127.0.0.1 "$port" </dev/null
	wait_exit "$pid"
	((status == 1)) || fail "exit status $status"
	printf '\x16\x01 and no more' >in
	for input in in /etc/passwd; do
		listen -c </dev/null
		run -1 nc 127.0.0.1 "$port" <"$input"
		wait_exit "$pid"
		((status == 5)) || fail "exit status $status"
	done
}

# --- deadlines --------------------------------------------------------------

@test "-w bounds a connect to an address that is silent: exit 3 in time" {
	private
	timed nc -w 1 10.9.9.2 80 </dev/null
	[ "$status" -eq 3 ]
	between 950 2500
}

@test "-w bounds all addresses of a name together, and names each" {
	private
	swallow 10.9.9.3 fd99::3
	names "fd99::2 dead" "fd99::3 dead" "10.9.9.2 dead" "10.9.9.3 dead"
	timed nc -w 1.2 dead 80 </dev/null
	[ "$status" -eq 3 ]
	between 1150 2700
	[ "$(grep -c 'timed out$' <<<"$output")" -eq 4 ]
	[ "${#lines[@]}" -eq 4 ]
}

@test "--connect-timeout bounds the connect and not what comes after it" {
	private
	timed nc --connect-timeout 500ms 10.9.9.2 80 </dev/null
	[ "$status" -eq 3 ]
	between 450 2000
	peer pause 1 say late
	run -0 nc --connect-timeout 0.5 127.0.0.1 "$port" </dev/null
	[ "$output" = late ]
}

@test "--timeout bounds the connect too" {
	private
	timed nc --timeout 500ms 10.9.9.2 80 </dev/null
	[ "$status" -eq 3 ]
	between 450 2000
}

@test "a full backlog is waited for, within -w" {
	private
	serve full /usr/bin/python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0), backlog=0)
a = [socket.socket() for _ in range(2)]
for c in a: c.setblocking(False); c.connect_ex(s.getsockname())
print("Listening on 127.0.0.1", s.getsockname()[1], file=sys.stderr, flush=True)
time.sleep(60)'
	run -3 nc -w 0.5 127.0.0.1 "$port" </dev/null
	one_line "port $port \(tcp\) timed out"
}

# --- names ------------------------------------------------------------------

@test "a nameserver that never answers is given up within -w" {
	private
	silent_resolver
	timed nc -w 1 some-name 80 </dev/null
	[ "$status" -eq 3 ] || [ "$status" -eq 4 ]
	between 950 2500
	one_line 'some-name'
	[ -s resolver.out ]
}

@test "a nameserver that never answers is given up within --timeout" {
	private
	silent_resolver
	timed nc --timeout 700ms some-name 80 </dev/null
	[ "$status" -eq 3 ] || [ "$status" -eq 4 ]
	between 650 2200
	run -3 nc --timeout 100ms -l some-name 80 </dev/null
	one_line 'host "some-name" port 80: timed out'
}

@test "Ctrl-C ends the wait for a nameserver" {
	private
	silent_resolver
	client some-name 80 </dev/null
	until_true test -s resolver.out
	kill -INT "$pid"
	wait_exit "$pid" 3
	[ "$status" -eq 130 ]
}

@test "a name that does not exist: exit 4, with -z too" {
	private
	run -4 nc no-such-name 80 </dev/null
	one_line 'getaddrinfo for host "no-such-name" port 80: '
	run -4 nc -zv no-such-name 80 </dev/null
	run -4 nc -u no-such-name 80 </dev/null
	run -4 nc -l no-such-name 0 </dev/null
	run -4 nc -s no-such-name 127.0.0.1 80 </dev/null
}

@test "-n with a name is refused at once and asks no nameserver" {
	private
	silent_resolver
	timed nc -n some-name 80 </dev/null
	[ "$status" -eq 4 ]
	between 0 900
	one_line 'some-name'
	[ ! -s resolver.out ]
}

@test "an address asks no nameserver, neither to connect nor to listen" {
	private
	silent_resolver
	listen 127.0.0.1
	printf x | nc -v 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ ! -s resolver.out ]
}

@test "IPv6 addresses may carry a zone, and are printed with it" {
	private
	within_it ip address add fe80::99/64 dev hole nodad
	serve listen "$NC_LITE" -lv fe80::99%hole 0
	run -0 nc -Nv fe80::99%hole "$port" </dev/null
	[ "${lines[0]}" = "Connection to fe80::99%hole $port port [tcp/*] succeeded!" ]
	wait_exit "$pid"
	grep "^Connection received on fe80::99%hole [0-9]*$" listen.err
}

@test "a zone that does not exist is an error of the name" {
	run -4 nc fe80::1%no-such-link 80 </dev/null
	one_line 'fe80::1%no-such-link'
}

# --- source -----------------------------------------------------------------

@test "-s and -p choose the source address and port" {
	private
	spare=$(free_port)
	listen
	printf x | nc -s 127.0.0.7 -p "$spare" 127.0.0.1 "$port"
	wait_exit "$pid"
	grep -x "Connection received on 127.0.0.7 $spare" listen.err
}

@test "-s of one family leaves out the addresses of the other" {
	private
	names "::1 two" "127.0.0.1 two"
	listen -k
	printf x | nc -s 127.0.0.9 two "$port"
	grep "Connection received on 127.0.0.9 " listen.err
	printf x | nc -s ::1 two "$port"
	grep "Connection received on ::1 " listen.err
}

@test "-p without -s comes from that port to each family of a name" {
	private
	names "::1 two" "127.0.0.1 two"
	spare=$(free_port)
	peer readall
	printf x | nc -p "$spare" two "$port"
	met
	peer readall
	run -0 nc -z -p "$spare" two "$port"
	peer -6 readall
	printf x | nc -p "$spare" two "$port"
	met
}

@test "-s with a name of both families comes from the one that fits" {
	private
	names "::1 two" "127.0.0.1 two" "127.0.0.9 here" "::1 here"
	peer readall
	printf x | nc -s here two "$port"
	met
	peer -6 readall
	printf x | nc -s here two "$port"
	met
}

@test "a link-local address without its interface: the message says how" {
	run -1 nc fe80::1 80 </dev/null
	one_line 'fe80::1 port 80 .*%interface'
	run -2 nc -l fe80::1 0 </dev/null
	one_line 'fe80::1.*%interface'
}

@test "a source address that is not ours: exit 2 and its name" {
	run -2 nc -s 192.0.2.55 127.0.0.1 80 </dev/null
	one_line '192\.0\.2\.55.*: Cannot assign requested address'
}

@test "a source port that is taken: exit 2 and its number" {
	private
	listen -k 127.0.0.1
	run -2 nc -s 127.0.0.1 -p "$port" 127.0.0.1 1 </dev/null
	one_line "$port.*: Address already in use"
}

@test "a connection to itself is none, though the kernel would make it" {
	private
	dead=$(free_port)
	run -1 nc -s 127.0.0.1 -p "$dead" 127.0.0.1 "$dead" </dev/null
	one_line "connect to 127.0.0.1 port $dead \(tcp\) failed: "
	run -1 nc -z -s 127.0.0.1 -p "$dead" 127.0.0.1 "$dead"
	within_it sh -c \
	    "echo $dead $dead >/proc/sys/net/ipv4/ip_local_port_range"
	run -1 nc -zv 127.0.0.1 "$dead"
	[[ $output != *succeeded* ]]
}

# --- what is asked of the socket --------------------------------------------

@test "-T takes names and numbers of a type of service" {
	option 'IP_TOS, \[184\]' -T ef 127.0.0.1
	option 'IP_TOS, \[16\]' -T lowdelay 127.0.0.1
	option 'IP_TOS, \[40\]' -T af11 127.0.0.1
	option 'IP_TOS, \[192\]' -T cs6 127.0.0.1
	option 'IP_TOS, \[32\]' -T 0x20 127.0.0.1
	option 'IP_TOS, \[32\]' -T 32 127.0.0.1
	option 'IP_TOS, \[136\]' -T AF41 127.0.0.1
}

@test "-M and -m set the hops to go and the fewest to accept" {
	option 'IP_TTL, \[5\]' -M 5 127.0.0.1
	option 'IP_MINTTL, \[60\]' -m 60 127.0.0.1
}

@test "-T, -M and -m have their IPv6 twins" {
	serve six "$NC_LITE" -klv ::1 0
	run -0 traced setsockopt -N -T ef -M 64 -m 60 ::1 "$port" </dev/null
	grep -E 'IPV6_TCLASS, \[184\]' trace
	grep -E 'IPV6_UNICAST_HOPS, \[64\]' trace
	grep -E '(IPV6_MINHOPCOUNT|0x49.*), (\[60\]|"<\\0\\0\\0")' trace
}

@test "-m is obeyed: fewer hops than asked for and the peer is not heard" {
	private
	listen -M 5 127.0.0.1
	run -3 nc -w 0.7 -m 200 127.0.0.1 "$port" </dev/null
}

@test "-I and -O set the buffers before the connection is made" {
	option 'SO_RCVBUF, \[54321\]' -I 54321 127.0.0.1
	peer readall
	printf x | traced setsockopt,connect -O 65432 127.0.0.1 "$port"
	grep -E -A 100 'SO_SNDBUF, \[65432\]' trace | grep connect
}

@test "-D asks for SO_DEBUG and -b for SO_BROADCAST" {
	[ "$EUID" -eq 0 ] || skip "needs root"
	option 'SO_DEBUG, \[1\]' -D 127.0.0.1
	option 'SO_BROADCAST, \[1\]' -b 127.0.0.1
}

@test "the socket is born with SO_LINGER on and no time" {
	option 'SO_LINGER, \{l_onoff=1, l_linger=0\}' 127.0.0.1
}

@test "a listener hands -T on to the connections it takes" {
	listen -T ef 127.0.0.1
	visit say x
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
	run -3 traced setsockopt -l -T 0x08 --timeout 50ms 127.0.0.1 0
	grep -E 'IP_TOS, \[8\]' trace
}

@test "sockets are not inherited by what we run" {
	peer readall
	printf x | traced socket,connect 127.0.0.1 "$port"
	met
	grep -E 'SOCK_STREAM\|.*SOCK_CLOEXEC' trace
}

# --- signed segments --------------------------------------------------------

# signed ARGS...: our client, -S, that types "secret" when it is asked.
signed() {
	bounded /usr/bin/python3 "$PEERS/asked.py" "${key:-secret}" \
	    "$NC_LITE" -S "$@"
}

# signed_listener [ADDRESS]: one that types "secret"; - for all addresses.
signed_listener() {
	local on=${1:-127.0.0.1}
	/usr/bin/python3 -c 'import socket, struct
socket.socket().setsockopt(6, 14, struct.pack("H126xBBHi80s", 2, 0, 0, 1, 0, b"k"))' ||
	    skip "needs TCP MD5 in the kernel"
	# shellcheck disable=SC2086
	serve listen /usr/bin/python3 "$PEERS/asked.py" secret \
	    "$NC_LITE" -S -lv ${on#-} 0
}

@test "-S: both ends have the key, the bytes go through" {
	signed_listener
	signed 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	[ "$(<listen.out)" = hello ]
}

@test "-S: with another key, or none, there is no connection" {
	signed_listener
	key=wrong run -3 signed -w 0.5 127.0.0.1 "$port" <<<hello
	one_line 'timed out'
	run -3 nc -w 0.5 127.0.0.1 "$port" <<<hello
	[ ! -s listen.out ]
}

@test "-S on all addresses asks IPv4 peers for the key as well" {
	signed_listener -
	run -3 nc -w 0.5 127.0.0.1 "$port" <<<hello
	run -3 nc -w 0.5 ::1 "$port" <<<hello
	[ ! -s listen.out ]
	signed 127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	[ "$(<listen.out)" = hello ]
}

@test "-S takes a key of 80 bytes, and none that would be cut" {
	key=$(printf '%081d' 0) run -2 signed -w 0.2 127.0.0.1 1 </dev/null
	one_line 'longer than 80 bytes'
	key=$(printf '%080d' 0) run -3 signed -w 0.2 127.0.0.1 1 </dev/null
	one_line 'timed out'
}

@test "-S without a terminal to ask on is refused" {
	run -2 bounded setsid "$NC_LITE" -S 127.0.0.1 1 <<<secret
	one_line '-S.*terminal'
}
