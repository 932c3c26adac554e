#!/usr/bin/env bats
# What the program gives up before it hears of a peer, and that all it is for
# still works. try.c stands for who has taken it over.
#
# shellcheck disable=SC2034,SC2154 # the helpers and bats set and use variables

load helper

setup_file() {
	"${CC:-cc}" -O1 -shared -fPIC -Wall -Wextra -Werror -o "$BATS_FILE_TMPDIR/try.so" \
	    "$BATS_TEST_DIRNAME/peers/try.c" -ldl
}

# trying WHAT: what is started from now on tries it. A sanitizer would be first.
trying() {
	inside=(env TRY="$1" LD_PRELOAD="$BATS_FILE_TMPDIR/try.so"
	    ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0)
}

# denied FILE NAME...: each was denied, and was tried at all.
denied() {
	local file=$1 name
	shift
	for name; do
		until_true grep -q "^$name: " "$file"
		grep -Eq "^$name: (Operation not permitted|Permission denied)" \
		    "$file" || fail "$(grep "^$name: " "$file")" || return
	done
}

# allowed FILE NAME...: each was done, or failed for another reason.
allowed() {
	local file=$1 name
	shift
	for name; do
		until_true grep -q "^$name: " "$file"
		run ! denied "$file" "$name"
	done
}

# need_landlock WHAT: skip where the kernel does not govern it: "files", "bind".
need_landlock() {
	run nc -lvv --timeout 0.01 127.0.0.1 0
	[[ $output == *"$1"* ]] || skip "needs Landlock in the kernel"
}

# landlock: the version of it that the kernel has.
landlock() {
	/usr/bin/python3 -c 'import ctypes
print(ctypes.CDLL(None).syscall(444, None, 0, 1))'
}

# state PID FIELD: what the kernel says of it.
state() {
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status" \
	    2>/dev/null
}

# confined PID: for until_true.
confined() {
	[ "$(state "$1" Seccomp)$(state "$1" NoNewPrivs)" = 21 ]
}

