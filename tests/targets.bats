#!/usr/bin/env bats
# -z of many targets at once, and whether they answer: HOST:PORTS, networks,
# files of targets, --wait for all or any, --send and --expect, --settle, --http,
# --every.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load tls_certs
load watch

# servers HOW PORT...: in the test's network 127.0.0.1 listens at the ports, and
# does HOW with who comes: "stay" keeps still, "close" hangs up at once, "reset"
# resets, "echo" answers what it is told, TEXT (with \n) says it after the first byte.
servers() {
	serve "${as:-servers}" /usr/bin/python3 -c 'import selectors, socket, struct, sys
how, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]
selector, kept = selectors.DefaultSelector(), []
for port in ports:
    server = socket.create_server(("127.0.0.1", port), backlog=512)
    selector.register(server, selectors.EVENT_READ, True)
print("Listening on 127.0.0.1", ports[0], file=sys.stderr, flush=True)
while True:
    for key, _ in selector.select():
        if key.data:
            peer = key.fileobj.accept()[0]
            if how == "reset":
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
            if how in ("reset", "close"):
                peer.close()
                continue
            selector.register(peer, selectors.EVENT_READ, False)
            kept.append(peer)
            continue
        said = key.fileobj.recv(4096)
        print(repr(said), flush=True)
        if how == "stay":
            pass
        elif how == "echo":
            key.fileobj.sendall(said)
        elif said:
            key.fileobj.sendall(how.encode().decode("unicode_escape")
                                .encode("latin-1"))
        if not said:
            selector.unregister(key.fileobj)
            key.fileobj.close()' "$@"
}

# later SECONDS PORT: 127.0.0.1:PORT opens then, and stays.
later() {
	start later /usr/bin/python3 -c 'import socket, sys, time
time.sleep(float(sys.argv[1]))
server = socket.create_server(("127.0.0.1", int(sys.argv[2])))
time.sleep(60)' "$1" "$2"
}

# --- targets ----------------------------------------------------------------

@test "HOST:PORTS, [ADDRESS]:PORTS and unix:PATH: all must be open" {
	private
	servers stay 4001 4002 4003
	start path "$NC_LITE" -lkU path
	until_true test -S path
	names "127.0.0.1 db"
	run -0 nc -z db:4001,4002 127.0.0.1:4003 unix:path
	[ -z "$output" ]
	run -1 nc -z db:4001 127.0.0.1:4004
	run -1 nc -z db:4001,4004
	run -1 nc -z db:4001 unix:nowhere
	run -1 nc -z '[::1]:4001' db:4001
	run -0 nc -z --any '[::1]:4001' db:4001
}

@test "several targets are told in the order given, also as JSON" {
	private
	servers stay 4001 4002
	names "127.0.0.1 db"
	run -1 nc -zv db:4002,4003 127.0.0.1:4001
	[[ $output == *"Connection to db (127.0.0.1) 4002 port [tcp/*] succeeded!"* ]]
	[[ $output == *"connect to db (127.0.0.1) port 4003 (tcp) failed: Connection refused"* ]]
	[[ ${lines[-1]} == "nc-lite: 2 targets: 2 open, 1 closed, "*" of 3 ports in "* ]]
	run -4 nc -z --json db:4002,4003 127.0.0.1:4001 unix:nowhere nobody:22
	[ "$(/usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    found = json.loads(line)
    print(found["host"], found["port"], found.get("address"), found["protocol"],
          found["state"])' <<<"$output")" = "db 4002 127.0.0.1 tcp open
db 4003 127.0.0.1 tcp closed
127.0.0.1 4001 127.0.0.1 tcp open
nowhere 0 None unix closed
nobody 22 None tcp unresolved" ] || fail "$output"
}

@test "a name that is not found is exit 4, whatever else is open" {
	private
	servers stay 4001
	run -4 nc -z 127.0.0.1:4001 nobody:4001
	run -0 nc -z --any 127.0.0.1:4001 nobody:4001
	run -4 nc -zv nobody:4001 127.0.0.1:4001
	[[ $output == *'getaddrinfo for host "nobody" port 4001: Name or service not known'* ]]
}

@test "a network is all of its addresses" {
	private
	servers stay 4001
	run -1 nc -z --json 127.0.0.0/30:4001
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[1]} == *'"host":"127.0.0.1","address":"127.0.0.1","state":"open"'* ]]
	run -0 nc -z --any 127.0.0.1/28 4001
	run -1 nc -z --json '[::1/126]:4001'
	[ "${#lines[@]}" -eq 4 ]
	for bad in 127.0.0.1/33 127.0.0.1/8 db/24 ::1/64 1.2.3.4/ 1.2.3.4/x; do
		run -2 nc -z "$bad" 80
		one_line "is not a network: use ADDRESS/BITS"
	done
}

