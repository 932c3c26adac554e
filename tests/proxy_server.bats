#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2016
# --proxy-server: SOCKS 4, 4A, 5 and HTTP CONNECT on one port.  --send-proxy and
# --accept-proxy: who comes, told from one to the next.

load helper
load netns

# target STEP...: a target with its port in $target.
target() {
	as=target peer "$@"
	target=$port target_pid=$pid
}

# proxy OPTION...: a proxy; its port is in $port.
proxy() {
	as=proxy listen -k --proxy-server "$@"
	proxy_pid=$pid
}

# port_hex PORT: as \xHH\xHH.
port_hex() {
	printf '\\x%02x\\x%02x' $(($1 >> 8)) $(($1 & 255))
}

### clients of others

@test "curl gets through by SOCKS 4, 4A, 5, by name too, and by CONNECT" {
	need curl
	random 300000 in
	start web /usr/bin/python3 -u -m http.server -b 127.0.0.1 0
	wait_for_line web.out 'port [0-9]'
	local web how
	web=$(sed -n 's/.*port \([0-9]*\).*/\1/p' web.out)
	proxy
	for how in socks4 socks4a socks5 socks5h http; do
		bounded curl -4sfpo "got.$how" -x "$how://127.0.0.1:$port" \
		    "http://localhost:$web/in"
		same in "got.$how"
	done
}

@test "ncat gets through by SOCKS 4, SOCKS 5 and CONNECT" {
	need ncat
	local how
	proxy
	local proxy=$port
	for how in socks4 socks5 http; do
		target echo
		[ "$(bounded ncat --proxy "127.0.0.1:$proxy" --proxy-type \
		    "$how" 127.0.0.1 "$target" <<<hello)" = hello ]
	done
}

@test "proxychains leads a program that knows no proxies through, by each of them" {
	need proxychains4 curl
	random 300000 in
	start web /usr/bin/python3 -u -m http.server -b 127.0.0.1 0
	wait_for_line web.out 'port [0-9]'
	local web how
	web=$(sed -n 's/.*port \([0-9]*\).*/\1/p' web.out)
	as=last listen -k --proxy-server
	local last=$port
	proxy -v
	for how in socks4 socks5 http; do
		# The second one is reached through the first.
		printf '%s\n' strict_chain '[ProxyList]' \
		    "$how 127.0.0.1 $port" "$how 127.0.0.1 $last" >chain
		bounded proxychains4 -q -f chain curl -sfo "got.$how" \
		    "http://127.0.0.1:$web/in"
		same in "got.$how"
	done
	[ "$(grep -c "forwarded by .* -> 127.0.0.1 $last\$" proxy.err)" -eq 3 ]
}

@test "nc-lite gets through by each of them, with and without a password" {
	local how
	export NC_PROXY_PASSWORD='ope n:sesame'
	proxy
	local open=$port
	as=closed listen -k --proxy-server --proxy-auth ali
	local closed=$port
	for how in 4 4A 5 connect; do
		target echo
		[ "$(nc -X "$how" -x "127.0.0.1:$open" 127.0.0.1 "$target" \
		    <<<hello)" = hello ]
	done
	for how in 5 connect; do
		target echo
		[ "$(nc -X "$how" -P ali -x "127.0.0.1:$closed" 127.0.0.1 \
		    "$target" <<<hello)" = hello ]
	done
}

@test "both ends ask for the password on the terminal" {
	need expect
	target say hello readall
	bounded expect -c "
		proc answer {what} { expect \$what { send sesame\r } timeout { exit 1 } }
		set timeout 10
		spawn $NC_LITE -lkv --proxy-server --proxy-auth ali 127.0.0.1 0
		answer {Password of ali at this proxy: }
		expect -re {Listening on 127.0.0.1 ([0-9]+)} {} timeout { exit 1 }
		set port \$expect_out(1,string)
		spawn $NC_LITE -d -P ali -x 127.0.0.1:\$port 127.0.0.1 $target
		answer {Password of ali at proxy 127.0.0.1: }
		expect hello {} timeout { exit 1 }" >expect.out
	run ! grep sesame expect.out
}

