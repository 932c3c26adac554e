#!/usr/bin/env bats
# -z through firewalls and over lossy links: the verdicts are right, and soon,
# whatever the network or the system runs short of.
#
# shellcheck disable=SC2154 # the helpers and bats set pid, port, output, lines

load helper
load netns
load watch

# firewall: in the test's network 127.0.0.1 and ::1 accept at 2000 to 2049,
# and refuse (2050), drop (2100) or prohibit (2150) at the 50 ports from there.
firewall() {
	within_it "$@" nft -f - <<-'END' || skip "needs nft"
	table inet scan {
		chain input {
			type filter hook input priority 0
			tcp dport 2050-2099 reject with tcp reset
			tcp dport 2100-2149 drop
			udp dport 2100-2149 drop
			meta nfproto ipv4 tcp dport 2150-2199 reject with icmp admin-prohibited
			meta nfproto ipv6 tcp dport 2150-2199 reject with icmpv6 admin-prohibited
			tcp dport 3000-3999 drop
		}
	}
	END
}

# fifty ADDRESS CMD...: accepts at 2000 to 2049, run by CMD.
fifty() {
	local address=$1
	shift
	serve fifty "$@" /usr/bin/python3 -c 'import select, socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
keep = [socket.create_server((sys.argv[1], port), family=family)
        for port in range(2000, 2050)]
print("Listening on it 2000", file=sys.stderr, flush=True)
while True:
    for ready in select.select(keep, [], [])[0]:
        ready.accept()[0].close()' "$address"
}

# across: 10.8.0.2 is a network beyond a link, where commands run by
# "${beyond[@]}".
across() {
	private
	beyond_link 10.8.0.1/24 10.8.0.2/24
}

# verdicts OPEN CLOSED UNREACHABLE FILTERED: what the last run counted (TCP).
verdicts() {
	local line
	printf -v line '%s open, %s closed, %s unreachable, %s filtered, 0 ' "$@"
	[[ ${lines[-1]} == *": ${line}not tested of"* ]] || fail "$output"
}

