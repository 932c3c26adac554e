#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031
# Through proxies, real ones and hostile ones; and the descriptor that is handed over.

load helper
load tls_certs

setup_file() {
	make_certificates
	issue proxy DNS:localhost
	issue other DNS:other.example
}

# foe WHAT PROTOCOL HOST [ARG...]: peers/proxy_foe.py with our client.
foe() {
	local what=$1 protocol=$2 host=$3
	shift 3
	bound=120 bounded /usr/bin/python3 "$PEERS/proxy_foe.py" "$what" \
	    "$protocol" "$NC_LITE" -w 5 -X "${protocol%p}" -x 127.0.0.1:@ "$@" \
	    "$host" 80 || fail "$what $protocol"
}

# The proxies; each sets $pid and $proxy, its port.
start_microsocks() {
	need microsocks
	server "${as:-microsocks}" microsocks -i 127.0.0.1 -p PORT "$@"
	proxy=$port
}

start_microsocks_at() {
	need microsocks
	start microsocks microsocks -i 127.0.0.1 -p "$1"
}

start_danted() {
	runs danted
	closed_port
	proxy=$port
	cat >danted.conf <<-END
		logoutput: stderr
		internal: 127.0.0.1 port = $port
		external: lo
		socksmethod: none
		clientmethod: none
		client pass { from: 0/0 to: 0/0 }
		socks pass { from: 0/0 to: 0/0
			command: bind connect udpassociate }
		socks pass { from: 0/0 to: 0/0 command: bindreply udpreply }
	END
	kill "$pid"
	wait_exit "$pid"
	start danted danted -N 1 -f danted.conf
	until_true listens
}

start_tinyproxy() {
	runs tinyproxy
	closed_port
	proxy=$port
	printf '%s\n' "Port $port" 'Listen 127.0.0.1' 'MaxClients 20' \
	    'Timeout 60' "$@" >tinyproxy.conf
	kill "$pid"
	wait_exit "$pid"
	start "${as:-tinyproxy}" tinyproxy -d -c tinyproxy.conf
	until_true listens
}

start_squid() {
	runs squid
	closed_port
	proxy=$port
	# An unpacked one has its programs elsewhere, and needs none of them.
	printf '%s\n' "http_port 127.0.0.1:$port" "$@" 'http_access allow all' \
	    'access_log none' 'cache_log /dev/null' 'pid_filename none' \
	    'cache deny all' 'shutdown_lifetime 0 seconds' 'pinger_enable off' \
	    'netdb_filename none' 'visible_hostname test' 'coredump_dir /' \
	    'unlinkd_program /bin/true' 'logfile_daemon /bin/true' >squid.conf
	kill "$pid"
	wait_exit "$pid"
	start squid squid -N -f "$PWD/squid.conf"
	until_true listens
}

# start_sshd: a server of ours on $sshd for this user, and `ssh` arguments in $ssh.
start_sshd() {
	need ssh
	runs sshd
	closed_port
	sshd=$port
	[ -e host.key ] || ssh-keygen -q -t ed25519 -N '' -f host.key
	[ -e user.key ] || ssh-keygen -q -t ed25519 -N '' -f user.key
	printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' \
	    "HostKey $PWD/host.key" "AuthorizedKeysFile $PWD/user.key.pub" \
	    'StrictModes no' 'UsePAM no' 'PidFile none' \
	    'PermitRootLogin yes' 'Subsystem sftp internal-sftp' >sshd.conf
	kill "$pid"
	wait_exit "$pid"
	# Root's wants a directory that only a service makes, and what only the
	# installed package has: a user and, from OpenSSH 9.8 on, its parts.
	cp /etc/passwd passwd
	id sshd >passwd.id 2>&1 ||
	    echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin' >>passwd
	# shellcheck disable=SC2016 # for the shell in there
	start sshd unshare -m sh -c '
		parts=$0/lib/openssh
		[ ! -e "$parts/sshd-session" ] ||
			mount --bind "$parts" /usr/lib/openssh
		[ "$(id -u)" != 0 ] || {
			mount --bind "$PWD/passwd" /etc/passwd &&
			    mount -t tmpfs none /run && mkdir -m 755 /run/sshd; }
		exec "$@"' "$unpacked" "$(command -v sshd)" -D -e -f "$PWD/sshd.conf"
	until_true listens || fail "$(<sshd.err)"
	ssh=(-F none -i "$PWD/user.key" -o StrictHostKeyChecking=no
	    -o "UserKnownHostsFile=$PWD/known" -o BatchMode=yes)
}

