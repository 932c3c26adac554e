#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031,SC2094
# With today's netcats: no pair loses a byte and exits 0.

load helper

setup_file() {
	IN=$BATS_FILE_TMPDIR/in
	random 16000000 "$IN"
	export IN
}

# stdin_is null|closed|idle|terminal: sets ${before[@]}, to stand before a
# command so that its stdin is that.
stdin_is() {
	case $1 in
	null) before=(sh -c 'exec "$@" </dev/null' sh) ;;
	closed) before=(sh -c 'exec "$@" <&-' sh) ;;
	idle) before=(bash -c 'exec "$@" < <(exec sleep 30 2>/dev/null)' sh) ;;
	terminal) before=(/usr/bin/python3 "$PEERS/pty.py") ;;
	esac
}

# sends CMD...: a foreign sender of $IN against our receiver, whose stdin is
# each of the four in turn.
sends() {
	local stdin
	need "$1"
	for stdin in null closed idle terminal; do
		stdin_is "$stdin"
		serve receiver "${before[@]}" "$NC_LITE" -lv 127.0.0.1 0
		bounded "${@//PORT/$port}" <"$IN"
		wait_exit "$pid"
		[ "$status" -eq 0 ] || fail "exit $status, stdin $stdin" || return
		same "$IN" receiver.out || return
	done
}

@test "nc.openbsd sends to us" {
	sends nc.openbsd -N 127.0.0.1 PORT
}

@test "nc.traditional sends to us" {
	sends nc.traditional -q 0 127.0.0.1 PORT
}

@test "ncat sends to us" {
	sends ncat 127.0.0.1 PORT
}

@test "ncat --send-only sends to us" {
	sends ncat --send-only 127.0.0.1 PORT
}

@test "socat sends to us" {
	sends socat - TCP:127.0.0.1:PORT
}

@test "busybox nc sends to us" {
	sends busybox nc 127.0.0.1 PORT
}

# receives STDIN... -- CMD...: we send $IN to a foreign receiver whose stdin is
# each of STDIN.  Ours ends with 0 and the output is whole.
receives() {
	local stdin stdins=()
	while [ "$1" != -- ]; do
		stdins+=("$1")
		shift
	done
	need "$2"
	for stdin in "${stdins[@]}"; do
		stdin_is "$stdin"
		foreign "${before[@]}" "${@:2}"
		run nc "${ours[@]}" 127.0.0.1 "$port" <"$IN"
		[ "$status" -eq 0 ] || fail "$status, $stdin: $output" || return
		until_true has foreign.out 16000000 || return
		same "$IN" foreign.out || return
		kill -KILL "$pid" 2>/dev/null || :
	done
}
ours=()

# foreign CMD...: start a listener that does not say in our words where it is.
foreign() {
	start foreign "$@"
	until_true listens_or_is_gone
	[ -n "$port" ] || fail "not listening: $* $(<foreign.err)"
}

listens_or_is_gone() {
	listens || gone "$pid"
}

# listens: $pid or a child of it listens; sets $port.
listens() {
	local p inode
	port=
	for p in "$pid" $(cat "/proc/$pid/task/$pid/children" 2>/dev/null); do
		for inode in $(find "/proc/$p/fd" -lname 'socket:*' -printf '%l\n' \
		    2>/dev/null | tr -dc '0-9\n'); do
			port=$(awk -v i="$inode" '$10 == i && $4 == "0A" {
				sub(/.*:/, "", $2); print $2 }' \
			    /proc/net/tcp /proc/net/tcp6)
			[ -z "$port" ] || { port=$((16#$port)); return 0; }
		done
	done
	return 1
}

@test "we send to nc.openbsd" {
	receives null closed -- nc.openbsd -l 127.0.0.1 0
}

@test "we send to nc.openbsd -N" {
	receives null closed -- nc.openbsd -lN 127.0.0.1 0
}

@test "we --send-only to an nc.openbsd that waits for its input" {
	ours=(--send-only)
	receives idle terminal -- nc.openbsd -l 127.0.0.1 0
}

@test "we send to nc.traditional" {
	receives null idle terminal -- nc.traditional -l -s 127.0.0.1
}

@test "we send to ncat" {
	receives null closed -- ncat -l 127.0.0.1 0
}

@test "we send to ncat --recv-only" {
	# That of 7.99 ends by itself, whoever connects.
	[[ $(ncat --version 2>&1) != *' 7.99'* ]] ||
	    skip "needs an ncat whose --recv-only waits"
	receives null idle terminal -- ncat --recv-only -l 127.0.0.1 0
}

@test "we --send-only to an ncat that waits for its input" {
	ours=(--send-only)
	receives idle terminal -- ncat -l 127.0.0.1 0
}

@test "we send to socat" {
	receives null idle terminal -- socat - TCP-LISTEN:0,bind=127.0.0.1
}

@test "we send to busybox nc" {
	receives null idle terminal -- busybox nc -l -p 0
}

### each way at once, with those that can

@test "both ways at once with ncat" {
	need ncat
	foreign ncat -l 127.0.0.1 0 <"$IN"
	nc 127.0.0.1 "$port" <"$IN" >out
	wait_exit "$pid"
	same "$IN" out
	same "$IN" foreign.out
}

@test "both ways at once with nc.openbsd" {
	need nc.openbsd
	foreign nc.openbsd -lN 127.0.0.1 0 <"$IN"
	# As a listener it leaves at our end, if it holds nothing just then, and
	# drops what it has not read yet.
	nc 127.0.0.1 "$port" >out < <(cat "$IN"
		until_true has out "$(stat -c %s "$IN")")
	wait_exit "$pid"
	same "$IN" out
	same "$IN" foreign.out
}

@test "both ways at once with socat" {
	need socat
	listen <"$IN"
	bounded socat -t 20 - "TCP:127.0.0.1:$port" <"$IN" >out
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	same "$IN" out
	same "$IN" listen.out
}

### Python's socketserver

@test "a line is asked and answered by Python's socketserver" {
	serve server /usr/bin/python3 -c 'import socketserver, sys
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
print("Listening on", *server.server_address, file=sys.stderr, flush=True)
server.serve_forever()'
	[ "$(nc 127.0.0.1 "$port" <<<hello)" = HELLO ]
	[ "$(seq 200000 | nc 127.0.0.1 "$port" | sha)" = "$(seq 200000 | sha)" ]
}

@test "a page is fetched from Python's http.server" {
	echo 'This is it.' >page
	serve server /usr/bin/python3 -c 'import http.server, sys
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
    http.server.SimpleHTTPRequestHandler)
print("Listening on", *server.server_address, file=sys.stderr, flush=True)
server.serve_forever()'
	run nc 127.0.0.1 "$port" < <(printf 'GET /page HTTP/1.0\r\n\r\n')
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "HTTP/1.0 200 OK"* ]]
	[ "${lines[-1]}" = 'This is it.' ]
}