@test "what is no target is refused in one line" {
	run -2 nc -z db:22 cache
	one_line "'cache' is not a target: use HOST:PORTS"
	run -2 nc -z '[::1]'
	one_line "lacks a port: use \[ADDRESS\]:PORTS"
	run -2 nc -z '[::1]/126:80'
	one_line "lacks a port: use .* or \[ADDRESS/BITS\]:PORTS"
	run -2 nc -z 127.0.0.0/16:1-65535
	one_line "more than 16777216 ports in all: scan fewer"
	run -2 nc -z db:22x
	one_line "invalid port '22x'"
	run -2 nc -z :22
	run -2 nc -z db:
	run -2 nc -z unix:
	one_line "cannot be a UNIX socket's"
}

@test "HOST:PORT also connects" {
	listen
	run -0 nc "127.0.0.1:$port" <<<hello
	wait_exit "$pid"
	holds listen.out hello
	run -2 nc 127.0.0.1:80,81
	one_line "only -z"
}

@test "--targets reads a file or stdin, without comments" {
	private
	servers stay 4001 4002
	printf '# ours\n\n127.0.0.1:4001 # one\n127.0.0.1 4002 4001\n' >file
	run -0 nc -z --targets file
	run -1 nc -z --targets file 127.0.0.1:4003
	run -0 nc -z --targets - < <(printf '127.0.0.1:4002')
	printf '127.0.0.1:4001\n127.0.0.1:x\n' >file
	run -2 nc -z --targets file
	one_line "file, line 2: invalid port 'x'"
	run -2 nc -z --targets nowhere
	one_line "'nowhere': No such file"
	echo 127.0.0.1 {1..70} >file
	run -2 nc -z --targets file
	one_line "file, line 1: too long"
	run -2 nc -z --targets /dev/zero
	one_line "/dev/zero, line 1: too long"
	run -2 nc -z --targets - < <(echo '# none')
	one_line "'-' lists no targets"
}

@test "1000 targets in a file are done at once, also with 16 descriptors" {
	private
	servers stay 4001
	# shellcheck disable=SC2046,SC2183 # two words each, a thousand times
	printf '127.0.%d.%d:4001\n' \
	    $(for i in {0..999}; do echo $((i / 250)) $((i % 250 + 1)); done) >file
	within_it ip address add 127.0.0.1/8 dev lo 2>/dev/null || :
	timed nc -zv --any --targets file
	[ "$status" -eq 0 ]
	[[ ${lines[-1]} == *"1000 targets: 1 open, 999 closed, "* ]]
	between 0 3000
	run -0 bounded sh -c 'ulimit -n 16; exec "$@"' sh "$NC_LITE" -zv --any \
	    --targets file
	[[ ${lines[-1]} == *"1000 targets: 1 open, 999 closed, "* ]]
}

@test "what is open is told at once, a silent one before it or not" {
	private
	servers stay 4001
	client -zv -w 4 10.9.9.2:80 127.0.0.1:4001
	within=2 wait_for_line client.err '4001 port .* succeeded!'
	run ! gone "$pid"
}

@test "a name that resolves late holds up no other" {
	private
	silent_resolver
	servers stay 4001
	client -zv -w 3 some-host:80 127.0.0.1:4001
	within=2 wait_for_line client.err '4001 port .* succeeded!'
	wait_exit "$pid"
	[ "$status" -eq 3 ]
	grep -q 'getaddrinfo for host "some-host" port 80: timed out' client.err
}

# hosts: 10.7.0.0/24 is beyond a link; port 3000 of all is open.
hosts() {
	beyond_link 10.7.1.1/16 10.7.1.2/16
	within_it "${beyond[@]}" ip route add local 10.7.0.0/24 dev lo
	serve far "${beyond[@]}" /usr/bin/python3 -c 'import socket, sys
server = socket.create_server(("0.0.0.0", 3000), backlog=512)
print("Listening on it 3000", file=sys.stderr, flush=True)
while True:
    server.accept()[0].close()'
}

