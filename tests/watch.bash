# shellcheck shell=bash
# What a run took, and what it asked of the kernel.
#
# shellcheck disable=SC2154 # bats sets output and lines

# Load it after helper.bash: here nothing has an input that it was not given.
setup() {
	cd "$BATS_TEST_TMPDIR" && exec </dev/null
}

# timed CMD...: as bats' run; the time it took, in milliseconds, is in $took.
timed() {
	local begin=${EPOCHREALTIME/[.,]/}
	run "$@"
	took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
}

# between FEWEST MOST: $took lies there.
between() {
	((took >= $1 && took <= $2)) || fail "took $took ms, not $1 to $2: $output"
}

# traced CALLS ARGS...: the program under strace, the system calls in ./trace.
# (The leak checker cannot work in a process that is traced.)
traced() {
	local calls=$1
	shift
	ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" bounded \
	    strace -f -qq -o trace -e trace="$calls" -e signal=none \
	    "$NC_LITE" "$@"
}

# one_line REGEX: the last run printed one line, prefixed with the program's
# name, in which REGEX (extended) is found.
one_line() {
	[[ ${#lines[@]} -eq 1 && $output == "${name:-nc-lite}: "* ]] ||
	    fail "not one line of ours: $output" || return
	grep -Eq -e "$1" <<<"$output" || fail "no '$1' in: $output"
}