# one_way ARG...: half a megabyte and more each way, one after the other: whole,
# though the proxy may end both directions as soon as one has ended.
one_way() {
	random 700000 up
	as=target listen -d
	nc -x "${via-}127.0.0.1:$proxy" "$@" 127.0.0.1 "$port" <up
	wait_exit "$pid"
	[ "$status" -eq 0 ] || fail "$(<target.err)"
	same target.out up
	as=target listen -N <up
	nc -d -x "${via-}127.0.0.1:$proxy" "$@" localhost "$port" >got
	same got up
}

# both_ways ARG...: both at once, through a proxy that knows one-sided ends.
both_ways() {
	random 700000 up
	random 900000 down
	as=target listen -N <down
	nc -x "127.0.0.1:$proxy" "$@" localhost "$port" <up >got
	wait_exit "$pid"
	[ "$status" -eq 0 ] || fail "$(<target.err)"
	same target.out up
	same got down
}

### what a proxy may say

@test "a good answer is good in any pieces, and what follows is the target's" {
	foe pieces 4 127.0.0.1
	foe pieces 4 localhost -X 4A
	foe pieces 5 nowhere.invalid
	foe pieces 5 ::1
	foe pieces connect nowhere.invalid
	NC_PROXY_PASSWORD=pass:word foe pieces 5p localhost -P user:name
	NC_PROXY_PASSWORD=pass:word foe pieces connect ::1 -P user
}

@test "an answer that is cut after any byte is exit 1, and stdin stays here" {
	foe cuts 4 127.0.0.1
	foe cuts 5 localhost
	foe cuts connect localhost
	NC_PROXY_PASSWORD=x foe cuts 5p localhost -P user
}

@test "a wrong answer is a line with its reason, and stdin stays here" {
	foe wrong 4 127.0.0.1
	foe wrong 5 localhost
	foe wrong connect localhost
	NC_PROXY_PASSWORD=x foe wrong 5p localhost -P user
}

@test "a proxy that says nothing, or drips, is exit 3 within -w" {
	local protocol
	for protocol in 4 5 connect; do
		foe silent "$protocol" 127.0.0.1 -w 0.4
	done
	NC_PROXY_PASSWORD=x foe silent 5p 127.0.0.1 -w 0.4 -P me
	peer stall
	run -3 nc -X https -w 0.4 -x "127.0.0.1:$port" localhost 80
	[[ $output == *"proxy 127.0.0.1 port $port: timed out" ]]
}

@test "the reasons of proxies in words" {
	peer read 3 say '\x05\x00' read 16 say '\x05\x04\x00\x01' pause 1
	run -1 nc -x "127.0.0.1:$port" localhost 80
	[ "$output" = "nc-lite: proxy 127.0.0.1 port $port: SOCKS 5 request: host unreachable" ]
	peer say 'HTTP/1.1 403 Not for you\r\n\r\n' pause 1
	run -1 nc -X connect -x "127.0.0.1:$port" localhost 80
	[ "$output" = "nc-lite: proxy 127.0.0.1 port $port: CONNECT: the proxy says '403 Not for you'" ]
	peer say 'HTTP/1.1 407 Who are you\r\n\r\n' pause 1
	run -5 nc -X connect -x "127.0.0.1:$port" localhost 80
	[[ $output == *"'407 Who are you' (-P USER)" ]]
	peer say 'HTTP/1.0 400 Bad\r\n' pause 1
	run -1 nc -x "127.0.0.1:$port" localhost 80
	[[ $output == *'does not speak SOCKS 5 (HTTP, perhaps: -X connect)' ]]
	closed_port
	run -1 nc -x "127.0.0.1:$port" localhost 80
	[[ $output == *"connect to 127.0.0.1 port $port (tcp) failed: Connection refused" ]]
}