@test "a wrong password, and none, get nobody through" {
	local how
	export NC_PROXY_PASSWORD=sesame
	proxy --proxy-auth ali
	export NC_PROXY_PASSWORD=simsim
	for how in 5 connect; do
		run -5 nc -X "$how" -P ali -x "127.0.0.1:$port" localhost 1
		run -5 nc -X "$how" -x "127.0.0.1:$port" localhost 1
	done
	run ! nc -X 4A -P ali -x "127.0.0.1:$port" localhost 1
	grep -q 'peer: SOCKS 5: wrong user or password' proxy.err
	grep -q 'peer: SOCKS 4: a password is required' proxy.err
}

@test "user and password may have 255 octets, of which each counts" {
	local how user proxy
	user=$(printf 'u%.0s' {1..255})
	export NC_PROXY_PASSWORD=$user
	proxy --proxy-auth "$user"
	proxy=$port
	for how in 5 connect; do
		target echo
		NC_PROXY_PASSWORD=$user
		[ "$(nc -X "$how" -P "$user" -x "127.0.0.1:$proxy" 127.0.0.1 \
		    "$target" <<<hello)" = hello ]
		NC_PROXY_PASSWORD=${user%u}x
		run -5 nc -X "$how" -P "$user" -x "127.0.0.1:$proxy" localhost 1
	done
}

### octets

@test "a request that dribbles byte by byte is understood" {
	target say hello fin
	proxy
	visit trickle "\\x05\\x01\\x00" hex 2 trickle \
	    "\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01$(port_hex "$target")" \
	    hex 10 fin text >visit.out
	[ "$(sed -n 1p visit.out)" = 0500 ]
	[[ $(sed -n 2p visit.out) == 050000017f000001* ]]
	[ "$(sed -n 3p visit.out)" = hello ]
	local proxy=$port
	target say hello fin
	port=$proxy
	visit trickle "CONNECT 127.0.0.1:$target HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" \
	    fin text >visit.out
	[ "$(tail -1 visit.out)" = hello ]
}

@test "what comes with the request in one segment is the target's" {
	target text
	proxy
	visit say "CONNECT 127.0.0.1:$target HTTP/1.0\\r\\n\\r\\nfirst words" \
	    fin text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 200 "* ]]
	wait_exit "$target_pid"
	[ "$(<target.out)" = "first words" ]
	local proxy=$port
	target text
	port=$proxy
	visit say "\\x04\\x01$(port_hex "$target")\\x00\\x00\\x00\\x01me\\x00localhost\\x00more" \
	    fin hex 8 >visit.out
	[ "$(<visit.out)" = 005a000000000000 ]
	wait_exit "$target_pid"
	[ "$(<target.out)" = more ]
}

@test "what is neither SOCKS nor HTTP, or no CONNECT, gets no target" {
	proxy
	visit say '\x16\x03\x01' readall >visit.out
	grep -q 'peer: not SOCKS or HTTP (first byte 0x16)' proxy.err
	visit say 'GET / HTTP/1.0\r\n\r\n' text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 405 "* ]]
	visit say 'CONNECT nowhere HTTP/1.0\r\n\r\n' text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 400 "* ]]
	visit say '\x05\x01\x00' hex 2 \
	    say '\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x50' hex 4 >visit.out
	[ "$(sed -n 2p visit.out)" = 05070001 ]
	kill -0 "$proxy_pid"
}

