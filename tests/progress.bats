#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# How far it is: a line that fits the terminal, plain lines elsewhere, and what
# is said at the end.

load helper
load watch

# on_screen WIDTHS ARGS...: the program with stderr on a terminal; what was
# drawn there goes to frames, see peers/screen.py.
on_screen() {
	local widths=$1
	shift
	bounded /usr/bin/python3 "$PEERS/screen.py" "$widths" "$NC_LITE" "$@" \
	    >frames
}

# fits: no frame is wider than its terminal, less the cursor's place.
fits() {
	awk '{ w = $1; sub(/^[0-9]+ /, "") }
	    length($0) > w - 1 { print "too wide for " w ": " $0; bad = 1 }
	    END { exit bad }' frames
}

@test "a file on stdin: percent, bytes, rate, time left and a bar" {
	random 3M in
	listen
	on_screen 80 --progress --limit-rate 2M 127.0.0.1 "$port" <in
	fits
	grep -E '^80 [0-9]+%  sent [0-9.]+ [KM]iB  [0-9.]+ [KM]iB/s  left 0:0[0-9]  0:0[01]  mean [0-9.]+ [KM]iB/s  \[=*> *\]$' frames
	(($(grep -c % frames) < 12))
	[[ $(tail -n 2 frames | head -n 1) == "80 100%  sent 3.00 MiB  in 0:0"* ]]
}

@test "at 20 columns the line is short, at 200 the bar is no longer than 42" {
	random 1M in
	listen -k
	on_screen 20 --progress --limit-rate 1M 127.0.0.1 "$port" <in
	fits
	grep -Eq '^20 [0-9]+%  sent [0-9]+ KiB$' frames
	on_screen 200 --progress --limit-rate 1M 127.0.0.1 "$port" <in
	fits
	grep -Eq '\[=+> +\]$' frames
}

@test "a terminal that is resized is fitted again" {
	random 5M in
	listen
	on_screen 200,20,80 --progress --limit-rate 2M 127.0.0.1 "$port" <in
	# What was on its way while the size changed may be of the old one.
	awk '{ n[$1]++; w = $1; sub(/^[0-9]+ /, ""); if (length($0) > w - 1)
	    bad++ } END { exit bad > 2 || !n[200] || !n[20] || !n[80] }' frames
}

@test "a pipe or /dev/zero has no percent, with --size it has" {
	listen -k
	head -c 1M /dev/zero | on_screen 80 --progress --limit-rate 1M \
	    127.0.0.1 "$port"
	fits
	run ! grep % frames
	grep -q '^80 sent [0-9]* KiB  ' frames
	head -c 1M /dev/zero | on_screen 80 --progress --limit-rate 1M \
	    --size 2M 127.0.0.1 "$port"
	grep -q '^80 50%  sent 1.00 MiB  in ' frames
	run -3 on_screen 80 --progress --timeout 0.7 127.0.0.1 "$port" </dev/zero
	grep -q '^80 nc-lite: not done within 0.7 s; incomplete' frames
	grep -q '^80 sent .* in 0:00' frames
}

@test "a size beyond all time has no time left" {
	listen
	head -c 1M /dev/zero | on_screen 80 --progress --limit-rate 1M \
	    --size 4194303T 127.0.0.1 "$port"
	grep '^80 0%  sent' frames
	run ! grep -E 'left|-[0-9]' frames
}

@test "hours that are left are hours" {
	listen
	head -c 1M /dev/zero | on_screen 80 --progress --limit-rate 1M \
	    --size 10G 127.0.0.1 "$port"
	grep -E ' left [0-9]+:[0-5][0-9]:[0-5][0-9] ' frames
}

@test "a file that was read before counts from its offset" {
	random 1M in
	listen
	{ head -c 512k >/dev/null; nc --progress 127.0.0.1 "$port" 2>err; } <in
	[[ $(<err) == "100%  sent 512 KiB  in 0:00"* ]]
}

@test "both directions are shown when both carry" {
	random 1M in
	random 2M answer
	listen <answer
	nc --progress --size 2M 127.0.0.1 "$port" <in >out 2>err
	[[ $(<err) == "100%  got 2.00 MiB  sent 1.00 MiB  in "* ]]
}

@test "transfers of 0 bytes and of 1 byte have a line, too" {
	listen -k --recv-only
	run -0 nc --progress 127.0.0.1 "$port" < <(:)
	[[ $output == "sent 0 B  in 0:00  mean 0 B/s" ]]
	echo >in
	run -0 nc --progress 127.0.0.1 "$port" <in
	[[ $output == "100%  sent 1 B  in 0:00  mean "* ]]
}

@test "5 GiB of a hole go quickly, and are counted" {
	hole=$(mktemp "$([ -w /dev/shm ] && echo /dev/shm || echo .)/hole.XXXXXX")
	truncate -s 5G "$hole"
	out=/dev/null listen -v
	run -0 nc --progress 127.0.0.1 "$port" <"$hole"
	rm "$hole"
	[[ ${lines[-1]} == "100%  sent 5.00 GiB  in 0:"* ]]
	wait_exit "$pid"
	grep -q ' 5368709120 bytes received' listen.err
}

@test "no terminal: a line every ten seconds, without control characters" {
	listen
	client --progress --limit-rate 1k 127.0.0.1 "$port" </dev/zero
	within=13 wait_for_line client.err .
	[[ $(<client.err) =~ ^"sent "[0-9.]+" KiB  "[0-9.]+" "[Ki]*"B/s  0:10  mean " ]] ||
	    fail "$(<client.err)"
}

