#!/usr/bin/env bats
# -z for scripts: waiting for a port, what to run then, JSON, the first words
# of a service, and every line to the letter.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load watch

# later SECONDS PORT [TEXT]: 127.0.0.1:PORT opens then, and greets with TEXT.
later() {
	start later /usr/bin/python3 -c 'import socket, sys, time
time.sleep(float(sys.argv[1]))
server = socket.create_server(("127.0.0.1", int(sys.argv[2])))
while True:
    peer = server.accept()[0]
    peer.sendall(sys.argv[3].encode("latin-1").decode("unicode_escape")
                 .encode("latin-1"))
    peer.recv(1)
    peer.close()' "$1" "$2" "${3-}"
}

# --- waiting ----------------------------------------------------------------

@test "--wait: a port that opens after 2 s is waited for, said once" {
	private
	later 2 4001
	timed nc -zv --wait 127.0.0.1 4001
	[ "$status" -eq 0 ]
	between 1800 4500
	[ "$output" = "nc-lite: waiting for 127.0.0.1 port 4001
Connection to 127.0.0.1 4001 port [tcp/*] succeeded!" ]
}

# bats test_tags=timing
@test "--wait=TIME: a port that stays closed is given up in one line, also without -v" {
	local gave_up="nc-lite: gave up waiting for 127.0.0.1 port 4001 after"
	private
	timed nc -z --wait=1 127.0.0.1 4001
	[ "$status" -eq 1 ]
	[ "$output" = "$gave_up 1 s: Connection refused" ]
	between 900 1600
	run -1 nc -zv --wait=0.3 127.0.0.1 4001
	[ "$output" = "nc-lite: waiting for 127.0.0.1 port 4001
$gave_up 0.3 s: Connection refused" ]
}

@test "--wait is for 30 s, if no time is given" {
	closed_port
	hurried 20
	timed nc -z --wait 127.0.0.1 "$port"
	[ "$status" -eq 1 ]
	[[ $output == *" after 30 s: Connection refused" ]]
	between 1300 5000
}

# bats test_tags=timing
@test "--wait: a port that stays silent: exit 3 when the time is over" {
	private
	timed nc -z --wait=1 -w 0.3 10.9.9.2 80
	[ "$status" -eq 3 ]
	between 900 1600
}

@test "--wait: a name that appears later" {
	private
	later 0 4001
	client -zv --wait=20 some-host 4001
	wait_for_line client.err 'waiting for some-host port 4001'
	names "127.0.0.1 some-host"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	grep -x 'Connection to some-host (127.0.0.1) 4001 port .* succeeded!' client.err
}

@test "--wait: a name that never appears is exit 4" {
	private
	run -4 nc -zv --wait=0.3 some-host 4001
	[ "${lines[-1]}" = "nc-lite: gave up waiting for some-host port 4001 \
after 0.3 s: Name or service not known" ]
}

@test "--wait: of several ports all must be open" {
	private
	later 0 4001
	as=second later 1 4002
	run -1 nc -z --wait=0.5 127.0.0.1 4001,4003
	run -0 nc -z --wait 127.0.0.1 4001-4002
}

@test "--wait=0 waits for ever, --timeout not" {
	private
	timed nc -z --wait=0 --timeout 0.5 127.0.0.1 4001
	[ "$status" -eq 1 ]
	between 450 1200
}

@test "--wait without -z: connects once there is somebody, and says why not" {
	private
	later 1 4001 hello
	run -0 nc -v --wait 127.0.0.1 4001 < <(:)
	[[ $output == "nc-lite: waiting for 127.0.0.1 port 4001
Connection to 127.0.0.1 4001 port [tcp/*] succeeded!
hello"* ]]
	run -1 nc --wait=0.3 127.0.0.1 4002 </dev/null
	one_line 'port 4002 \(tcp\) failed: Connection refused$'
}

@test "--wait without -z waits for the path of a UNIX socket too" {
	client -U --wait=20 path </dev/null
	listen_pid=$pid
	start server "$NC_LITE" -lU path <<<text
	wait_exit "$listen_pid"
	[ "$status" -eq 0 ]
	[ "$(<client.out)" = text ]
}

# --- the command ------------------------------------------------------------

@test "-- COMMAND runs once the port is open, its exit code is ours" {
	private
	later 0.5 4001
	run -7 nc -z --wait 127.0.0.1 4001 -- sh -c 'echo "$@"; exit 7' sh -z '*'
	[ "$output" = "-z *" ]
	run -0 nc -z -- 127.0.0.1 4001 -- echo -- x
	[ "$output" = "-- x" ]
}

@test "-- COMMAND does not run when the port is closed" {
	private
	run -1 nc -z 127.0.0.1 4001 -- echo no
	[ -z "$output" ]
}

@test "-- COMMAND has our stdin and our limits, and SIGPIPE again" {
	private
	later 0 4001
	run -0 nc -z --wait 127.0.0.1 4001-4001 -- cat <<<text
	[ "$output" = text ]
	run -0 bounded sh -c 'ulimit -Sn 64; exec "$@"' sh "$NC_LITE" -z \
	    127.0.0.1 4000-4001 -- sh -c 'ulimit -Sn; kill -PIPE $$; :' || :
	[[ $output == 64* ]]
}

@test "-- COMMAND that cannot be run: 126, and why" {
	listen -k
	: >data
	run -126 nc -z 127.0.0.1 "$port" -- ./data
	[ "$output" = "nc-lite: cannot run './data': Permission denied" ]
}

@test "-- COMMAND that is not there: 127, and its name" {
	private
	later 0 4001
	run -127 nc -z --wait 127.0.0.1 4001 -- no-such-command
	one_line "cannot run 'no-such-command': No such file or directory"
}

@test "options that need others say so, in one line" {
	local words
	for words in --all --json --banner --each-address "--parallel 2" \
	    "--probe x" "--probe-hex 00"; do
		# shellcheck disable=SC2086 # words
		run -2 nc $words 127.0.0.1 80
		one_line "must use -[zu] with ${words%% *}"
	done
	run -2 nc 127.0.0.1 80 -- echo
	one_line "'echo' after --: it needs -z"
	run -2 nc -zu --probe-hex 0g 127.0.0.1 80
	one_line "probe-hex: bad value '0g'"
	run -2 nc -zu --probe nowhere 127.0.0.1 80
	one_line "'nowhere': No such file"
}

# --- what is told -----------------------------------------------------------

@test "--json: an object for each port, in order, on stdout" {
	private
	later 0 4001
	until_true nc -z 127.0.0.1 4001
	names "127.0.0.1 host"
	run -0 --separate-stderr nc -z --json host 4001,22
	[ -z "$stderr" ]
	run -0 /usr/bin/python3 -c 'import json, sys
for line in sys.stdin:
    found = json.loads(line)
    assert 0 <= found.pop("milliseconds") < 3000
    print(*found.values())' <<<"$output"
	[ "$output" = "4001 tcp host 127.0.0.1 open connected
22 tcp host 127.0.0.1 ssh closed Connection refused" ]
}

@test "--json on a full disk is no success" {
	private
	run -2 --separate-stderr eval 'nc -z --json 127.0.0.1 4001 >/dev/full'
	[ "$stderr" = "nc-lite: stdout: No space left on device" ]
}

@test "--banner: the first line, with what could harm a terminal in digits" {
	private
	later 0 4001 'SSH-2.0 \"x\"\\\x1b[31m\r\nmore'
	until_true nc -z 127.0.0.1 4001
	run -0 nc -z --banner 127.0.0.1 4001
	[ "$output" = 'SSH-2.0 "x"\x5c\x1b[31m' ]
	run -0 nc -z --banner 127.0.0.1 4000-4001
	[ "$output" = '4001 SSH-2.0 "x"\x5c\x1b[31m' ]
	run -0 nc -z --banner --json 127.0.0.1 4001
	[[ $output == *'"banner":"SSH-2.0 \u0022x\u0022\u005c\u001b[31m"'* ]]
}

@test "--banner=TIME: a service that says nothing is open all the same" {
	private
	later 0 4001
	until_true nc -z 127.0.0.1 4001
	timed nc -z --banner=0.3 127.0.0.1 4001
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	between 280 1000
}

@test "--each-address: every address of the name, not the first open one" {
	private
	later 0 4001
	until_true nc -z 127.0.0.1 4001
	names "127.0.0.1 two" "::1 two"
	run -0 nc -zv two 4001
	[ "$output" = "Connection to two (127.0.0.1) 4001 port [tcp/*] succeeded!" ]
	run -0 nc -zv --each-address two 4001
	[ "$(sort <<<"$output")" = "$(sort <<-'END'
		Connection to two (127.0.0.1) 4001 port [tcp/*] succeeded!
		nc-lite: connect to two (::1) port 4001 (tcp) failed: Connection refused
	END
	)" ]
}

@test "-v sums up more than one port, to the letter" {
	private
	run -1 nc -zv 127.0.0.1 4001-4003
	[[ $output =~ ^nc-lite:\ 127.0.0.1:\ 0\ open,\ 3\ closed,\ 0\ unreachable,\ 0\ filtered,\ 0\ not\ tested\ of\ 3\ ports\ in\ 0\.[0-9]{3}\ s$ ]]
}

@test "a silent UDP port: exit 3 and its own words" {
	private
	run -3 nc -zuv -w 0.3 10.9.9.2 4001
	[ "$output" = \
	    "nc-lite: connect to 10.9.9.2 port 4001 (udp) gave no answer (open|filtered)" ]
}

@test "-vv: the addresses found, the 5-tuple and how long each took" {
	private
	later 0 4001
	until_true nc -z 127.0.0.1 4001
	run -0 nc -zvv 127.0.0.1 4001
	[[ ${lines[0]} == "nc-lite: sandbox: "* ]]
	[[ ${lines[1]} =~ ^nc-lite:\ 127.0.0.1\ has\ 1\ address,\ found\ in\ [0-9.]+\ ms$ ]]
	[[ ${lines[2]} =~ ^nc-lite:\ tcp\ 127.0.0.1\ [0-9]+\ -\>\ 127.0.0.1\ 4001,\ connected\ in\ [0-9.]+\ ms$ ]]
}

@test "what a port has said is read away: it sees FIN, not RST" {
	peer send 4000 readall
	run -0 nc -z --banner 127.0.0.1 "$port"
	wait_exit "$pid"
	grep '^fin 0 ' peer.out || fail "$(<peer.out)"
}