# answers REQUEST HEX: a request by SOCKS is answered by octets that begin so.
answers() {
	visit say "$1" hex $((${#2} / 2)) >visit.out
	[ "$(<visit.out)" = "$2" ] || fail "$1: $(<visit.out)"
}

@test "a malformed request is told what it lacks" {
	local five='\x05\x01\x00' long
	proxy
	answers '\x04\x02\x00\x50\x7f\x00\x00\x01\x00' 005b
	answers '\x04\x01\x00\x50\x00\x00\x00\x01\x00\x00' 005b
	answers '\x04\x01\x00\x50\x00\x00\x00\x01\x00a b\x00' 005b
	answers "\\x04\\x01\\x00\\x50\\x7f\\x00\\x00\\x01$(printf %01100d 0)" 005b
	answers "$five\\x05\\x01\\x00\\x03\\x00\\x00\\x50" 05000501
	answers "$five\\x05\\x01\\x00\\x02\\x00\\x00\\x50" 05000508
	for long in 'CONNECT :80' 'CONNECT a:0' 'CONNECT a\x00'; do
		visit say "$long HTTP/1.0\\r\\n\\r\\n" text >visit.out
		[[ $(<visit.out) == "HTTP/1.1 400 "* ]] || fail "$long"
	done
	head -c 20000 /dev/zero | tr '\0' a >long
	visit say "CONNECT a:1 HTTP/1.0\\r\\nX: $(<long)" text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 431 "* ]]
	visit say 'CONNECT a:1 HT' fin readall >visit.out
	grep -q 'peer: left before its request was complete' proxy.err
	[ "$(grep -c 'SOCKS 4: no host name' proxy.err)" = 2 ]
	[ "$(grep -c 'unknown kind of address' proxy.err)" = 1 ]
}

@test "who does not come to the point has --connect-timeout for it" {
	proxy --connect-timeout 0.3
	visit say '\x05\x01\x00' hex 2 readall >visit.out
	[[ $(sed -n 2p visit.out) == *" 0 "* ]]
	wait_for_line proxy.err 'peer: no request in time'
}

@test "a target without a way to it is another answer than one that refuses" {
	private
	within_it ip route add unreachable 192.0.2.0/24
	within_it ip route add prohibit 198.51.100.0/24
	proxy
	answers '\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50' 05000504
	answers '\x05\x01\x00\x05\x01\x00\x04 \x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x00\x50' 05000503
}

@test "a client is told why there is no target" {
	closed_port
	local closed=$port
	proxy --deny-to 127.0.0.2
	visit say "\\x05\\x01\\x00" hex 2 \
	    say "\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x01$(port_hex "$closed")" \
	    hex 2 >visit.out
	[ "$(sed -n 2p visit.out)" = 0505 ]
	visit say "\\x05\\x01\\x00" hex 2 \
	    say "\\x05\\x01\\x00\\x01\\x7f\\x00\\x00\\x02\\x00\\x50" \
	    hex 2 >visit.out
	[ "$(sed -n 2p visit.out)" = 0502 ]
	visit say 'CONNECT 127.0.0.2:80 HTTP/1.0\r\n\r\n' text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 403 "* ]]
	visit say "CONNECT 127.0.0.1:$closed HTTP/1.0\\r\\n\\r\\n" text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 502 "* ]]
}

@test "a client that leaves before it is told is a line" {
	need strace
	local how
	# Of datagrams nothing is said between the first answer and the second.
	for how in -n5 -u4; do
		target stall
		serve proxy strace -qq -o trace -e \
		    "inject=write:error=EPIPE:when=${how: -1}" \
		    "$NC_LITE" -lv --proxy-server 127.0.0.1 0
		local proxy=$pid
		run nc "${how%?}" -x "127.0.0.1:$port" 127.0.0.1 "$target" </dev/null
		wait_exit "$proxy"
		[ "$status" -eq 1 ]
		grep -q INJECTED trace
		grep -q ': peer: Connection reset' proxy.err
	done
}

@test "a name that means a denied address is denied, too" {
	private
	printf '10.1.2.3 inside\n' >hosts
	proxy --allow-to 127.0.0.0/8
	visit say 'CONNECT inside:80 HTTP/1.0\r\n\r\n' text >visit.out
	[[ $(<visit.out) == "HTTP/1.1 403 "* ]]
	grep -q 'connect to inside port 80: not allowed' proxy.err
	# All of them are this host.
	proxy --deny-to 127.0.0.0/8,::1
	local host
	for host in 127.0.0.1 127.1 0x7f000001 0.0.0.0 0 ::1 :: ::ffff:127.0.0.1 \
	    ::ffff:0.0.0.0; do
		[[ $host != *:* ]] || host="[$host]"
		visit say "CONNECT $host:$port HTTP/1.0\r\n\r\n" text >visit.out
		[[ $(<visit.out) == "HTTP/1.1 403 "* ]] ||
		    fail "$host: $(<visit.out)"
	done
}

### the PROXY protocol

@test "--send-proxy says who comes, in version 1 and 2" {
	target text
	as=forward listen --forward "127.0.0.1:$target" --send-proxy=1
	visit say hello fin text
	wait_exit "$target_pid"
	[[ $(<target.out) =~ ^PROXY\ TCP4\ 127.0.0.1\ 127.0.0.1\ [0-9]+\ $port ]]
	[[ $(<target.out) == *hello ]]
	# It must read all: who closes before that resets.
	target hex 28 text
	as=forward listen --forward "127.0.0.1:$target" --send-proxy
	visit say hello fin readall
	wait_exit "$target_pid"
	[[ $(<target.out) == 0d0a0d0a000d0a515549540a2111000c7f0000017f000001*$(
	    printf %04x "$port")*hello ]]
}

@test "--accept-proxy believes both, and tells messages and commands" {
	local version
	for version in 1 2; do
		as=inner listen --accept-proxy \
		    --sh-exec 'read x; echo $NC_REMOTE_ADDR $NC_REMOTE_PORT $x'
		as=outer listen --forward "127.0.0.1:$port" \
		    --send-proxy=$version
		visit say 'hello\n' fin text >visit.out
		[[ $(<visit.out) =~ ^127.0.0.1\ [0-9]+\ hello$ ]]
		grep -q "the peer is ${BASH_REMATCH[0]%% hello}" inner.err ||
		    grep -q 'the peer is 127.0.0.1' inner.err
	done
	as=inner listen --accept-proxy --sh-exec 'read x; echo $NC_REMOTE_ADDR $x'
	visit trickle 'PROXY TCP6 2001:db8::1 ::1 1234 80\r\nhello\n' fin \
	    text >visit.out
	[ "$(<visit.out)" = '2001:db8::1 hello' ]
}

@test "--send-proxy carries IPv6 and paths" {
	need xxd
	local to=(--send-proxy --forward)
	target -6 hex 52
	as=forward listen "${to[@]}" "[::1]:$target" ::1
	visit -6 fin readall >visit.out
	wait_for_line target.out .
	[[ $(<target.out) == 0d0a0d0a000d0a515549540a21210024$(printf '%031d1' 0 0)*$(
	    printf %04x "$port") ]]
	rm -f sock
	target hex 232
	start forward "$NC_LITE" -lvU "${to[@]}" "127.0.0.1:$target" sock
	wait_for_line forward.err Listening
	nc -U --no-shutdown -W1 sock </dev/null
	wait_for_line target.out .
	[[ $(<target.out) == 0d0a0d0a000d0a515549540a213100d8*$(printf sock | xxd -p)00* ]]
}

@test "--accept-proxy keeps the connection's own address where none is told" {
	local sign='\r\n\r\n\x00\r\nQUIT\n' header
	local longer='\x20\x11\x01\x2c'
	longer+=$(printf '\\x00%.0s' {1..300})
	for header in 'PROXY UNKNOWN\r\n' 'PROXY UNKNOWN ff ff 1 2\r\n' \
	    "$sign\\x20\\x00\\x00\\x00" "$sign\\x21\\x00\\x00\\x00" "$sign$longer"; do
		as=inner listen --accept-proxy \
		    --sh-exec 'read x; echo $NC_REMOTE_ADDR $x'
		visit say "${header}hello\\n" fin text >visit.out
		[ "$(<visit.out)" = "127.0.0.1 hello" ] || fail "$header"
	done
}

@test "a header from TLS's other side comes before the handshake" {
	need openssl
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
	    -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem \
	    -addext subjectAltName=DNS:localhost 2>openssl.err
	as=inner listen -c --cert cert.pem --key key.pem --accept-proxy \
	    --exec cat
	as=outer listen --forward "tls:localhost:$port" --forward-ca cert.pem \
	    --send-proxy
	[ "$(nc 127.0.0.1 "$port" <<<hello)" = hello ]
	grep -q 'the peer is 127.0.0.1' inner.err
}

@test "a missing or malformed header is a line, and a reset" {
	local bad
	for bad in 'GET / HTTP/1.0\r\n\r\n' 'PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n' \
	    'PROXY TCP4 1.2.3.4 1.2.3.4 1 99999\r\n' '\r\n\r\n\x00\r\nQUIT\n\x31\x11\x00\x0c'; do
		as=inner listen --accept-proxy --exec cat
		visit say "$bad" readall >visit.out
		[[ $(<visit.out) == "reset 0 "* ]]
		wait_exit "$pid"
		[ "$status" -eq 1 ]
		grep -q 'peer: no PROXY header' inner.err
	done
}

# speaker NAME CMD...: a server on $port, once it listens; its port was free.
speaker() {
	closed_port
	kill "$pid"
	wait_exit "$pid"
	configure >"$1.conf"
	start "$@"
	until_true open_port
}

open_port() {
	(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null
}

@test "nginx understands what we send, of both versions, and we what it sends" {
	need nginx curl
	mkdir -p logs
	local inner version
	configure() {
		cat <<-END
			daemon off; master_process off; pid nginx.pid;
			error_log stderr; events {}
			http { access_log off; client_body_temp_path logs;
			proxy_temp_path logs; fastcgi_temp_path logs;
			uwsgi_temp_path logs; scgi_temp_path logs;
			server { listen 127.0.0.1:$port proxy_protocol;
			return 200 "\$proxy_protocol_addr \$proxy_protocol_port"; } }
		END
	}
	speaker nginx nginx -p "$PWD" -c nginx.conf
	inner=$port
	for version in 1 2; do
		as=forward listen -k --forward "127.0.0.1:$inner" \
		    --send-proxy="$version"
		bounded curl -sfo got --local-port 40000-60000 \
		    "http://127.0.0.1:$port/"
		[[ $(<got) =~ ^127.0.0.1\ [0-9]+$ ]]
	done
	local module=$unpacked/lib/nginx/modules/ngx_stream_module.so
	[ -e "$module" ] || skip "needs the libraries of nginx's streams"
	as=asked listen -k --accept-proxy --sh-exec \
	    'read x; echo $NC_REMOTE_ADDR $NC_REMOTE_PORT $x'
	inner=$port
	configure() {
		cat <<-END
			load_module $module; daemon off; master_process off;
			pid nginx.pid; error_log stderr; events {}
			stream { server { listen 127.0.0.1:$port;
			proxy_protocol on; proxy_pass 127.0.0.1:$inner; } }
		END
	}
	speaker nginx nginx -p "$PWD" -c nginx.conf
	[[ $(nc -s 127.0.0.7 127.0.0.1 "$port" <<<hi) =~ ^127.0.0.7\ [0-9]+\ hi$ ]]
}

@test "haproxy understands what we send, and we what it sends, of both versions" {
	need haproxy
	! ldd "$(command -v haproxy)" | grep -q 'not found' ||
	    skip "needs the libraries of haproxy"
	local version how inner accepts sends
	configure() {
		printf '%s\n' defaults 'mode tcp' 'timeout connect 9s' \
		    'timeout client 20s' 'timeout server 20s' 'listen x' \
		    "bind 127.0.0.1:$port $accepts" \
		    "server y 127.0.0.1:$inner $sends"
	}
	for version in 1 2; do
		[ "$version" = 1 ] && how=send-proxy || how=send-proxy-v2
		as=asked listen -k --accept-proxy --sh-exec \
		    'read x; echo $NC_REMOTE_ADDR $NC_REMOTE_PORT $x'
		inner=$port accepts='' sends=$how
		speaker haproxy haproxy -db -f haproxy.conf
		[[ $(nc -s 127.0.0.7 127.0.0.1 "$port" <<<hi) =~ ^127.0.0.7\ [0-9]+\ hi$ ]]
		accepts=accept-proxy
		speaker haproxy haproxy -db -f haproxy.conf
		as=forward listen -k --forward "127.0.0.1:$port" \
		    --send-proxy="$version"
		[[ $(nc -s 127.0.0.8 127.0.0.1 "$port" <<<hi) =~ ^127.0.0.8\ [0-9]+\ hi$ ]]
	done
}
