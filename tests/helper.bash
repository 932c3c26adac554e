# shellcheck shell=bash disable=SC2016,SC2034
# What the test files share: begin each of them with `load helper`.
#
# A test runs in a directory of its own, on ports the kernel chose, and what it
# started in the background is killed at its end.  Nothing waits for luck: the
# helpers poll for a thing that must happen, and give up after a bound.
# A variable before a call changes one call only: `as=second listen -k`.

# Bats has these from 1.4 on, later than Ubuntu 22.04.
: "${BATS_FILE_TMPDIR:=$BATS_RUN_TMPDIR/${BATS_TEST_FILENAME##*/}.files}"
mkdir -p "$BATS_FILE_TMPDIR"
: "${BATS_TEST_TMPDIR:=$(mktemp -d "$BATS_FILE_TMPDIR/XXXXXX")}"

NC_LITE=$(realpath -m "${NC_LITE:-$BATS_TEST_DIRNAME/../nc-lite}")
PEERS=$BATS_TEST_DIRNAME/peers
# What tests/setup did not install, and what is no user's.
unpacked=$BATS_TEST_DIRNAME/unpacked/usr
PATH=$PATH:$unpacked/sbin:$unpacked/bin:/usr/sbin:/sbin
# Options that our end gets in every test, to see that they harm none; and what
# they print, which no test expects.
read -ra with <<<"${NC_LITE_WITH-}"
extra='^([0-9]+(%| peers?)  )?(sent|got) [0-9.]+ [KMGi]*B  |^[0-9a-f]{64}  [a-z-]+( (from|to) .*)?$'

setup() {
	# Whoever runs the suite may give it a stdin that has already ended.
	exec </dev/null
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	end_all
	[ -n "${BATS_TEST_COMPLETED-}" ] || tail -n 4 ./*.err 2>/dev/null || :
}

# end_all: kill what this test started, and nothing else.
end_all() {
	local p
	for p in $(jobs -pr); do
		# strace that is killed lets go of what it traced, which goes on.
		pkill -KILL -P "$p" || :
		kill -KILL "$p" 2>/dev/null || :
		wait "$p" 2>/dev/null || :
	done
}

# fail WORD...: the test ends here.
fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# need TOOL...: skip the test where one is missing.
need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip "needs $tool"
	done
}

# runs PROGRAM: skip where it is missing, or its libraries are.
runs() {
	need "$1"
	! ldd "$(command -v "$1")" | grep -q 'not found' ||
	    skip "needs the libraries of $1"
}

# run [-CODE | !] [--separate-stderr] CMD...: sets $output, $lines and $status (and
# $stderr, $stderr_lines); fails unless $status is CODE, or for "!" is not 0. Bats
# has this from 1.5 on, later than Ubuntu 22.04.
run() {
	local flags=$- code='' errors=''
	while :; do
		case $1 in
		--separate-stderr) errors=$BATS_TEST_TMPDIR/.stderr ;;
		! | -[0-9]*) code=${1#-} ;;
		*) break ;;
		esac
		shift
	done
	set +eET
	if [ -n "$errors" ]; then
		output=$("$@" 2>"$errors")
		status=$?
		stderr=$(<"$errors")
		rm "$errors"
	else
		stderr=
		output=$("$@" 2>&1)
		status=$?
	fi
	set "-$flags"
	IFS=$'\n' read -r -d '' -a lines <<<"$output" || :
	IFS=$'\n' read -r -d '' -a stderr_lines <<<"$stderr" || :
	case $code in
	'') ;;
	!) [ "$status" -ne 0 ] ;;
	*) [ "$status" -eq "$code" ] ;;
	esac || fail "exit $status, not $code: $* $output $stderr"
}

# The launcher: same process id, ended by SIGALRM after ${bound:-40} seconds,
# signals that the shell ignores in background jobs put back to their default.
# Under strace the sanitizer cannot look for leaks.
launcher='alarm shift; $SIG{$_} = "DEFAULT" for qw(ALRM INT QUIT PIPE);
	$ENV{ASAN_OPTIONS} .= ":detect_leaks=0" if grep { $_ eq "strace" } @ARGV;
	exec {$ARGV[0]} @ARGV or die "$ARGV[0]: $!\n"'

# bounded CMD...: CMD in the foreground, for at most ${bound:-40} seconds.
bounded() {
	perl -e "$launcher" "${bound:-40}" "${inside[@]}" "$@" 3>&-
}

# nc ARGS...: the program under test in the foreground, bounded.
nc() {
	local code=0
	[ -n "${with-}" ] || {
		bounded "$NC_LITE" "$@"
		return
	}
	bounded "$NC_LITE" "${with[@]}" "$@" \
	    2> >(exec grep -Ev --line-buffered "$extra" >&2 3>&-) || code=$?
	wait "$!" || :
	return "$code"
}

# blind CMD...: CMD with a closed stdin.  (After a plain <&- the shell itself may
# fill the gap.)
blind() {
	bounded sh -c 'exec "$@" <&-' sh "$@"
}

# start NAME CMD...: CMD in the background with the caller's stdin; its output
# goes to NAME.out (or to $out) and NAME.err.  Sets $pid.
start() {
	local name=$1
	shift
	: >"$name.err"
	[ -n "${out-}" ] || : >"$name.out"
	perl -e "$launcher" "${bound:-40}" "${inside[@]}" "$@" \
	    <&0 >"${out:-$name.out}" 2>"$name.err" 3>&- &
	pid=$!
}

# client ARGS...: our client in the background, as ${as:-client}.  Sets $pid.
client() {
	start "${as:-client}" "$NC_LITE" "${with[@]}" "$@"
}

# serve NAME CMD...: start, then wait until it says `Listening on WHERE PORT`, or
# `Bound on WHERE PORT`.
# Sets $pid and $port.
serve() {
	start "$@"
	until_true announced "$1.err" && ! gone "$pid" || fail "$(<"$1.err")" ||
	    return
	port=$(sed -En '/ only: /d; s/.*(istening|Bound) on .*[ :]([0-9]+).*/\2/p' "$1.err")
}