# lines_of TEXT N...: what is said of 10.7.0.N.
lines_of() {
	local n
	for n in "${@:2}"; do
		echo "nc-lite: connect to 10.7.0.$n port 3000 (tcp) $1"
	done
}

@test "16 hosts, open or behind firewalls of all kinds: each has its line" {
	private
	hosts
	within_it "${beyond[@]}" nft -f - <<-'END' || skip "needs nft"
	table inet scan {
		chain input { type filter hook input priority 0
			ip daddr 10.7.0.4/30 tcp dport 3000 reject with tcp reset
			ip daddr 10.7.0.8/30 tcp dport 3000 drop
			ip daddr 10.7.0.12/31 tcp dport 3000 reject with icmp admin-prohibited
			ip daddr 10.7.0.14/31 tcp dport 3000 reject with icmp host-unreachable
		}
	}
	END
	run -3 nc -zv -w 0.6 10.7.0.0/28:3000
	[[ $output =~ ^(.*)\ in\ 0\.[0-9]{3}\ s$ ]]
	[ "${BASH_REMATCH[1]}" = "$(
		printf 'Connection to 10.7.0.%d 3000 port [tcp/*] succeeded!\n' {0..3}
		lines_of 'failed: Connection refused' {4..7}
		lines_of 'timed out' {8..11}
		lines_of 'failed: Administratively prohibited (ICMP type 3 code 13)' 12 13
		lines_of 'failed: No route to host (ICMP type 3 code 1)' 14 15
		echo 'nc-lite: 16 targets: 4 open, 4 closed, 0 unreachable, 8 filtered, 0 not tested of 16 ports'
	)" ] || fail "$output"
	run -3 nc -z --json -w 0.6 10.7.0.0/28:3000
	[ "$(grep -o '"state":"[a-z]*' <<<"$output" | cut -d'"' -f4 | uniq -c | xargs)" \
	    = "4 open 4 closed 8 filtered" ]
}