calls="ptrace process_vm_readv bpf mount keyctl finit_module kexec_load
userfaultfd perf_event_open io_uring_setup unshare i386 x32 execve"
calls=${calls//$'\n'/ }

@test "a relay cannot execute, trace, mount, or what else it never does" {
	# A build that looks for leaks needs ptrace(2) for that, and files.
	run nc -lvv --timeout 0.01 127.0.0.1 0
	[[ $output == *files* ]] || calls=${calls#ptrace }
	trying "$calls"
	listen 127.0.0.1
	# shellcheck disable=SC2086 # one word a name
	denied listen.err $calls
}

@test "--no-sandbox gives up nothing, and -vv says so" {
	trying "keyctl unshare read=/etc/passwd debug"
	as=first listen --no-sandbox -v 127.0.0.1
	allowed first.err keyctl unshare read debug
	grep -q 'sandbox: nothing (--no-sandbox)$' first.err
	run ! confined "$pid"
}

@test "each mode is confined before it hears of a peer" {
	idle_pipe
	as=one listen 127.0.0.1
	until_true confined "$pid"
	as=many listen -k 127.0.0.1
	until_true confined "$pid"
	as=proxy listen -k --proxy-server 127.0.0.1
	until_true confined "$pid"
	as=forward listen -k --forward localhost:9 127.0.0.1
	until_true confined "$pid"
	as=datagrams listen -u 127.0.0.1
	until_true confined "$pid"
	peer stall
	as=client client 127.0.0.1 "$port" <&"$idle"
	until_true confined "$pid"
	peer stall
	as=scan start scan "$NC_LITE" -z --banner=9 127.0.0.1 "$port"
	until_true confined "$pid"
}

@test "a client is confined before it connects, and before a thread begins" {
	need strace
	local where
	closed_port
	for where in "127.0.0.1 $port" "localhost $port" "-x 127.0.0.1:$port localhost 9"; do
		# shellcheck disable=SC2086 # words
		ASAN_OPTIONS=detect_leaks=0 run -1 bounded strace -f -qq -o trace -e \
		    trace=connect,seccomp,clone,clone3 "$NC_LITE" $where
		[[ $(head -n 1 trace) == *"seccomp("*" = 0" ]]
	done
}

@test "-vv says in one line what is in force" {
	run nc -lvv --timeout 0.01 127.0.0.1 0
	[ "$(grep -c 'sandbox: ' <<<"$output")" = 1 ]
	[[ $output == *"no new privileges, "*" system calls denied"* ]]
	run nc -lv --timeout 0.01 127.0.0.1 0
	[[ $output != *sandbox* ]]
}

@test "a command runs as it would without" {
	listen --exec 'cat /proc/self/status' 127.0.0.1
	run -0 nc 127.0.0.1 "$port" </dev/null
	grep -E '^(Seccomp|NoNew|Cap)' <<<"$output" >ours
	grep -E '^(Seccomp|NoNew|Cap)' /proc/self/status >own
	same ours own
	listen -k 127.0.0.1
	run -0 nc -z 127.0.0.1 "$port" -- cat /proc/self/status
	grep -E '^(Seccomp|NoNew|Cap)' <<<"$output" >ours
	same ours own
}

@test "a listener opens, makes, binds, connects to and signals nothing" {
	need_landlock files
	touch there
	as=target listen -k 127.0.0.1
	as=abstract client -lU "@nc-lite-$BASHPID"
	trying "read=$PWD/there list=/ create=$PWD/new remove=$PWD/there bind=0 \
connect=$port abstract=nc-lite-$BASHPID signal"
	listen 127.0.0.1
	denied listen.err read list create remove
	(($(landlock) < 4)) || denied listen.err bind connect
	(($(landlock) < 6)) || denied listen.err abstract signal
	[ -e there ]
	[ ! -e new ]
}

@test "--out DIR/ writes there and nowhere else" {
	need_landlock files
	mkdir in out
	trying "create=$PWD/in/new create=$PWD/out/new read=/etc/hosts"
	listen -k --out out/ 127.0.0.1
	denied listen.err read
	[ ! -e in/new ]
	[ -e out/new ]
	rm out/new
	echo x | nc 127.0.0.1 "$port"
	until_true test -n "$(ls out)"
	holds out/* x
}

@test "a forwarder connects to its target's port only, a proxy to any" {
	need_landlock bind
	as=other listen -k 127.0.0.1
	local other=$port
	as=target listen -k 127.0.0.1
	local target=$port
	trying "connect=$other connect=$target bind=0"
	as=forward listen -k --forward "127.0.0.1:$target" 127.0.0.1
	denied forward.err bind
	[ "$(grep -c '^connect: Permission denied' forward.err)" = 1 ]
	[ "$(grep -c '^connect: done' forward.err)" = 1 ]
	as=proxy listen -k --proxy-server 127.0.0.1
	denied proxy.err bind
	[ "$(grep -c '^connect: done' proxy.err)" = 2 ]
}

@test "a client reads nothing but what names are looked up in" {
	need_landlock files
	touch there
	peer stall
	trying "read=$PWD/there read=/etc/hosts create=$PWD/new"
	client localhost "$port"
	denied client.err create
	[ "$(grep '^read: ' client.err | sort | tr '\n' ' ')" = \
	    "read: Permission denied read: done " ]
}

@test "a resolv.conf that links to the root opens nothing below that" {
	private
	need_landlock files
	touch there
	mkdir etc
	cp hosts nsswitch.conf etc
	ln -s ../none etc/resolv.conf
	"${inside[@]}" mount --bind "$PWD/etc" /etc
	local within=("${inside[@]}")
	trying "read=$PWD/there read=/etc/hosts"
	inside=("${within[@]}" "${inside[@]}")
	run -1 nc localhost 1
	grep '^read: ' <<<"$output" >found
	denied found read
	[ "$(sort found | tr '\n' ' ')" = \
	    "read: Permission denied read: done " ]
}

@test "where more folders are needed than can be named, none is denied" {
	need_landlock files
	peer stall
	trying "read=$PWD/client.err"
	LD_LIBRARY_PATH=$(printf '/none/%d:' {1..60}) client localhost "$port"
	allowed client.err read
}

@test "what holds a key cannot be read by a debugger, and works" {
	nc --psk-new key
	trying debug
	as=keys listen -c --psk key 127.0.0.1
	denied keys.err debug
	inside=()
	echo x | nc -c --psk key 127.0.0.1 "$port"
	wait_exit "$pid"
	[ "$status" = 0 ]
	holds keys.out x
	trying debug
	as=plain listen 127.0.0.1
	allowed plain.err debug
}

@test "a kernel that knows none of it is no reason to say anything" {
	need strace
	local call
	for call in seccomp landlock_create_ruleset prctl; do
		ASAN_OPTIONS=detect_leaks=0 as=$call serve "$call" strace -f \
		    -qq -o /dev/null -e "inject=$call:error=ENOSYS" \
		    "$NC_LITE" -lv 127.0.0.1 0
		echo x | nc 127.0.0.1 "$port"
		wait_exit "$pid"
		[ "$status" = 0 ]
		holds "$call.out" x
		run ! grep -Ei 'sandbox|privilege|not implemented' "$call.err"
	done
}

@test "names are looked up late, in files that have changed by then" {
	private
	need_landlock files
	echo '127.0.0.1 here' >>hosts
	as=target listen -k 127.0.0.1
	local target=$port
	as=forward listen -k --forward "later:$target" 127.0.0.1
	echo x | nc -w 5 127.0.0.1 "$port" || :
	wait_for_line forward.err later
	echo '127.0.0.1 later' >>hosts
	echo y | nc 127.0.0.1 "$port"
	until_true holds target.out y
}

@test "an --in that was replaced is sent as it is when the peer comes" {
	echo old >file
	listen --in file 127.0.0.1
	echo new >other
	mv other file
	run -0 nc -d 127.0.0.1 "$port"
	[ "$output" = new ]
}

@test "sockets on paths are removed, and datagrams answered, as ever" {
	mkdir private
	as=listen start listen "$NC_LITE" -vlU ./socket
	until_true announced listen.err
	until_true confined "$pid"
	kill -TERM "$pid"
	wait_exit "$pid"
	[ ! -e socket ]
	as=server start server "$NC_LITE" -vluU ./socket < <(echo answer)
	until_true announced server.err
	echo question | TMPDIR=$PWD/private nc -uU -w 5 -W 1 ./socket >answer
	holds answer answer
	[ -z "$(ls private)" ]
}