announced() {
	# "listening on 127.0.0.1 only: ..." comes before, and has no port.
	grep -av ' only: ' "$1" | grep -Eq '([Ll]istening|Bound) on ' ||
	    gone "$pid"
}

# listen ARGS...: our listener on any free port, as ${as:-listen}.
# Sets $pid and $port.
listen() {
	serve "${as:-listen}" "$NC_LITE" "${with[@]}" -lv "$@" 0
}

# peer STEP...: a server of our own that takes one connection and does the
# steps (peers/peer.py says which there are); its findings are in ${as:-peer}.out.
# Sets $pid and $port.
peer() {
	serve "${as:-peer}" /usr/bin/python3 "$PEERS/peer.py" accept "$@"
}

# closed_port: nothing listens on $port, and nobody else can take it.
closed_port() {
	serve "${as:-closed}" /usr/bin/python3 "$PEERS/peer.py" hold
}

# visit STEP...: the same as a client of $port, in the foreground.
visit() {
	bounded /usr/bin/python3 "$PEERS/peer.py" connect "$port" "$@"
}

# until_true CMD...: poll until CMD succeeds, for at most ${within:-20} seconds.
until_true() {
	local end=$((SECONDS + ${within:-20}))
	until "$@"; do
		((SECONDS < end)) || fail "not within ${within:-20} s: $*" ||
		    return
		sleep 0.02
	done
}

# wait_for_line FILE REGEX: wait until a line of FILE matches.
wait_for_line() {
	until_true grep -q -e "$2" "$1"
}

# wait_exit PID [SECONDS]: PID, a background job, must end within the bound
# (20 s); its exit status is in $status.
wait_exit() {
	local within=${2:-20}
	until_true gone "$1"
	status=0
	wait "$1" || status=$?
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# holds FILE TEXT: FILE is TEXT, for until_true.
holds() {
	[ "$(<"$1")" = "$2" ]
}

# has FILE BYTES: FILE has at least so many bytes, for until_true.
has() {
	[ "$(stat -c %s "$1")" -ge "$2" ]
}

# said NAME: what is in NAME.err, less what NC_LITE_WITH adds.
said() {
	grep -Ev "$extra" "$1.err" || :
}

# sha [FILE]: the SHA-256 of FILE or of stdin, nothing else.
sha() {
	local sum
	sum=$(sha256sum "$@")
	printf '%s\n' "${sum%% *}"
}

# same FILE FILE: both hold the same bytes.
same() {
	cmp "$1" "$2" >&2
}

# seeded: what $RANDOM gives from now on can be had again, by the SEED that a
# failing test prints.
seeded() {
	RANDOM=${SEED:-$((EPOCHSECONDS % 32768))}
	echo "seed: SEED=${SEED:-$((EPOCHSECONDS % 32768))}"
}

# random SIZE FILE: FILE with SIZE bytes (or 256M) that do not compress.
random() {
	head -c "$1" /dev/urandom >"$2"
}

# idle_pipe: a pipe that gives what is written to descriptor $tap, and does not
# end; use it as `<&"$idle"`.
idle_pipe() {
	coproc IDLE { exec cat 3>&-; }
	idle=${IDLE[0]} tap=${IDLE[1]}
}

# ticks PID: processor time that PID has used, in clock ticks (1/100 s).
ticks() {
	awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat"
}

# hurried TIMES: the time of what is started from now on runs so many times as
# fast (peers/hurry.c).
hurried() {
	"${CC:-cc}" -O1 -shared -fPIC -Wall -Wextra -Werror -o hurry.so \
	    "$PEERS/hurry.c" -ldl || return
	inside=(env HURRY="$1" LD_PRELOAD="$PWD/hurry.so"
	    ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0)
}

# private: a network and mount namespace of the test's own, in which all that the
# helpers start from now on runs.  Loopback is up; fe80::1%hole is ours; 10.9.9.2
# and fd99::2 swallow every packet; host names come from ./hosts, which a test may
# rewrite in place.
private() {
	[ -z "${NC_LITE_USER-}" ] || skip "needs namespaces"
	need unshare nsenter ip
	local how=(-mn) enter=(-m -n -r -w)
	if ((EUID != 0)); then
		how+=(-r) enter+=(-U --preserve-credentials)
	fi
	unshare "${how[@]}" true 2>/dev/null || skip "needs namespaces"
	printf '127.0.0.1 localhost\n' >hosts
	printf 'hosts: files\nservices: files\n' >nsswitch.conf
	printf 'nameserver 10.9.9.2\n' >resolv.conf
	start private unshare "${how[@]}" sh -ec '
		ip link set lo up
		ip link add hole type veth peer name hole0
		ip addr add 10.9.9.1/24 dev hole
		ip -6 addr add fd99::1/64 dev hole nodad
		ip -6 addr add fe80::1/64 dev hole nodad
		ip link set hole0 up
		ip link set hole up
		ip neigh add 10.9.9.2 lladdr 02:00:00:00:00:02 dev hole
		ip -6 neigh add fd99::2 lladdr 02:00:00:00:00:02 dev hole
		for file in hosts nsswitch.conf resolv.conf; do
			mount --bind $file /etc/$file
		done
		echo ready >&2
		exec sleep 1000'
	wait_for_line private.err ready
	inside=(nsenter -t "$pid" "${enter[@]}")
}
inside=()