### what it is told

@test "the name is told as it is, and never looked up here" {
	peer hex 3 say '\x05\x00' hex 22 say '\x05\x01' pause 1
	run -1 nc -x "127.0.0.1:$port" nowhere.invalid 443
	[ "$(<peer.out)" = "050100
050100030f6e6f77686572652e696e76616c696401bb" ] || fail "$(<peer.out)"
}

@test "an address is told as one, of IPv6 too" {
	peer hex 3 say '\x05\x00' hex 10 say '\x05\x01' pause 1
	run -1 nc -nx "127.0.0.1:$port" 10.1.2.3 443
	[ "$(tail -n 1 peer.out)" = 050100010a01020301bb ]
	peer hex 3 say '\x05\x00' hex 22 say '\x05\x01' pause 1
	run -1 nc -x "127.0.0.1:$port" 2001:db8::1 443
	[ "$(tail -n 1 peer.out)" = 0501000420010db800000000000000000000000101bb ]
	peer hex 21 say '\x00\x5b' pause 1
	run -1 nc -X 4a -P me -x "127.0.0.1:$port" host.name 80
	[ "$(<peer.out)" = 04010050000000016d6500686f73742e6e616d6500 ] || fail "$(<peer.out)"
	peer text
	run -3 nc -X connect -x "127.0.0.1:$port" 2001:db8::1 443 -w 0.3
	wait_exit "$pid"
	[ "$(head -n 2 peer.out)" = $'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r' ]
}

@test "whom the proxy looks up no resolver here is asked for" {
	need dnsmasq
	private
	printf 'nameserver 127.0.0.1\n' >resolv.conf
	printf 'hosts: files dns\n' >nsswitch.conf
	start dns dnsmasq -k -C /dev/null -h -R --log-queries --log-facility=- \
	    --pid-file= -u root --address=/example.test/127.0.0.1
	wait_for_line dns.err started
	local kind
	for kind in 4A 5 connect; do
		peer stall
		run -3 nc -w 0.3 -X "$kind" -x "127.0.0.1:$port" asked.example.test 80
		peer stall
		run -3 nc -z -w 0.3 -X "$kind" -x "127.0.0.1:$port" asked.example.test 80
	done
	run ! grep asked dns.err
	run -1 nc asked.example.test 1
	grep -q 'query.* asked.example.test' dns.err
}

@test "a user's name and password have their place, and no argument" {
	export NC_PROXY_PASSWORD=pass:word
	peer hex 4 say '\x05\x02' hex 16 say '\x01\x01' pause 1
	run -5 nc -P me:o -x "127.0.0.1:$port" localhost 80
	[ "$(<peer.out)" = $'05020002\n01046d653a6f09706173733a776f7264' ]
	[[ $output == *'SOCKS 5 password: the proxy rejected the user name or password' ]]
	peer text
	run -3 nc -w 0.3 -X connect -P Aladdin -x "127.0.0.1:$port" localhost 80
	wait_exit "$pid"
	grep -q '^Proxy-Authorization: Basic QWxhZGRpbjpwYXNzOndvcmQ=' peer.out
	run -2 nc -x "socks5://me:secret@127.0.0.1:$port" localhost 80
	[[ $output != *secret* ]]
	run -2 nc -X connect -P a:b -x "127.0.0.1:$port" localhost 80
	run -2 nc -P "$(printf '%0256d' 0)" -x "127.0.0.1:$port" localhost 80
	NC_PROXY_PASSWORD=$(printf '%0256d' 0)
	run -2 nc -P me -x "127.0.0.1:$port" localhost 80
	unset NC_PROXY_PASSWORD
	run -2 setsid -w "$NC_LITE" -P me -x "127.0.0.1:$port" localhost 80
	[[ $output == *NC_PROXY_PASSWORD* ]]
	peer hex 4 stall
	NC_PROXY_PASSWORD=sesame client -P me -x "127.0.0.1:$port" localhost 80
	wait_for_line peer.out 05020002
	ps -ww -o args= -p "$pid" >args
	grep -q 'nc-lite.* -P me' args
	run ! grep sesame args
}

@test "the user of a URL is told when the proxy asks, by a new connection" {
	export NC_PROXY_PASSWORD=pass:word
	bounded /usr/bin/python3 - "$NC_LITE" <<-'END'
		import socket, subprocess, sys
		door = socket.create_server(("127.0.0.1", 0))
		def run(*answers):
		    nc = subprocess.Popen([sys.argv[1], "-w", "9", "-x",
		        "http://a%%40b@127.0.0.1:%d" % door.getsockname()[1],
		        "localhost", "80"], stdin=subprocess.DEVNULL,
		        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
		    asked = []
		    for answer in answers:
		        sock, _ = door.accept()
		        asked.append(b"")
		        while not asked[-1].endswith(b"\r\n\r\n"):
		            asked[-1] += sock.recv(4096)
		        sock.sendall(answer)
		        sock.close()
		    out, err = nc.communicate(timeout=10)
		    return nc.returncode, out, err, asked
		who = b"\r\nProxy-Authorization: Basic YUBiOnBhc3M6d29yZA==\r\n"
		ask = b"HTTP/1.1 407 Who\r\nContent-Length: 4\r\n\r\nbody"
		code, out, err, asked = run(ask, b"HTTP/1.1 200\r\n\r\nhello")
		assert (code, out, err) == (0, b"hello", b""), (code, out, err)
		assert who not in asked[0] and who in asked[1], asked
		code, out, err, asked = run(ask, ask)
		assert (code, out) == (5, b""), code
		assert b"the proxy says '407 Who'\n" in err, err
		code, out, err, asked = run(b"HTTP/1.1 200\r\n\r\nhi")
		assert (code, out) == (0, b"hi") and who not in asked[0], asked
	END
	NC_PROXY_PASSWORD=secret
	start_tinyproxy 'BasicAuth me secret'
	as=target listen <<<hello
	run -0 nc -d -x "http://me@localhost:$proxy" localhost "$port"
	[ "$output" = hello ]
	as=target listen -k --exec 'echo ready'
	run -0 nc -z --expect ready -x "http://me@localhost:$proxy" localhost \
	    "$port"
}

@test "a command of ours does not learn the password" {
	start_microsocks -u me -P secret
	idle_pipe
	echo go >&"$tap"
	as=target listen <&"$idle"
	NC_PROXY_PASSWORD=secret nc -P me -x "127.0.0.1:$proxy" \
	    --sh-exec 'read -r _; env; echo end' localhost "$port"
	wait_for_line target.out '^end'
	run ! grep secret target.out
}

@test "without a port a proxy is at 1080, or 3128 for HTTP, or 443 for HTTPS" {
	private
	local words
	while IFS=: read -r port words; do
		# shellcheck disable=SC2086 # several words
		run -1 nc $words localhost 80 </dev/null
		[[ $output == *" port $port (tcp) failed: Connection refused" ]] ||
		    fail "$words: $output"
	done <<-'END'
		1080:-x 127.0.0.1
		1080:-X 4A -x 127.0.0.1
		1080:-X 5 -x [::1]
		3128:-X connect -x 127.0.0.1
		443:-X https -x 127.0.0.1
		81:-x [::1]:81
	END
}

@test "bad words about proxies are refused in one line" {
	local words
	for words in '-x p -X 6' '-x ftp://p' '-x p:0' '-x p:x:y]' '-x [::1' \
	    '-x [::1]x' '-x :1' '-X 5' '-P me' '-x a -x b -x c -X 4 -X 5' \
	    '-x p -X 4' '-nx p' '-x p -l' '-x p -U' '-x p -S' '-F -c' \
	    '-F -z' '-F -l' '-F -X https -x p' '-u -x a -x b' '-u -X 4A -x p' \
	    '-x http://p/ -P me:x' '-x 1 -x 2 -x 3 -x 4 -x 5 -x 6 -x 7 -x 8 -x 9'; do
		# shellcheck disable=SC2086
		run nc $words localhost 1
		[ "$status ${#lines[@]}" = "2 1" ] || fail "$words: $output"
	done
	run -2 nc -X 4a -x p ::1 80
	run -2 nc -X connect -x p $'host\r\nX: y' 80
	[ "${#lines[@]}" -eq 1 ]
}

### real proxies

@test "through microsocks, both ways and whole" {
	start_microsocks
	one_way
}

@test "through danted: SOCKS 4 and 5" {
	start_danted
	both_ways
	as=target listen -N <<<down
	run -0 nc -X 4 -x "127.0.0.1:$proxy" 127.0.0.1 "$port" <<<up
	[ "$output" = down ]
}

@test "through tinyproxy, with its password" {
	start_tinyproxy 'BasicAuth me secret'
	export NC_PROXY_PASSWORD=secret
	one_way -X connect -P me
	run -5 nc -X connect -x "127.0.0.1:$proxy" localhost "$port"
	[[ $output == *407* ]]
	NC_PROXY_PASSWORD=wrong
	run -5 nc -X connect -P me -x "127.0.0.1:$proxy" localhost "$port"
}

@test "through squid, with its password" {
	start_squid 'auth_param basic program /bin/sed -u -e s/me.secret/OK/ -e t -e s/.*/ERR/' \
	    'auth_param basic children 1' 'acl known proxy_auth REQUIRED' \
	    'http_access deny !known'
	export NC_PROXY_PASSWORD=secret
	one_way -X connect -P me
	via="http://me@" one_way
	closed_port
	run -1 nc -X connect -P me -x "127.0.0.1:$proxy" 127.0.0.1 "$port"
	[[ $output == *"the proxy says '503 "* ]]
	run -5 nc -X connect -P you -x "127.0.0.1:$proxy" 127.0.0.1 "$port"
}

@test "through ssh -D: SOCKS 4, 4A and 5" {
	start_sshd
	closed_port
	proxy=$port
	kill "$pid"
	wait_exit "$pid"
	start dynamic ssh "${ssh[@]}" -N -D "127.0.0.1:$proxy" -p "$sshd" 127.0.0.1
	until_true listens
	both_ways
	both_ways -X 4A
}

@test "a chain: each proxy is reached through the one before" {
	as=second start_tinyproxy
	second=$proxy
	as=first start_microsocks
	one_way -X 5 -X connect -x "127.0.0.1:$second"
	grep -q "127.0.0.1:$second" first.err
	one_way --proxy "http://localhost:$second"
}

@test "a forwarder, and a proxy of ours, reach their targets through proxies" {
	start_danted
	local danted=$proxy
	as=target listen -k --exec cat
	local target=$port
	as=forward listen -k --forward "localhost:$target" -x "127.0.0.1:$danted"
	run -0 nc 127.0.0.1 "$port" <<<hello
	[ "$output" = hello ]
	grep -Eq ", forwarded by tcp 127.0.0.1 [0-9]+ -> 127.0.0.1 $danted\
 to localhost port $target\$" forward.err
	closed_port
	as=forward listen -k --forward "localhost:$port" -x "127.0.0.1:$danted"
	visit readall >visit.out
	[[ $(<visit.out) == "reset 0 "* ]]
	grep -q "proxy 127.0.0.1 port $danted: SOCKS 5 request: connection refused" \
	    forward.err
	as=own listen -k --proxy-server -X 4 -x "127.0.0.1:$danted"
	run -0 nc -x "127.0.0.1:$port" 127.0.0.1 "$target" <<<hello
	[ "$output" = hello ]
	run -1 nc -x "127.0.0.1:$port" localhost "$target" <<<hello
	grep -q "SOCKS 4 request: it cannot carry 'localhost'" own.err
	run -2 nc -lk --forward unix:path -x p 0
	run -2 nc -lk --proxy-server --deny-to 10.0.0.0/8 -x p 0
	run -2 nc -l -x p 0
	[[ $output == *'a proxy is on the way to a target (--forward'* ]]
}

@test "-c is about the target, through any proxy" {
	start_danted
	as=target tls_listen -k --exec cat
	run -0 tls -x "127.0.0.1:$proxy" localhost "$port" <<<hello
	[ "$output" = hello ]
	as=other listen -c --cert "$C/other.both"
	run -5 tls -x "127.0.0.1:$proxy" localhost "$port" <<<hello
	[[ $output == *'is for other.example, not localhost' ]]
}

# front CERTIFICATE: TLS before the proxy at $proxy; sets $front.
front() {
	local before=$proxy
	server front socat "OPENSSL-LISTEN:PORT,bind=127.0.0.1,fork,reuseaddr,cert=$C/$1.both,verify=0" \
	    "TCP:127.0.0.1:$before"
	front=$port
}

@test "TLS to the proxy: proven first, and then TLS to the target in it" {
	need socat
	start_tinyproxy
	front proxy
	random 3000000 in
	as=target listen -N <in
	nc -d --ca "$C/ca.pem" -X https -x "localhost:$front" localhost \
	    "$port" >out
	same in out
	as=target tls_listen -d
	tls -x "https://localhost:$front" localhost "$port" <in
	wait_exit "$pid"
	same target.out in
	as=target tls_listen <in
	tls -d -x "https://localhost:$front" localhost "$port" >out
	same out in
	front other
	run -5 nc --ca "$C/ca.pem" -x "https://localhost:$front" localhost 1
	[[ $output == *"proxy localhost port $front: certificate is for other.example, not localhost" ]]
}

@test "a target that says nothing behind TLS to the proxy has 30 seconds" {
	need socat strace
	start_tinyproxy
	front proxy
	as=mute peer readall
	ASAN_OPTIONS=detect_leaks=0 start client strace -o trace \
	    -e trace=poll,ppoll "$NC_LITE" -c --ca "$C/ca.pem" \
	    -x "https://localhost:$front" localhost "$port"
	until_true grep -qE 'tv_sec=(29|30)|, (29...|30000)' trace
}

@test "TLS to the proxy, which haproxy ends" {
	runs haproxy
	start_tinyproxy
	local before=$proxy
	closed_port
	front=$port
	cat >haproxy.conf <<-END
		defaults
		mode tcp
		timeout connect 9s
		timeout client 20s
		timeout server 20s
		listen front
		bind 127.0.0.1:$front ssl crt $C/proxy.both
		server proxy 127.0.0.1:$before
	END
	kill "$pid"
	wait_exit "$pid"
	start haproxy haproxy -db -f haproxy.conf
	until_true listens
	random 3000000 in
	as=target listen -N <in
	nc -d --ca "$C/ca.pem" -X https -x "localhost:$front" localhost \
	    "$port" >out
	same in out
	as=target tls_listen -d
	tls -x "https://localhost:$front" localhost "$port" <in
	wait_exit "$pid"
	same target.out in
}

# free: a port, in $port, on which nothing listens, for a while.
free() {
	closed_port
	kill "$pid"
	wait_exit "$pid"
}

@test "--wait waits for the proxy, and for the target behind it" {
	free
	target=$port
	free
	client -x "127.0.0.1:$port" --wait=20 -v 127.0.0.1 "$target" <<<hello
	client=$pid
	wait_for_line client.err 'waiting for 127.0.0.1 port'
	start_microsocks_at "$port"
	until_true listens
	start target "$NC_LITE" -l 127.0.0.1 "$target" </dev/null
	wait_exit "$client"
	[ "$status" -eq 0 ]
	holds target.out hello
}

### -z

@test "-z asks the proxy: open, closed, filtered, and nothing of the proxy's own" {
	as=target listen -k --exec 'echo ready'
	target=$port
	free
	start_microsocks
	run -0 nc -zv -x "127.0.0.1:$proxy" localhost "$target"
	[ "$output" = "Connection to localhost $target port [tcp/*] succeeded!" ]
	run -1 nc -zv -x "127.0.0.1:$proxy" localhost 1
	[[ $output == *"connect to localhost port 1 (tcp) failed: Connection refused" ]]
	run -1 nc -z --all --json -x "127.0.0.1:$proxy" localhost "$target,1"
	[[ ${lines[0]} == *'"state":"open"'* ]]
	[[ ${lines[1]} == *'"state":"closed","reason":"Connection refused"'* ]]
	[[ $output != *'"address"'* ]]
	run -0 nc -z --expect ready -x "127.0.0.1:$proxy" localhost "$target"
	peer say '\x05\x00\x05\x02' pause 1
	run nc -zv -x "127.0.0.1:$port" localhost 80
	[ "$status" -ne 0 ]
	[[ $output == *'Operation not permitted'* ]]
	peer say '\x05\xff' pause 1
	run -5 nc -z -x "127.0.0.1:$port" localhost 80
	[[ $output == *'the proxy requires a user name (-P USER)' ]]
	peer stall
	run -3 nc -z -w 0.3 -x "127.0.0.1:$port" localhost 80
	free
	run -1 nc -z --json -x "127.0.0.1:$port" localhost 80
	[[ $output == *'"state":"unreachable"'* ]]
}

@test "-z with TLS to the target, and through TLS to the proxy" {
	as=target tls_listen -k --exec cat
	target=$port
	start_microsocks
	run -0 nc -zcv --ca "$C/ca.pem" -x "127.0.0.1:$proxy" localhost "$target"
	[[ $output == *'Certificate of /CN=good,'* ]]
	start_tinyproxy
	front proxy
	run -0 nc -zc --ca "$C/ca.pem" -x "https://localhost:$front" \
	    localhost "$target"
}

@test "-z --wait waits for a port behind a proxy" {
	start_microsocks
	free
	client -zv --wait=20 -x "127.0.0.1:$proxy" 127.0.0.1 "$port"
	client=$pid
	wait_for_line client.err waiting
	start target "$NC_LITE" -lk 127.0.0.1 "$port" </dev/null
	wait_exit "$client"
	[ "$status" -eq 0 ]
}

### -F

@test "-F hands over the descriptor: blocking, gentle, with nothing read from it" {
	start_microsocks
	for how in "-F" "-F -x 127.0.0.1:$proxy"; do
		peer say hello read 6
		# shellcheck disable=SC2086
		bounded /usr/bin/python3 - "$NC_LITE" $how 127.0.0.1 "$port" <<-'END'
			import array, fcntl, os, socket, struct, subprocess, sys, time
			ours, theirs = socket.socketpair()
			nc = subprocess.Popen(sys.argv[1:], stdout=theirs)
			theirs.close()
			data, control, _, _ = ours.recvmsg(8, 64)
			assert data == b"\0" and ours.recv(1) == b"", data
			assert nc.wait() == 0
			fd = struct.unpack("i", control[0][2])[0]
			assert not fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK
			sock = socket.socket(fileno=fd)
			assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8) \
			    == bytes(8)
			assert sock.recv(5, socket.MSG_WAITALL) == b"hello"
			sock.sendall(b"secret")
		END
		wait_exit "$pid"
		holds peer.out 'read 6'
	done
	peer readall
	run -2 nc -F 127.0.0.1 "$port"
	[[ $output == *'cannot pass the connection to stdout: it is not a UNIX socket' ]]
	wait_for_line peer.out '^reset 0'
}

@test "ssh, scp, rsync and git go through ProxyCommand, with -F as well" {
	need scp git
	runs rsync
	start_microsocks
	socks=$proxy
	start_danted
	local danted=$proxy
	start_tinyproxy
	start_sshd
	local how
	for how in "-x 127.0.0.1:$socks" "-X 4 -x 127.0.0.1:$danted" \
	    "-X connect -x 127.0.0.1:$proxy"; do
		run -0 bounded ssh "${ssh[@]}" -p "$sshd" \
		    -o "ProxyCommand=$NC_LITE $how %h %p" 127.0.0.1 echo through
		[ "${lines[-1]}" = through ] || fail "$how: $output"
		run -0 bounded ssh "${ssh[@]}" -p "$sshd" \
		    -o ProxyUseFdpass=yes \
		    -o "ProxyCommand=$NC_LITE -F $how %h %p" 127.0.0.1 echo through
		[ "${lines[-1]}" = through ] || fail "-F $how: $output"
	done
	random 300000 file
	for how in "-x 127.0.0.1:$socks" "-F -X 4 -x 127.0.0.1:$danted" \
	    "-X connect -x 127.0.0.1:$proxy"; do
		local by=(-o "ProxyCommand=$NC_LITE $how %h %p")
		[[ $how != -F* ]] || by+=(-o ProxyUseFdpass=yes)
		bounded scp -q "${ssh[@]}" -P "$sshd" "${by[@]}" file \
		    "127.0.0.1:$PWD/copy"
		same file copy
		bounded rsync -e "ssh ${ssh[*]} -p $sshd ${by[0]} '${by[1]}' ${by[*]:2}" \
		    --rsync-path "$(command -v rsync)" file \
		    "127.0.0.1:$PWD/copied"
		same file copied
		rm copy copied
	done
	git init -q --bare there.git
	export GIT_SSH_COMMAND="ssh ${ssh[*]} -p $sshd \
	    -o 'ProxyCommand=$NC_LITE -X connect -x 127.0.0.1:$proxy %h %p'"
	bounded git clone -q "127.0.0.1:$PWD/there.git" here 2>git.err ||
	    fail "$(<git.err)"
	as=forward listen -k --forward "127.0.0.1:$sshd"
	run -0 bounded ssh "${ssh[@]}" -p "$port" 127.0.0.1 sha256sum <file
	[ "${lines[-1]}" = "$(sha file)  -" ]
}

### -u

@test "datagrams through danted, there and back" {
	need socat
	start_danted
	free
	start echo socat -d -d "UDP4-RECVFROM:$port,bind=127.0.0.1,fork" EXEC:cat
	wait_for_line echo.err 'receiving on'
	run -0 nc -u -w 1 -x "127.0.0.1:$proxy" 127.0.0.1 "$port" <<<hello
	[ "$output" = hello ]
}

@test "datagrams are wrapped as RFC 1928 says, and only whole ones come out" {
	bounded /usr/bin/python3 - "$NC_LITE" <<-'END'
		import socket, subprocess, sys
		door = socket.create_server(("127.0.0.1", 0))
		relay = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		relay.bind(("127.0.0.1", 0))
		relay.settimeout(10)
		nc = subprocess.Popen([sys.argv[1], "-u", "-x", "127.0.0.1:%d" %
		    door.getsockname()[1], "a.name", "53"], stdin=subprocess.PIPE,
		    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
		sock, _ = door.accept()
		assert sock.recv(3) == b"\5\1\0"
		sock.sendall(b"\5\0")
		assert sock.recv(10) == b"\5\3\0\1\0\0\0\0\0\0"
		sock.sendall(b"\5\0\0\1\0\0\0\0" +
		    relay.getsockname()[1].to_bytes(2, "big"))
		nc.stdin.write(b"question")
		nc.stdin.flush()
		data, peer = relay.recvfrom(1000)
		assert data == b"\0\0\0\3\6a.name\0\x35question", data
		for bad in (b"", b"\0\0", b"\0\0\0\1\1\2\3", b"\0\0\1\1aaaa\0\0frag",
		    b"\0\0\0\2aaaa\0\0x", b"\0\0\0\3\xffshort"):
		    relay.sendto(bad, peer)
		relay.sendto(b"\0\0\0\1\x7f\0\0\1\0\x35one ", peer)
		relay.sendto(b"\0\0\0\3\3abc\0\x35two ", peer)
		relay.sendto(b"\0\0\0\4" + bytes(18) + b"x" * 60000, peer)
		assert nc.stdout.read(60008) == b"one two " + b"x" * 60000
		sock.close()
		out, err = nc.communicate(timeout=10)
		assert nc.returncode == 1 and out == b"", nc.returncode
		assert b"the proxy has ended the association" in err, err
	END
}

@test "a proxy without datagrams says so" {
	start_microsocks
	run -1 nc -u -x "127.0.0.1:$proxy" 127.0.0.1 53 <<<hello
	[[ $output == *'SOCKS 5 request: command not supported' ]]
}