@test "SIGUSR1 in the middle prints the line, and harms nothing" {
	idle_pipe
	listen
	local receiver=$pid
	client 127.0.0.1 "$port" <&"$idle"
	printf hello >&"$tap"
	until_true has listen.out 5
	kill -USR1 "$pid"
	wait_for_line client.err '^sent 5 B  '
	kill -USR1 "$receiver"
	wait_for_line listen.err '^got 5 B  '
	kill "$IDLE_PID"
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	[ "$(wc -l <client.err)" -eq 1 ]
}

@test "SIGUSR1 while nobody is there yet, and many while bytes move" {
	random 64M in
	listen
	local receiver=$pid
	kill -USR1 "$receiver"
	client --limit-rate 100M 127.0.0.1 "$port" <in
	until_true has listen.out 1
	for _ in {1..50}; do
		kill -USR1 "$receiver" "$pid" 2>/dev/null || break
	done
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	wait_exit "$receiver"
	same in listen.out
}

@test "a terminal that is stopped does not stop the transfer" {
	need tmux
	random 3M in
	listen
	tmux -L "nc$$" -f /dev/null new-session -d -x 80 -y 10 "exec sh -c 'stty \
	    ixon; cat >/dev/null & exec \"$NC_LITE\" --progress --limit-rate 2M \
	    127.0.0.1 $port <in'" 3>&-
	tmux -L "nc$$" send-keys C-s
	wait_exit "$pid"
	[ "$status" -eq 0 ]
	tmux -L "nc$$" kill-server || :
	same in listen.out
}

@test "in tmux the last screen has one line of ours, whole" {
	need tmux
	random 2M in
	listen
	tmux -L "nt$$" -f /dev/null new-session -d -x 80 -y 10 "\"$NC_LITE\" \
	    --progress --limit-rate 2M 127.0.0.1 $port <in; exec sleep 100" 3>&-
	wait_exit "$pid"
	until_true eval 'tmux -L "nt$$" capture-pane -p | grep -q "100%"'
	tmux -L "nt$$" capture-pane -p | grep . >screen
	tmux -L "nt$$" kill-server
	[ "$(wc -l <screen)" -eq 1 ]
	[[ $(<screen) == "100%  sent 2.00 MiB  in 0:0"* ]]
}

@test "a signal ends the line that stands on the terminal" {
	listen
	run -142 bounded /usr/bin/python3 "$PEERS/screen.py" 80 perl -e \
	    'alarm 1; exec @ARGV' "$NC_LITE" --progress --limit-rate 1M \
	    127.0.0.1 "$port" </dev/zero
	[[ $output == *"80 sent "* ]]
	[ "${lines[-1]}" = "80 " ]
}

@test "what is received on the same terminal is not drawn over" {
	random 2M in
	peer read 300000 say hello readall
	bounded /usr/bin/python3 "$PEERS/screen.py" 80 sh -c 'exec "$@" >&2' sh \
	    "$NC_LITE" --progress --limit-rate 1M 127.0.0.1 "$port" <in >frames
	grep '^80 [1-9][0-9]*%' frames
	sed '1,/hello/d' frames >after
	grep -q hello frames
	run ! grep -E '[0-9]%' <(grep -v 100% after)
}

@test "in tmux a hex dump to the same terminal has lines of its own" {
	need tmux
	head -c 64 /dev/zero >in
	listen
	tmux -L "nh$$" -f /dev/null new-session -d -x 200 -y 90 "\"$NC_LITE\" \
	    --progress --hex-dump - --limit-rate 64 127.0.0.1 $port <in; \
	    exec sleep 100" 3>&-
	wait_exit "$pid"
	until_true eval 'tmux -L "nh$$" capture-pane -p | grep -q "100%"'
	tmux -L "nh$$" capture-pane -p | grep . >screen
	tmux -L "nh$$" kill-server
	grep -q '^[0-9]*%  sent' screen
	run ! grep '.# ' screen
}

@test "a full stderr pipe does not stop the transfer" {
	random 1M in
	listen
	mkfifo full
	exec 7<>full
	head -c 65536 /dev/zero >&7
	nc --progress 127.0.0.1 "$port" <in 2>&7
	wait_exit "$pid"
	same in listen.out
}

@test "--summary-json: one object on stderr, on every end" {
	random 100000 in
	listen --summary-json --recv-only
	run -0 --separate-stderr nc --summary-json 127.0.0.1 "$port" <in
	/usr/bin/python3 -c 'import json, sys; s = json.loads(sys.argv[1])
assert s["bytes_sent"] == 100000 and s["bytes_received"] == 0
assert s["ended_first"] == "stdin" and s["error"] is None
assert s["exit_status"] == 0 and s["bytes_per_second"] > 0' "$stderr"
	wait_exit "$pid"
	grep -q '"bytes_received":100000,.*"ended_first":"peer","error":null' \
	    listen.err
	printf x >$'q"\xff'
	listen -d
	run -0 --separate-stderr nc --summary-json --in $'q"\xff' 127.0.0.1 \
	    "$port"
	[[ $stderr == *'"ended_first":"q\u0022\u00ff"'* ]]
	peer readall reset
	run -1 nc --summary-json 127.0.0.1 "$port" <in
	[[ ${lines[1]} == *'"error":"peer: Connection reset by peer","exit_status":1}' ]]
}

@test "-v: a broken end is told with its reason, a timed one with its time" {
	listen
	run -3 nc -v -w 0.3 127.0.0.1 "$port" < <(sleep 5)
	[[ ${lines[-1]} =~ ^"nc-lite: 0 bytes sent, 0 bytes received in 0."[0-9]+" s (0.0 MiB/s); idle for 0.3 s"$ ]]
}
