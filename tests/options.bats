#!/usr/bin/env bats
# The command line: what is accepted, in which spellings; what is refused, in
# one line, before anything was opened.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load watch

# refused REGEX ARGS...: exit 2, one line in which REGEX is found, nothing on
# stdout, and no socket was made (but libc's, that asks nscd for a service).
refused() {
	local regex=$1
	shift
	run -2 --separate-stderr traced %network "$@" </dev/null
	[ -z "$output" ] || fail "on stdout: $output"
	output=$stderr
	lines=("${stderr_lines[@]}")
	one_line "$regex" || return
	! grep -E 'AF_INET|bind|listen' trace || fail "opened: $(<trace)"
}

# bind_closed_port: $closed is taken, but nothing listens there.
bind_closed_port() {
	serve closed /usr/bin/python3 -c 'import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
print("Listening on 127.0.0.1", s.getsockname()[1], file=sys.stderr, flush=True)
time.sleep(60)'
	closed=$port
}

# accepted ARGS...: with them a client of $closed is refused by the network.
accepted() {
	run -1 nc "$@" 127.0.0.1 "$closed" </dev/null
	one_line 'Connection refused'
}

# heard: the listener that was started last takes "x" at 127.0.0.1:$port.
heard() {
	printf x | nc "${1:-127.0.0.1}" "$port"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(cat ./*.out)" = x ]
}

# --- bad input --------------------------------------------------------------

@test "an unknown letter is named and nothing is opened" {
	refused "'?j'?" -j 127.0.0.1 80
}

@test "a letter that is unknown is blamed, not the word before it" {
	run -2 nc --verbose -Qv 127.0.0.1 1
	[ "$output" = "nc-lite: invalid option -- 'Q'; try --help" ]
	run -2 nc --verbose -vZv 127.0.0.1 1
	[[ $output == "nc-lite: option -Z is "* ]]
	run -2 nc -v --nonsense -v 127.0.0.1 1
	[[ $output == *"unrecognized option '--nonsense'"* ]]
	run -2 nc -v --verbose=2 127.0.0.1 1
	[[ $output == *"option '--verbose=2' takes no argument"* ]]
}

@test "HOST:PORT as one operand is a host and a port" {
	listen
	nc 127.0.0.1:"$port" <<<one
	wait_exit "$pid"
	holds listen.out one
	if grep -q '^0*1 ' /proc/net/if_inet6; then
		listen ::1
		nc "[::1]:$port" <<<two
		wait_exit "$pid"
		holds listen.out two
	fi
	refused 'missing port' ::1
	refused "invalid port ''" localhost:
}

@test "an unknown long option is named and nothing is opened" {
	refused "no-such-option" --no-such-option 127.0.0.1 80
}

@test "a port of 0 to connect to is refused" {
	refused '\b0\b' 127.0.0.1 0
}

@test "a port of 65536 is refused" {
	refused 65536 127.0.0.1 65536
	refused 65536 -l 65536
	refused 65536 -p 65536 127.0.0.1 80
}

@test "a port with a letter after the digits is refused" {
	refused 80x 127.0.0.1 80x
	refused 80x -l 80x
	refused 80x -p 80x 127.0.0.1 80
}

@test "negative, empty and spelled-out port numbers are refused" {
	refused '' 127.0.0.1 ''
	refused eighty 127.0.0.1 eighty
	refused '-5' -- 127.0.0.1 -5
}

@test "a port number that would wrap round in 16 or 64 bits is refused" {
	refused 65616 127.0.0.1 65616
	refused 18446744073709551696 127.0.0.1 18446744073709551696
}

@test "a missing port is asked for" {
	refused 'port' 127.0.0.1
}

@test "no operand at all is one line, not a page" {
	refused '.'
	refused 'port' -l
	refused 'path' -U
	refused 'path' -lU
}

@test "too many operands are refused" {
	refused extra 127.0.0.1 80 extra
	refused extra -l 127.0.0.1 80 extra
	refused extra -U path extra
}

@test "-4 with -6 is a conflict" {
	refused '-4.*-6' -4 -6 127.0.0.1 80
	refused '-4.*-6' -46 -l 0
}

@test "a path that is too long for a UNIX socket is named, with the limit" {
	local path
	path=$(printf '%0200d' 0)
	refused '0000.*10[78]' -U "$path"
	refused '0000.*10[78]' -lU "$path"
	refused '0000.*10[78]' -U "@$path"
}

@test "a host of 300 characters is refused without asking for its address" {
	refused aaaaaaaa "$(printf '%0300d' 0 | tr 0 a)" 80
}

@test "a list of host names or an empty host is refused" {
	refused 'host' '' 80
}

@test "-z without more names its own operands" {
	refused 'missing host and port: use nc-lite -z .* HOST PORT' -z
	refused 'missing port: use nc-lite -z' -z 127.0.0.1
}

@test "a time after --wait, without its =, is not taken for a host" {
	refused "'5' is not a host: write --wait=5" --wait 5 127.0.0.1 80
	refused "'500ms' is not a host: write --wait=500ms" -zv --wait 500ms localhost 80
	refused "'2' is not a host: write --banner=2" -z --banner 2 localhost 80
}

@test "several ports need -z" {
	refused '-z' 127.0.0.1 80-81
	refused '-z' 127.0.0.1 80,81
}

@test "numbers of -I -O -W -M -m --max-conns outside their range are refused" {
	refused '-I' -I 0 127.0.0.1 80
	refused '-O.*12k' -O 12k 127.0.0.1 80
	refused '-W' -u -W 0 127.0.0.1 80
	refused '-M.*256' -M 256 127.0.0.1 80
	refused '-m.*x' -m x 127.0.0.1 80
	refused 'max-conns' -lk --max-conns 0 0
}

@test "an unknown type of service is refused" {
	refused 'nonsense' -T nonsense 127.0.0.1 80
	refused '256' -T 256 127.0.0.1 80
}

@test "what only another option makes wrong is named" {
	local pins=() sha
	sha=sha256:$(printf %064d 0)
	refused 'TLS needs a stream' -lu --forward tls:localhost:1 0
	refused "bad version '3'" -l --forward localhost:1 --send-proxy=3 0
	refused "bad user 'a:b'" -l --proxy-server --proxy-auth a:b 0
	refused "bad user ''" -l --proxy-server --proxy-auth '' 0
	refused 'port given twice' -l -p 80 81
	refused 'datagram clients only' -U -s ./a ./b
	refused 'a path has no name to check' -c -U ./a
	refused 'the command is empty' -l --exec ' ' 0
	refused 'the command is empty' -l --sh-exec '' 0
	refused 'must use -l with -u' -u --exec cat localhost 1
	refused "cannot be a UNIX socket's" -z "unix:$(printf %0200d 0)"
	for _ in {1..100}; do
		pins+=(-H "$sha")
	done
	refused 'too many pins' -c "${pins[@]}" localhost 1
	run -2 nc -c --alpn a,,b localhost 1
	one_line "--alpn: bad value 'a,,b'"
}

@test "a port below 1024 needs a privilege: the line names both" {
	private
	need setpriv
	inside+=(setpriv --bounding-set=-net_bind_service)
	run -2 nc -l 80
	one_line 'bind to :: 80: Permission denied \(ports below 1024,.*CAP_NET_BIND_SERVICE'
	run -2 nc -p 79 127.0.0.1 80
	one_line 'bind to .* 79: Permission denied \(ports below 1024,.*need root'
}

# --- conflicts --------------------------------------------------------------

@test "-k without -l is a conflict" {
	refused '-l.*-k|-k.*-l' -k 127.0.0.1 80
}

@test "-l with -z is a conflict" {
	refused '-l.*-z|-z.*-l' -lz 80
}

@test "a conflict names both options and the reason, in any order" {
	refused 'cannot use -p and -U: a path has no port$' -p 80 -U path
	refused 'cannot use -p and -U: a path has no port$' -U path -p 80
	refused 'cannot use --exec and --out together$' \
	    --out x --exec cat 127.0.0.1 80
	refused 'must use -c with --alpn: it is a TLS option$' --alpn h2 127.0.0.1 80
	refused 'must use --output or --hex-dump with --append$' \
	    --append 127.0.0.1 80
}

@test "-U with -4, -6 or -z is a conflict" {
	refused '-U.*-4|-4.*-U' -U4 path
	refused '-U.*-6|-6.*-U' -U6 path
	refused '-U.*-z|-z.*-U' -Uz path
}

@test "--recv-only with --send-only is a conflict" {
	refused 'recv-only.*send-only|send-only.*recv-only' \
	    --recv-only --send-only 127.0.0.1 80
}

@test "--no-shutdown with -N is a conflict" {
	refused 'no-shutdown.*-N|-N.*no-shutdown' --no-shutdown -N 127.0.0.1 80
}

@test "two listening ports or two listening addresses are a conflict" {
	refused '-p|operand' -l -p 8080 127.0.0.1 8081
	refused '-s|operand' -l -s 127.0.0.1 127.0.0.2 8080
}

@test "--exec with --sh-exec is a conflict" {
	refused 'exec' --exec cat --sh-exec cat 127.0.0.1 80
}

# --- letters that mean something else elsewhere -----------------------------

@test "-e is refused and points to --exec" {
	refused "-e.*--exec" -e /bin/cat 127.0.0.1 80
}

@test "-c with a command is refused and points to --sh-exec" {
	refused "--(sh-)?exec" -c /bin/cat 127.0.0.1 80
	refused "--(sh-)?exec" -l -c '/bin/cat -n' 8080
}

@test "-o is refused, with a pointer" {
	refused "-o\b.+" -o file 127.0.0.1 80
}

@test "-g and -G are refused, and -G points to --connect-timeout" {
	refused "-g\b.+" -g hop 127.0.0.1 80
	refused "-G.*--connect-timeout" -G 5 127.0.0.1 80
}

@test "-Z and -V are refused, and -V points to --version" {
	refused "-Z\b.+" -Z 127.0.0.1 80
	refused "-V.*--version" -V 127.0.0.1 80
}

# --- -q, as others look for it ----------------------------------------------

@test "-q without a value prints the words that libvirt looks for" {
	run -2 nc -q </dev/null
	one_line "option requires an argument -- 'q'"
	nc -q 2>&1 | grep -q "requires an argument"
}

@test "-q0, -q 0, -q -1 and -q1.5 are accepted" {
	bind_closed_port
	accepted -q0
	accepted -q 0
	accepted -q -1
	accepted -q1.5
}

@test "another letter without its value prints the same words for itself" {
	refused "option requires an argument -- 'p'" 127.0.0.1 80 -p
	refused "connect-timeout.* requires an argument" 127.0.0.1 80 --connect-timeout
}

@test "a long option that takes no value refuses one" {
	refused "recv-only" --recv-only=yes 127.0.0.1 80
}

# --- help -------------------------------------------------------------------

@test "--help and -h print the same usage on stdout and exit 0" {
	run -0 --separate-stderr nc --help
	[ -z "$stderr" ]
	[[ $output == *"nc-lite"* && ${#lines[@]} -gt 20 ]]
	[ "$output" = "$(nc -h)" ]
	[[ ${lines[0]} != *libressl* && ${lines[0]} != *Ncat* ]]
}

@test "--help TOPIC is a part of --help all with two examples, and no option is lost" {
	local topic
	nc --help all >every
	for topic in connect listen forward transfer tls proxy test limits socket; do
		nc --help | grep -q "${topic}[,;.]"
		nc --help "$topic" >part
		[ "$(grep -c nc-lite part)" -ge 2 ]
		grep '^  -' part >>parts
	done
	diff <(grep "^  -" every) parts
	nc -h nonsense | diff - <(nc --help)
	nc --help=socket | diff - part
}

@test "--help is at most 100 lines, all of them in --help all, and names what has more" {
	local topic
	nc --help >short
	[ "$(wc -l <short)" -le 100 ]
	grep -q 'OpenBSD netcat' short
	nc --help all | grep '^  -' >every
	run ! grep -vFxf every <(grep '^  -' short)
	sed -n 's/.*more: --help \(.*\):/\1/p' short >topics
	[ "$(wc -l <topics)" -ge 3 ]
	while read -r topic; do
		nc --help "$topic" | grep '^  -' | grep -vqFxf short
	done <topics
}

@test "--help into a reader that leaves, or a full disk, is not a success" {
	[ -c /dev/full ] || skip "no /dev/full"
	run ! eval 'nc --help >/dev/full'
}

@test "--version prints one line on stdout and exits 0" {
	run -0 --separate-stderr nc --version
	[ -z "$stderr" ]
	[[ ${#lines[@]} -eq 1 && $output =~ ^nc-lite\ [0-9] ]]
}

# --- spellings --------------------------------------------------------------

@test "-l PORT listens on that port" {
	listen
	heard
}

@test "-l -p PORT and -lp PORT listen on that port" {
	serve listen "$NC_LITE" -v -l -p 0
	heard
	serve listen "$NC_LITE" -v -lp 0
	heard
	serve listen "$NC_LITE" -lvnp 0
	heard
	serve listen "$NC_LITE" -v -lp0
	heard
}

@test "-l ADDRESS PORT listens on that address alone" {
	listen 127.0.0.2
	run -1 nc 127.0.0.1 "$port" </dev/null
	heard 127.0.0.2
}

@test "-l -s ADDRESS and -l -s ADDRESS -p PORT listen on that address alone" {
	listen -s 127.0.0.2
	heard 127.0.0.2
	serve listen "$NC_LITE" -v -l -s 127.0.0.2 -p 0
	run -1 nc 127.0.0.1 "$port" </dev/null
	heard 127.0.0.2
}

@test "the port to listen on is the one that was asked for" {
	listen
	kill "$pid"
	wait_exit "$pid"
	local asked=$port
	serve again "$NC_LITE" -vl "$asked"
	[ "$port" = "$asked" ]
	heard
}

@test "--listen, --udp, --nodns and the like are the letters' long names" {
	serve listen "$NC_LITE" --listen --verbose --nodns \
	    --source 127.0.0.2 --source-port=0
	run -0 nc -N --nodns --verbose 127.0.0.2 "$port" </dev/null
	[[ ${lines[0]} == "Connection to 127.0.0.2 $port port [tcp/*] succeeded!" ]]
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	serve kept "$NC_LITE" -v --listen --keep-open --crlf 127.0.0.1 0 <<<line
	[ "$(visit hex 6)" = 6c696e650d0a ]
	run -0 visit fin readall
}

@test "options may follow the operands" {
	listen
	run -0 nc -zv 127.0.0.1 "$port" -w 1
	[[ $output == *"succeeded!" ]]
	listen
	printf x | nc 127.0.0.1 "$port" -N -w 5
	wait_exit "$pid"
	[ "$(<listen.out)" = x ]
}

@test "nothing after -- is taken for an option" {
	refused '-4' -- 127.0.0.1 -4
}

@test "a service name is a port, with or without -n" {
	getent services tcpmux || skip "needs /etc/services"
	run -1 nc -n 127.0.0.254 tcpmux </dev/null
	one_line 'connect to 127.0.0.254 port 1 \(tcp\) failed'
	run -1 nc 127.0.0.254 tcpmux </dev/null
	one_line 'port (1|tcpmux) \(tcp\) failed'
}

@test "harmless letters of other netcats are accepted" {
	bind_closed_port
	accepted -t
	accepted -nvw2
	accepted -v -t -w 2
	accepted -N -d
}

# --- times ------------------------------------------------------------------

@test "times are seconds, with decimals or a unit" {
	bind_closed_port
	local t
	for t in 1 0.5 .5 500ms 2s 2m 1h 0; do
		accepted -w "$t"
		accepted --timeout "${t/#0/3}"
	done
}

@test "a time of half a second is half a second, in each spelling" {
	local t
	for t in 0.5 500ms .5s; do
		timed nc --timeout "$t" -l 0 </dev/null
		[ "$status" -eq 3 ]
		between 450 2500
	done
}

@test "a minute has 60 seconds, and an hour 60 minutes" {
	hurried 60
	timed nc --timeout 1m -l 0 </dev/null
	[ "$status" -eq 3 ]
	between 980 3000
	hurried 3600
	timed nc --timeout 1h -l 0 </dev/null
	[ "$status" -eq 3 ]
	between 980 3000
}

@test "what is no time is refused, and named" {
	local t
	for t in x 1x 1.x '' ' 1' -1 1:30 nan inf 1e 0x10 99999999999999999999 1,5; do
		refused "-w.*" -w "$t" 127.0.0.1 80
		[[ $output == *"${t:-empty}"* || -z $t ]]
	done
	refused 'idle-timeout.*abc' --idle-timeout abc 127.0.0.1 80
	refused 'q.*abc' -q abc 127.0.0.1 80
}

@test "-i takes a time and holds lines apart by it" {
	peer chunks
	printf 'a\nb\nc\n' >text
	timed nc -i 300ms 127.0.0.1 "$port" <text
	between 550 5000
	wait_exit "$pid"
	[ "$(grep -c ' 2$' peer.out)" -eq 3 ]
}

# --- the name it was called by ----------------------------------------------

@test "through a link named nc the prefix is nc" {
	ln -s "$NC_LITE" nc
	run -2 ./nc -j
	name=nc one_line "j"
	run -2 env PATH="$PWD" nc --no-such
	name=nc one_line "no-such"
}

@test "called by no name at all it still answers" {
	# shellcheck disable=SC2016 # perl's own
	run -2 perl -e 'exec {$ARGV[0]} "", "-j"' "$NC_LITE"
	[[ $output == *"'j'"* ]]
}