@test "open, refused, dropped and prohibited, all as they are" {
	private
	firewall
	fifty 127.0.0.1
	run -0 nc -zvv -w 0.5 127.0.0.1 2000-2199
	verdicts 50 50 0 100
	[ "$(grep failed <<<"$output")" = "\
nc-lite: connect to 127.0.0.1 ports 2050-2099 (tcp) failed: Connection refused
nc-lite: connect to 127.0.0.1 ports 2150-2199 (tcp) failed: Administratively \
prohibited (ICMP type 3 code 13)" ]
	[[ $output == *"
nc-lite: connect to 127.0.0.1 ports 2100-2149 (tcp) timed out
"* ]]
}

@test "the same over IPv6" {
	private
	firewall
	fifty ::1
	run -0 nc -zvv -w 0.5 ::1 2000-2199
	verdicts 50 50 0 100
	[[ $output == *"2150-2199 (tcp) failed: Administratively prohibited (ICMP type 1 code 1)"* ]]
}

@test "the exit code says whether it was the network or the time" {
	private
	firewall
	run -1 nc -z -w 0.3 127.0.0.1 2050-2099
	run -3 nc -z -w 0.3 127.0.0.1 2150
	run -3 nc -z -w 0.3 127.0.0.1 2100
	run -3 nc -z -w 0.3 127.0.0.1 2090-2100
	[ -z "$output" ]
}

@test "lost packets change no verdict" {
	across
	firewall "${beyond[@]}"
	fifty 10.8.0.2 "${beyond[@]}"
	within_it "${beyond[@]}" nft -f - <<-'END'
	table inet lossy {
		chain in { type filter hook prerouting priority -300
			numgen random mod 100 < 2 drop; }
		chain out { type filter hook output priority -300
			numgen random mod 100 < 2 drop; }
	}
	END
	for _ in 1 2 3 4 5; do
		run -0 nc -zv -w 1 10.8.0.2 2000-2149
		verdicts 50 50 0 50
	done
}

@test "refusals beyond the kernel's rate of ICMP are not taken for silence" {
	across
	firewall "${beyond[@]}"
	run -1 nc -zuv -w 1 10.8.0.2 2090-2099
	[[ ${lines[-1]} == *": 0 open, 10 closed, 0 unreachable, 0 open|filtered, "* ]]
}

# rejects PORTS REJECT: the firewall of this network answers so to TCP.
rejects() {
	within_it nft -f - <<-END || skip "needs nft"
	table inet rejects {
		chain input {
			type filter hook input priority 0
			tcp dport $1 reject with $2
		}
	}
	END
}

@test "each ICMP of a firewall is filtered, exit 3, with the reason in words" {
	private
	local icmp words
	while read -r icmp words; do
		rejects 5000 "icmp $icmp"
		run -3 nc -zv -w 1 127.0.0.1 5000
		[ "$output" = "nc-lite: connect to 127.0.0.1 port 5000 (tcp) failed: $words" ]
		run -3 nc -z --json -w 1 127.0.0.1 5000
		[[ $output == *'"state":"filtered","reason":"'"$words"'",'* ]]
		within_it nft delete table inet rejects
	done <<-'END'
		net-unreachable Network is unreachable (ICMP type 3 code 0)
		host-unreachable No route to host (ICMP type 3 code 1)
		prot-unreachable Protocol not available (ICMP type 3 code 2)
		port-unreachable Port unreachable (ICMP type 3 code 3)
		net-prohibited Administratively prohibited (ICMP type 3 code 9)
		host-prohibited Administratively prohibited (ICMP type 3 code 10)
		admin-prohibited Administratively prohibited (ICMP type 3 code 13)
	END
}

# bats test_tags=timing
@test "1000 TCP ports behind a firewall that answers take the time of one" {
	across
	firewall "${beyond[@]}"
	within_it "${beyond[@]}" nft add rule inet scan input \
	    tcp dport 4000-4999 reject with icmp admin-prohibited
	timed nc -zv -w 1 10.8.0.2 4000-4999
	[ "$status" -eq 3 ]
	verdicts 0 0 0 1000
	between 0 1500
}

@test "a UDP scan asks again while it learns, for ten times -w at most" {
	across
	timed nc -zuv -w 0.3 10.8.0.2 2000-2099
	between 900 3600
	[[ $output == *"ICMP may be limited"* ]]
	[[ ${lines[-1]} =~ \ ([0-9]+)\ closed,\ 0\ unreachable,\ ([0-9]+)\ open.filtered ]]
	((BASH_REMATCH[1] + BASH_REMATCH[2] == 100 && BASH_REMATCH[1] < 60))
	run nc -zu --json -w 0.3 10.8.0.2 2000-2099
	[[ $output == *'"reason":"gave no answer (open|filtered; ICMP is limited)"'* ]]
}

# bats test_tags=timing
@test "a silent port has 3 s, if no time is given" {
	private
	timed nc -z 10.9.9.2 80
	[ "$status" -eq 3 ]
	between 2900 5000
}

@test "1000 silent ports take the time of one" {
	private
	firewall
	timed nc -zv -w 1 127.0.0.1 3000-3999
	[ "$status" -eq 3 ]
	verdicts 0 0 0 1000
	between 950 2500
}

@test "all ports, 1000 of them silent, little more than the time of one" {
	private
	firewall
	timed nc -zv -w 1 127.0.0.1 1-2000,3000-65535
	[ "$status" -eq 3 ]
	[[ ${lines[-1]} == *" 1000 filtered, 0 not tested of 64536 "* ]] ||
	    fail "$output"
	between 950 8000
}

@test "with 16 descriptors every port is tested all the same" {
	private
	firewall
	fifty 127.0.0.1
	run -0 bounded sh -c 'ulimit -n 16; exec "$@"' sh "$NC_LITE" -zv -w 0.2 \
	    127.0.0.1 2000-2105,2150-2199
	verdicts 50 50 0 56
}

@test "--parallel 1 tests one port after the other" {
	private
	firewall
	timed nc -zv -w 0.3 --parallel 1 127.0.0.1 2100-2103
	verdicts 0 0 0 4
	between 1200 3000
}

@test "no port is dropped when ports, memory or descriptors run out" {
	local what
	private
	fifty 127.0.0.1
	for what in connect:error=EADDRNOTAVAIL connect:error=ENOBUFS \
	    socket:error=EMFILE socket:error=ENFILE connect:error=EAGAIN; do
		run -0 env ASAN_OPTIONS=detect_leaks=0 perl -e "$launcher" 30 \
		    "${inside[@]}" strace -qq -o trace -e trace=socket,connect \
		    -e "inject=$what:when=20..40" "$NC_LITE" -zv -w 1 \
		    127.0.0.1 2000-2099
		verdicts 50 50 0 0
		grep -q INJECTED trace
	done
}

@test "a want that does not pass ends the run: exit 2 and one line" {
	private
	run -2 env ASAN_OPTIONS=detect_leaks=0 perl -e "$launcher" 30 \
	    "${inside[@]}" strace -qq -o trace -e trace=socket \
	    -e inject=socket:error=ENFILE:when=1+ \
	    "$NC_LITE" -z -w 1 127.0.0.1 2000
	[ "$output" = \
	    "nc-lite: cannot test port 2000: Too many open files in system" ]
}

# bats test_tags=timing
@test "--timeout ends a scan, and what was not tested is not a verdict" {
	private
	firewall
	timed nc -zv --parallel 2 -w 0.4 --timeout 1 127.0.0.1 2100-2149
	[ "$status" -eq 3 ]
	between 950 2000
	[[ ${lines[-1]} =~ \ ([0-9]+)\ filtered,\ ([0-9]+)\ not\ tested ]]
	((BASH_REMATCH[1] + BASH_REMATCH[2] == 50 && BASH_REMATCH[2] > 30))
}

@test "-s and -p are where a scan comes from, also of many ports" {
	private
	fifty 127.0.0.1
	run -0 nc -zvv -s 127.0.0.5 -p 3333 127.0.0.1 2048-2051
	[[ $output == *"tcp 127.0.0.5 3333 -> 127.0.0.1 2049, connected"* ]]
	verdicts 2 2 0 0
}