@test "names that resolve late, and side by side" {
	private
	late_resolver 0.7 127.0.0.1
	servers stay 4001
	timed nc -zv -w 3 one:4001 127.0.0.1:4001 two:4001 three:4002
	[ "$status" -eq 1 ]
	between 700 2000
	[ "$(head -n 4 <<<"$output" | LC_ALL=C sort)" = "\
Connection to 127.0.0.1 4001 port [tcp/*] succeeded!
Connection to one (127.0.0.1) 4001 port [tcp/*] succeeded!
Connection to two (127.0.0.1) 4001 port [tcp/*] succeeded!
nc-lite: connect to three (127.0.0.1) port 4002 (tcp) failed: Connection refused" ] || fail "$output"
}

@test "256 hosts with 10 ports each, most of them silent: the time of one" {
	private
	hosts
	within_it "${beyond[@]}" nft -f - <<-'END' || skip "needs nft"
	table inet scan {
		chain in { type filter hook prerouting priority -300
			ip protocol tcp numgen random mod 100 < 2 drop; }
		chain out { type filter hook output priority -300
			ip protocol tcp numgen random mod 100 < 2 drop; }
		chain input { type filter hook input priority 0
			iifname far tcp dport != 3000 drop
			iifname far ip daddr & 0.0.0.1 == 0.0.0.1 drop
		}
	}
	END
	# A busy machine may be late, but not each time, and is never wrong.
	for _ in 1 2 3 4 5; do
		timed nc -zv --any -w 1 10.7.0.0/24:3000-3009
		[ "$status" -eq 0 ]
		[[ ${lines[-1]} == *"256 targets: 128 open, 0 closed, 0 unreachable, 2432 filtered, 0 not"* ]]
		if between 950 2500; then return; fi
	done
	fail "never within 2.5 s"
}

# --- waiting ----------------------------------------------------------------

@test "--wait for many: each is told once it is there, the missing at the end" {
	private
	servers stay 4001
	later 1 4002
	until_true nc -z 127.0.0.1 4001
	run -1 nc -zv --wait=2 127.0.0.1:4001,4002 127.0.0.1:4003 unix:path
	[ "$output" = "\
Connection to 127.0.0.1 4001 port [tcp/*] succeeded!
nc-lite: waiting for 127.0.0.1 port 4002, 127.0.0.1 port 4003, path
Connection to 127.0.0.1 4002 port [tcp/*] succeeded!
nc-lite: gave up waiting for 127.0.0.1 port 4003 (Connection refused), path \
(No such file or directory) after 2 s
${lines[-1]}" ] || fail "$output"
	[[ ${lines[-1]} == "nc-lite: 3 targets: 2 open, 2 closed, "* ]]
}

@test "--wait ends soon after the last of 20 targets has come" {
	private
	start later /usr/bin/python3 -c 'import socket, time
kept = []
for port in range(4001, 4021):
    time.sleep(0.1)
    kept.append(socket.create_server(("127.0.0.1", port)))
print(time.clock_gettime(time.CLOCK_MONOTONIC), flush=True)
time.sleep(60)'
	# shellcheck disable=SC2046 # twenty words
	run -0 nc -z --wait $(printf '127.0.0.1:%d ' {4001..4020})
	/usr/bin/python3 -c 'import sys, time
late = time.clock_gettime(time.CLOCK_MONOTONIC) - float(sys.argv[1])
print(late)
assert 0 < late < 1.1' "$(<later.out)"
}

@test "--wait --any is content with one, and leaves the others" {
	private
	later 1 4002
	timed nc -z --wait --any 10.9.9.2:80 127.0.0.1:4002
	[ "$status" -eq 0 ]
	between 900 2500
}

@test "--closed: a port that is to be free, waited for or not" {
	private
	servers stay 4001
	server=$pid
	run -0 nc -z --closed 127.0.0.1:4002
	run -1 nc -z --closed 127.0.0.1 4001
	client -zv --wait --closed 127.0.0.1:4001
	wait_for_line client.err 'waiting for 127.0.0.1 port 4001 to be closed'
	client=$pid
	kill "$server"
	wait_exit "$client"
	[ "$status" -eq 0 ]
	as=again servers stay 4001
	run -1 nc -z --wait=0.3 --closed 127.0.0.1:4001
	[ "$output" = "nc-lite: gave up waiting for 127.0.0.1 port 4001 to be closed after 0.3 s: connected" ]
}

@test "UDP that is silent is not waited for as open, unless one assumes so" {
	private
	run -1 nc -zu --closed -w 0.2 10.9.9.2 4001
	run -0 nc -zu --closed -w 0.2 127.0.0.1 4001
	run -3 nc -zu --wait=0.6 -w 0.2 10.9.9.2:4001
	run -0 nc -zu --wait=5 -w 0.2 --assume-open 10.9.9.2:4001
	run -0 nc -zu -w 0.2 --assume-open 10.9.9.2 4001
	run -1 nc -zu -w 0.2 --assume-open 127.0.0.1 4001
}

@test "stdin is never read, --wait or not" {
	private
	servers stay 4001
	{
		nc -z --wait 127.0.0.1:4001
		read -r rest
	} <<<untouched
	[ "$rest" = untouched ]
}

# --- whether it answers -----------------------------------------------------

@test "--send and --expect: the answer decides, and is shown" {
	private
	servers '+PONG\r\n' 4001
	as=other servers '-ERR \x1bno\r\n' 4002
	run -0 nc -z --send 'PING\r\n' --expect '^\+PONG\r$' 127.0.0.1 4001
	run -1 nc -zv -w 0.5 --send 'PING\r\n' --expect '\+PONG' 127.0.0.1 4002
	[ "$output" = 'nc-lite: connect to 127.0.0.1 port 4002 (tcp) failed: wrong answer: -ERR \x1bno' ]
	grep -qx "b'PING\\\\r\\\\n'" servers.out
	run -0 nc -z --send 'a\ 7\-1\x-1\xg\0617' --expect PONG 127.0.0.1 4001
	grep -qx "b'a 7-1x-1xg17'" servers.out
	run -1 nc -z -w 0.5 --json --send x --expect PONG 127.0.0.1 4002
	[[ $output == *'"state":"wrong"'*'"answer":"-ERR \u001bno"'* ]]
	run -2 nc -z --expect '(' 127.0.0.1 4001
	one_line "expect: bad value '\('"
}

@test "--expect sees lines, blanks for NULs, and 4096 bytes" {
	local regex
	listen -k --sh-exec 'printf "one\ntw\0o\nthree\n"; cat'
	for regex in '^tw o$' '^three$' 'one$' '\x6fne' 'e\ntw'; do
		run -0 nc -zw 1 --expect "$regex" 127.0.0.1 "$port"
	done
	run -1 nc -zw 0.3 --expect '^two$' 127.0.0.1 "$port"
	as=long listen -k --sh-exec "printf %4093s; echo END; cat"
	run -0 nc -zw 1 --expect END 127.0.0.1 "$port"
	as=longer listen -k --sh-exec "printf %4094s; echo END; cat"
	run -1 nc -zw 0.3 --expect END 127.0.0.1 "$port"
}

@test "--expect without an answer is wrong when the time is over" {
	private
	servers stay 4001
	timed nc -zv -w 0.5 --expect x 127.0.0.1 4001
	[ "$status" -eq 1 ]
	between 450 1500
	[[ $output == *"failed: no answer" ]]
}

@test "--send and --expect over UDP and UNIX" {
	private
	start udp /usr/bin/python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 4001))
while True:
    said, who = s.recvfrom(99); s.sendto(b"you said " + said, who)'
	until_true nc -zu -w 1 127.0.0.1 4001
	run -0 nc -zu -w 1 --send 'a\x00b' --expect 'said a b' 127.0.0.1 4001
	run -1 nc -zuv -w 0.4 --send 'c' --expect 'said a' 127.0.0.1 4001
	[[ $output == *"failed: wrong answer: you said c" ]]
	start path "$NC_LITE" -lkU path --exec cat
	until_true test -S path
	run -0 nc -z --send 'ab' --expect '^ab$' unix:path
}

# bats test_tags=timing
@test "--settle: what accepts and hangs up is closing; --wait looks by itself" {
	private
	servers close 4001
	as=two servers reset 4002
	as=three servers stay 4003
	run -0 nc -z 127.0.0.1:4001
	run -1 nc -zv --settle 127.0.0.1:4001
	[[ $output == *"failed: accepted, then closed at once" ]]
	run -1 nc -z --json --settle 127.0.0.1:4002
	[[ $output == *'"state":"clos'* ]]
	timed nc -z --settle=0.3 127.0.0.1:4003
	[ "$status" -eq 0 ]
	between 290 900
	run -1 nc -z --wait=0.7 127.0.0.1:4001
	[[ $output == *"gave up waiting for 127.0.0.1 port 4001 after 0.7 s: accepted, then closed at once" ]]
}

@test "--http: 2xx and 3xx are good, and the status line is told" {
	private
	servers 'HTTP/1.1 204 No Content\r\n\r\n' 4001
	as=bad servers 'HTTP/1.1 503 Service Unavailable\r\n\r\n' 4002
	names "127.0.0.1 web"
	run -0 nc -zv --http=/health web 4001
	[ "${lines[1]}" = "nc-lite: web port 4001: HTTP/1.1 204 No Content" ]
	grep -q "^b'GET /health HTTP/1.1.r.nHost: web:4001.r.n" servers.out
	timed nc -zv -w 9 --http web:4002
	[ "$status" -eq 1 ]
	between 0 5000
	[[ $output == *"failed: wrong answer: HTTP/1.1 503 Service Unavailable" ]]
	run -1 nc -z --http web:4001,4002
	run -0 nc -z --http --json web:4001
	[[ $output == *'"reason":"HTTP/1.1 204 No Content"'* ]]
}

@test "--http: what comes before the final status line, or in the body, is none" {
	private
	servers 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n' 4001
	as=bad servers 'HTTP/1.1 503 No\r\n\r\nHTTP/1.1 200 OK\r\n' 4002
	run -0 nc -zv --http 127.0.0.1:4001
	[ "${lines[1]}" = "nc-lite: 127.0.0.1 port 4001: HTTP/1.1 200 OK" ]
	run -1 nc -zv --http 127.0.0.1:4002
	[[ $output == *"failed: wrong answer: HTTP/1.1 503 No" ]]
	serve parts /usr/bin/python3 -c 'import socket, sys, time
server = socket.create_server(("127.0.0.1", 4003))
print("Listening on 127.0.0.1 4003", file=sys.stderr, flush=True)
peer = server.accept()[0]
for part in (b"HTTP/1.1 103 Early\r\nLi", b"nk: x\r\n\r", b"\nHTTP/1.1 2", b"00 OK\r\n"):
    peer.sendall(part)
    time.sleep(0.1)'
	run -0 nc -z --http 127.0.0.1:4003
}

@test "a target that talks without end, or not to the point, has its time only" {
	local how
	private
	servers stay 4001
	serve foe /usr/bin/python3 -c 'import socket, sys, threading
def flood(server, words):
    while True:
        try:
            peer = server.accept()[0]
            while True:
                peer.sendall(words)
        except OSError:
            pass
for port, words in ((4002, b"A" * 9999), (4003, bytes(9999)), (4004, b"X: y\r\n" * 999),
                    (4005, b"\x16\3\1\x40\0" + bytes(16384))):
    server = socket.create_server(("127.0.0.1", port))
    threading.Thread(target=flood, args=(server, words)).start()
print("Listening on 127.0.0.1 4002", file=sys.stderr, flush=True)'
	for how in --http --expect=ZZ --banner --settle -c; do
		timed nc -z "$how" -w 1 127.0.0.1:4002-4005
		between 0 4000
	done
	run -1 nc -zc -w 3 127.0.0.1:4005
	one_line 'TLS with 127.0.0.1 4005: the TLS handshake is too long$'
	run -2 nc -z --expect '(a*)(a*)\1\2b' 127.0.0.1 4001
	one_line "no back-references"
}

@test "real ones: redis" {
	private
	runs redis-check-rdb
	start redis bash -c 'exec -a redis-server redis-check-rdb "$@"' redis \
	    --port 4001 --bind 127.0.0.1 --save '' --dir .
	run -0 nc -z --wait=30 --send 'PING\r\n' --expect '^\+PONG\r$' 127.0.0.1:4001
	run -1 nc -zv --send 'NO\r\n' --expect '^\+' 127.0.0.1:4001
	[[ $output == *"wrong answer: -ERR unknown command "[\'\`]NO[\'\`]* ]] ||
	    fail "$output"
}

@test "real ones: memcached" {
	private
	runs memcached
	start memcached memcached -l 127.0.0.1 -p 4001 -U 0 -u "$(id -un)"
	run -0 nc -z --wait=30 --send 'version\r\n' --expect '^VERSION ' 127.0.0.1:4001
}

@test "real ones: nginx" {
	private
	runs nginx
	printf '%s\n' 'daemon off; master_process off; pid nginx.pid;' \
	    "error_log nginx.log; events {}" \
	    "http { access_log off; client_body_temp_path t; proxy_temp_path t;" \
	    "fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;" \
	    "server { listen 127.0.0.1:4003; location = / { return 404; }" \
	    "location = /ok { return 301 /; } } }" >nginx.conf
	start nginx nginx -p "$PWD" -c "$PWD/nginx.conf" -e nginx.log
	run -0 nc -z --wait=30 --http=/ok 127.0.0.1:4003
	run -1 nc -z --http 127.0.0.1:4003
}

@test "stand-ins for memcached and for PostgreSQL, which wants the first word" {
	private
	servers 'VERSION 1.6.21\r\n' 4001
	as=postgres servers N 4002
	run -0 nc -z --wait --send 'version\r\n' --expect '^VERSION ' 127.0.0.1:4001
	# An SSLRequest, answered by S or N.
	run -0 nc -z --wait --send '\0\0\0\b\x04\xd2\x16/' --expect '^[SN]$' 127.0.0.1:4002
	grep -qxF "b'\x00\x00\x00\x08\x04\xd2\x16/'" postgres.out
}

@test "-c with several hosts: each has to prove its own name" {
	local who
	private
	make_certificates
	issue one DNS:one
	issue two DNS:two
	names "127.0.0.1 one two three" "127.0.0.1 localhost"
	for who in one:4001 two:4002; do
		as=${who%:*} start "${who%:*}" "$NC_LITE" -lkc --recv-only \
		    --cert "$C/${who%:*}.both" 127.0.0.1 "${who#*:}"
		until_true nc -z 127.0.0.1 "${who#*:}"
	done
	run -0 tls -z one:4001 two:4002
	[ -z "$output" ]
	run -5 tls -z one:4001 two:4001
	one_line 'TLS with 127.0.0.1 4001: certificate is for one, not two$'
	run -5 tls -z three:4002 two:4002
	one_line 'TLS with 127.0.0.1 4002: certificate is for two, not three$'
	run -0 tls -z --json one:4001 two:4002
	[[ ${lines[0]} == *'"host":"one",'*'"state":"open",'*'"verified":true,'*CN=one* ]] || fail "$output"
	[[ ${lines[1]} == *'"host":"two",'*'"state":"open",'*'"verified":true,'*CN=two* ]] || fail "$output"
}

# --- again and again --------------------------------------------------------

@test "--every: a line each round, and the sums at the end" {
	private
	servers stay 4001
	run -0 --separate-stderr nc -z --every 0.1 --count 3 127.0.0.1:4001
	[ "${#lines[@]}" -eq 3 ]
	for line in "${lines[@]}"; do
		[[ $line =~ ^20[0-9-]+T[0-9:]+\.[0-9]{3}Z\ 127.0.0.1\ port\ 4001\ open\ [0-9.]+\ ms$ ]] || fail "$line"
	done
	[[ $stderr =~ ^nc-lite:\ 127.0.0.1\ port\ 4001:\ 3\ rounds,\ 0\ failed,\ min/median/p99/max\ [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+\ ms$ ]]
	run -1 --separate-stderr nc -z --every 0.1 --count 2 127.0.0.1:4001,4002
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[1]} == *" port 4002 closed 0."*" ms (Connection refused)" ]]
	[[ $stderr == *"port 4002: 2 rounds, 2 failed" ]]
}

@test "--every --json, and SIGUSR1 asks for the sums so far" {
	private
	servers stay 4001
	client -z --every 0.1 127.0.0.1:4001
	wait_for_line client.out 'open'
	kill -USR1 "$pid"
	wait_for_line client.err ' rounds, 0 failed, min/median/p99/max '
	run -0 nc -z --json --every 0.05 --count 2 127.0.0.1:4001
	/usr/bin/python3 -c 'import json, sys
lines = [json.loads(line) for line in sys.stdin]
assert [line["state"] for line in lines[:2]] == ["open"] * 2, lines
assert lines[0]["time"] < lines[1]["time"], lines
assert lines[2]["rounds"] == 2 and lines[2]["failed"] == 0, lines
assert lines[2]["min"] <= lines[2]["median"] <= lines[2]["max"], lines' <<<"$output"
}

@test "--every: SIGINT and SIGTERM ask for the sums, and are died of" {
	local pair
	private
	servers stay 4001
	for pair in INT:130 TERM:143; do
		client -z --every 0.05 127.0.0.1:4001,4002
		until_true has client.out 300
		kill "-${pair%:*}" "$pid"
		wait_exit "$pid"
		[ "$status" -eq "${pair#*:}" ]
		grep -Ex 'nc-lite: 127.0.0.1 port 4001: [0-9]+ rounds, 0 failed, min/median/p99/max [0-9./]+ ms' client.err
		grep -Ex 'nc-lite: 127.0.0.1 port 4002: ([0-9]+) rounds, \1 failed' client.err
		[ "$(wc -l <client.err)" -eq 2 ]
	done
	client -z --every 100 --json 127.0.0.1:4001
	until_true has client.out 20
	kill -INT "$pid"
	wait_exit "$pid" 3
	[[ "$(tail -n 1 client.out)" == '{"host":"127.0.0.1","port":4001,"rounds":1,"failed":0,"min":'* ]]
}

# --- who reads --------------------------------------------------------------

# terminal CMD...: CMD with a terminal as its stderr; what it says is in tty.out.
terminal() {
	bounded /usr/bin/python3 -c 'import os, pty, sys
status = pty.spawn(sys.argv[1:])
sys.exit(os.waitstatus_to_exitcode(status))' "$@" >tty.out </dev/null
}

@test "a terminal has columns and colours, NO_COLOR no colours, a file neither" {
	private
	servers stay 4001
	run -1 terminal "$NC_LITE" -zv 127.0.0.1:4001 127.0.0.1:4002
	grep -q $'^127.0.0.1 port 4001  *\033\[32mopen  *\033\[0m connected' tty.out
	grep -q $'^127.0.0.1 port 4002  *\033\[31mclosed  *\033\[0m Connection refused' tty.out
	NO_COLOR=1 run -1 terminal "$NC_LITE" -zv 127.0.0.1:4001 127.0.0.1:4002
	run ! grep $'\033' tty.out
	grep -q '^127.0.0.1 port 4001  *open  *connected' tty.out
	run -1 nc -zv 127.0.0.1:4001 127.0.0.1:4002
	[[ $output != *$'\033'* ]]
}

@test "--progress shows how far a scan is, on a terminal" {
	private
	run -3 terminal "$NC_LITE" -z --progress -w 0.6 10.9.9.2 1-50
	grep -q '0 of 50 ports tested, 0 open' tty.out
	run -3 nc -z --progress -w 0.3 10.9.9.2 1-5
	[ -z "$output" ]
}
