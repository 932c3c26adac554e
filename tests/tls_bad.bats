#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2030,SC2031
# TLS with the wrong peer, a broken one or an enemy: never a byte too much, never
# an exit 0 too many.

load helper
load tls_certs
load netns

setup_file() {
	make_certificates
	authority stranger
	authority middle ca
	issue expired DNS:localhost P-256 ca '33 days ago' 30
	issue early DNS:localhost P-256 ca 'now + 5 days' 30
	issue wrong DNS:example.org,DNS:www.example.org
	issue wrongip IP:127.0.0.9
	issue unknown DNS:localhost P-256 stranger
	issue below DNS:localhost P-256 middle
	issue weak DNS:localhost rsa:1024
	issue wild 'DNS:*.wild.example'
	issue localhost none
	key P-256 "$C/self.key"
	openssl req -x509 -new -key "$C/self.key" -subj /CN=self -days 30 \
	    -addext subjectAltName=DNS:localhost -out "$C/self.pem"
	cat "$C/self.pem" "$C/self.key" >"$C/self.both"
	(umask 077; head -c 32 /dev/urandom | base64 >"$C/psk"
	    head -c 32 /dev/urandom | base64 >"$C/psk2")
}

# refused CERTIFICATE WORDS [ARG...]: s_server with it is refused, exit 5, in
# these words, and not a byte of ours arrives.
refused() {
	local name=$1 words=$2
	shift 2
	: >peer.out
	server peer openssl s_server -quiet -cert "$C/$name.both" \
	    -cipher ALL@SECLEVEL=0 -accept PORT
	run tls "$@" localhost "$port" <<<secret
	echo "$output"
	[ "$status" -eq 5 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output =~ ^"nc-lite: TLS with "[0-9.:]+" $port: "$words ]]
	kill "$pid"
	wait_exit "$pid"
	[ ! -s peer.out ]
}

### certificates

@test "an expired certificate is refused, and since when is said" {
	refused expired 'certificate expired [23] days ago$'
}

@test "a certificate that is not valid yet is refused" {
	refused early 'certificate is not valid until [45] days from now$'
}

@test "another host's certificate is refused, and both names are said" {
	refused wrong \
	    'certificate is for example.org, www.example.org, not localhost$'
}

@test "another address's certificate is refused" {
	server peer openssl s_server -quiet -cert "$C/wrongip.both" -accept PORT
	run tls 127.0.0.1 "$port" <<<secret
	[ "$status" -eq 5 ]
	[[ $output == *"certificate is for 127.0.0.9, not 127.0.0.1" ]]
}

@test "a self-signed certificate is refused, and no pin of it is advised" {
	refused self "certificate is self-signed and not trusted$"
	server peer openssl s_server -quiet -cert "$C/self.both" -accept PORT
	run -5 tls -v localhost "$port" </dev/null
	[[ $output != *sha256:* ]]
	run -5 tls -vv localhost "$port" </dev/null
	[[ $output == *"key is $(pin_of "$C/self.pem"): compare it with"* ]]
}

@test "a common name is no proof of a name" {
	refused localhost \
	    'certificate is for no host, only for /CN=localhost, not localhost$'
}

@test "--tls-name must be a name: an empty one would prove anybody" {
	local name
	listen -kc --cert "$C/wrong.both" --exec cat
	for name in '' . % .. "$(printf '%0254d' 0)"; do
		run -2 tls --tls-name "$name" localhost "$port"
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == *'--tls-name'* ]]
	done
}

@test "an unknown authority is refused and named" {
	refused unknown 'certificate was issued by /CN=stranger, which is not trusted$'
}

@test "a chain without its intermediate is refused, with it is fine" {
	refused below 'certificate was issued by /CN=middle, which is not trusted$'
	cat "$C/below.both" "$C/middle.pem" >chain.pem
	listen -c --cert chain.pem </dev/null
	tls localhost "$port" <<<hello
	holds listen.out hello
}

@test "RSA with 1024 bits is refused, in both roles" {
	refused weak 'certificate is not accepted: .*key too (weak|small)'
	run nc -lc --cert "$C/weak.both" 0
	[ "$status" -eq 2 ]
	[[ $output == *'key too small'* ]]
}

@test "a revoked certificate is refused when --ca has the list" {
	cd "$C"
	[ -e index ] || { : >index; echo 01 >number
	printf '%s\n' '[ca]' default_ca=a '[a]' database=index default_md=sha256 \
	    crlnumber=number default_crl_days=9 certificate=ca.pem \
	    private_key=ca.key >conf
	openssl ca -config conf -revoke good.pem
	openssl ca -config conf -gencrl -out list.pem; } 2>/dev/null
	cat ca.pem list.pem >both.pem
	listen -c --cert good.both
	run nc -c --ca both.pem localhost "$port" <<<hello
	[ "$status" -eq 5 ]
	[[ $output == *'certificate is not accepted: certificate revoked' ]]
}

@test "a wildcard stands for one label, and for all of it" {
	local name
	for name in a.wild.example b.wild.example; do
		listen -c --cert "$C/wild.both" </dev/null
		tls --tls-name "$name" localhost "$port" <<<hello
	done
	for name in wild.example a.b.wild.example a.wild.example.org; do
		refused wild 'certificate is for \*.wild.example, not ' \
		    --tls-name "$name"
	done
}

@test "--insecure takes anybody, and says so each time" {
	listen -c --cert "$C/self.both" </dev/null
	run nc -c --insecure localhost "$port" <<<hello
	[ "$status" -eq 0 ]
	[ "$output" = "nc-lite: the peer is not verified (--insecure)" ]
}

@test "another key than the pinned one is refused, and told only to compare" {
	listen -c --cert "$C/self.both"
	run nc -c --pin "$(pin_of "$C/good.pem")" localhost "$port" <<<hello
	[ "$status" -eq 5 ]
	[[ $output == *"certificate does not match the pinned one (--pin)" ]]
	wait_exit "$pid"
	[ "$status" -eq 5 ]
	[ ! -s listen.out ]
}

@test "of 8 pins any one will do, and of 7 others none" {
	local pins=() i
	for i in {1..7}; do
		pins+=(-H "sha256:$(printf '%064d' "$i")")
	done
	listen -kc --cert "$C/self.both" --exec cat
	run -5 nc -c "${pins[@]}" localhost "$port" <<<hello
	[ "$(nc -c "${pins[@]}" -H "$(pin_of "$C/self.pem")" localhost "$port" \
	    <<<hello)" = hello ]
}

@test "a client without the certificate that is asked for is exit 5, on both sides" {
	local version
	for version in -tls1_2 -tls1_3; do
		tls_listen --client-auth --ca "$C/ca.pem"
		bounded openssl s_client -quiet "$version" \
		    -connect "127.0.0.1:$port" <<<hello >/dev/null 2>&1 || :
		wait_exit "$pid"
		[ "$status" -eq 5 ]
		[ ! -s listen.out ]
	done
	tls_listen --client-auth --ca "$C/ca.pem"
	idle_pipe
	client -c --ca "$C/ca.pem" localhost "$port" <&"$idle"
	wait_exit "$pid"
	[ "$status" -eq 5 ]
	grep -q 'peer: rejected our certificate: certificate required' client.err
}

@test "-zc is exit 5 for a bad certificate, whatever else is open" {
	tls_listen -k --exec cat
	good=$port
	server peer openssl s_server -quiet -cert "$C/expired.both" -accept PORT
	run nc -zc --ca "$C/ca.pem" localhost "$port"
	[ "$status" -eq 5 ]
	[[ $output =~ 'certificate expired '[23]' days ago'$ ]]
	run nc -zc --json --ca "$C/ca.pem" localhost "$good,$port"
	[ "$status" -eq 5 ]
	[[ $output == *'"verified":true'*'"verified":false'* ||
	    $output == *'"verified":false'*'"verified":true'* ]]
}

@test "a refused certificate is told in full, with -v and as JSON" {
	server peer openssl s_server -quiet -cert "$C/expired.both" -accept PORT
	run -5 --separate-stderr nc -zcv --json --ca "$C/ca.pem" localhost "$port"
	[[ $stderr == *"Certificate of /CN=expired, issued by /CN=ca: rejected"* ]]
	printf '%s\n' "$output" >json
	/usr/bin/python3 - "$(pin_of "$C/expired.pem")" <<-'END'
		import json, re, sys
		f = json.load(open("json"))
		assert f["verified"] is False and f["state"] == "open", f
		assert re.fullmatch("certificate expired [23] days ago",
		                    f["reason"]), f
		assert f["subject"] == "/CN=expired" and f["issuer"] == "/CN=ca", f
		assert f["days"] in (-2, -3) and f["pin"] == sys.argv[1], f
		assert "tls" not in f and "cipher" not in f, f
	END
}

### trying again

# tried TIMES WORD...: the listener was visited so often, "-ge 2" or "-eq 1".
tried() {
	test "$(grep -c '^Connection received' listen.err)" "$@"
}

@test "--wait shakes hands again with who hangs up, in silence till the last" {
	local how
	for how in -c -zc; do
		listen -k --exec true
		run nc "$how" --wait=1 --ca "$C/ca.pem" localhost "$port"
		[[ $status == [13] && ${#lines[@]} -eq 1 ]]
		tried -ge 2
	done
	server=$pid
	client -c --wait=20 --ca "$C/ca.pem" localhost "$port" <<<hello
	client=$pid
	until_true tried -ge 5
	kill "$server"
	wait_exit "$server"
	start listen "$NC_LITE" -lc --cert "$C/good.both" "$port" </dev/null
	wait_exit "$client"
	[ "$status" -eq 0 ]
	holds listen.out hello
	[ ! -s client.err ]
}

@test "--wait does not wait for another peer than the one who came" {
	local how
	listen -k -c --cert "$C/expired.both" --exec cat
	for how in -c -zc; do
		run -5 nc "$how" --wait --ca "$C/ca.pem" localhost "$port"
		[ "${#lines[@]}" -eq 1 ]
	done
	tried -eq 2
}

### plain peers

@test "a plain server is named as such, and gets nothing" {
	peer say 'SSH-2.0-OpenSSH_9.9p2 Debian-1+deb14u7 of-words\r\n' text
	run tls localhost "$port" <<<secret
	[ "$status" -eq 5 ]
	[[ $output == *': the peer does not speak TLS; it said: SSH-2.0-OpenSSH_9.9p2 Debian-1+deb14u7 of-words' ]]
	run ! grep -q secret peer.out
	peer say '\r\n\r\n' text
	run -5 tls localhost "$port" <<<secret
	[[ $output == *': the peer does not speak TLS; it said: ?' ]]
}

@test "a plain client is named as such" {
	tls_listen
	visit say 'GET / HTTP/1.0\r\n\r\n' readall
	wait_exit "$pid"
	[ "$status" -eq 5 ]
	[[ $(<listen.err) == *': the peer does not speak TLS; it said: GET / HTTP/1.0' ]]
}

@test "a server that stays silent is exit 3 within -w" {
	peer stall
	run tls -w 0.3 localhost "$port" <<<hello
	[ "$status" -eq 3 ]
	[[ $output == *'handshake timed out (does the peer speak TLS?)' ]]
}

@test "a handshake has 30 s, if no time is given, in both roles" {
	peer stall
	hurried 20
	local begin=${EPOCHREALTIME/[.,]/}
	run -3 tls localhost "$port" <<<hello
	(((${EPOCHREALTIME/[.,]/} - begin) >= 1400000)) || fail "too soon"
	bound=10 tls_listen </dev/null
	inside=()
	begin=${EPOCHREALTIME/[.,]/}
	[[ $(visit readall) == "reset 0 "* ]]
	(((${EPOCHREALTIME/[.,]/} - begin) >= 1400000)) || fail "too soon"
	wait_exit "$pid"
	[ "$status" -eq 3 ]
}

@test "a server that hangs up in the handshake is exit 1" {
	peer read 1 fin
	run tls localhost "$port" <<<hello
	[ "$status" -eq 1 ]
}

@test "there is no falling back to TLS 1.1" {
	tls_listen
	bounded openssl s_client -quiet -tls1_1 -cipher ALL@SECLEVEL=0 \
	    -connect "127.0.0.1:$port" <<<hello >/dev/null 2>&1 || :
	wait_exit "$pid"
	[ "$status" -eq 5 ]
}

### shared keys

@test "the wrong shared key is exit 5 on both sides" {
	listen -c --psk "$C/psk"
	run nc -c --psk "$C/psk2" 127.0.0.1 "$port" <<<secret
	[ "$status" -eq 5 ]
	wait_exit "$pid"
	[ "$status" -eq 5 ]
	[ ! -s listen.out ]
}

@test "without the shared key either side is exit 5" {
	listen -c --psk "$C/psk"
	run nc -c --insecure 127.0.0.1 "$port" <<<secret
	[ "$status" -eq 5 ]
	wait_exit "$pid"
	[ "$status" -eq 5 ]
	as=second tls_listen
	run nc -c --psk "$C/psk" 127.0.0.1 "$port" <<<secret
	[ "$status" -eq 5 ]
	[[ $output == *'the peer does not know the key (--psk)' ]]
}

@test "without a protocol that both name (--alpn) there is no session, exit 5" {
	tls_listen --alpn h2 </dev/null
	run -5 tls --alpn http/1.1 localhost "$port" <<<secret
	[[ $output == *'rejected us: no application protocol' ]]
	wait_exit "$pid"
	[ "$status" -eq 5 ]
	[ ! -s listen.out ]
	grep -q 'no application protocol' listen.err
}

@test "a listener with -k goes on after a stranger" {
	listen -kc --psk "$C/psk" </dev/null
	run nc -c --psk "$C/psk2" 127.0.0.1 "$port" <<<secret
	[ "$status" -eq 5 ]
	nc -c --psk "$C/psk" 127.0.0.1 "$port" <<<hello
	until_true holds listen.out hello
}

@test "a key that is short, no key, absent or readable by others is refused" {
	umask 077
	head -c 31 /dev/urandom | base64 >short
	printf 'not a key at all, not at all, and long\n' >odd
	cp "$C/psk" open
	chmod 640 open
	for key in short odd open absent /dev/null; do
		run nc -c --psk "$key" 127.0.0.1 1
		[ "$status" -eq 2 ]
		[[ $output == "nc-lite: "*"$key"* ]]
	done
	run nc --psk-new short
	[ "$status" -eq 2 ]
}

# mirror: another host on a wire of ours, whose port 7 leads back to $port of ours.
mirror() {
	start mirror unshare -n sh -ec "
		echo begun >&2
		until ip link set far up 2>&-; do sleep 0.02; done
		ip addr add 10.8.8.2/24 dev far
		ip link set lo up
		exec socat -d -d TCP-LISTEN:7,fork,reuseaddr TCP:10.8.8.1:$port"
	wait_for_line mirror.err begun
	within_it ip link add near type veth peer name far netns "$pid"
	within_it ip addr add 10.8.8.1/24 dev near
	within_it ip link set near up
	wait_for_line mirror.err 'listening on'
}

@test "a connection that is led back to its own host is refused (--psk)" {
	need socat
	private
	listen -kc --psk "$C/psk" </dev/null
	mirror
	run -5 nc -c --psk "$C/psk" 10.8.8.2 7 <<<secret
	[[ $output == *'rejected us: access denied' ]]
	wait_for_line listen.err \
	    ': a connection of this host was reflected back to it (--psk)$'
	nc -c --psk "$C/psk" 10.8.8.1 "$port" <<<loop
	nc -c --psk "$C/psk" -s 10.9.9.1 10.8.8.1 "$port" <<<address
	nc -c --psk "$C/psk" 127.0.0.1 "$port" <<<hello
	until_true has listen.out 19
	holds listen.out $'loop\naddress\nhello'
}

@test "the mark of another host is no hindrance to a shared key" {
	private
	listen -c --psk "$C/psk" </dev/null
	server=$pid
	mirror
	inside=("${inside[@]}" nsenter -t "$pid" -n)
	nc -c --psk "$C/psk" 10.8.8.1 "$port" <<<hello
	wait_exit "$server"
	holds listen.out hello
}

### cuts and damage

@test "a cut at any record boundary is never taken for an end" {
	random 100000 whole
	tls_listen -k --exec 'cat whole'
	bounded /usr/bin/python3 "$PEERS/tls_cut.py" records 0 "$port" whole \
	    "$NC_LITE" -c --ca "$C/ca.pem" localhost @
}

@test "a cut at any of 200 places is never taken for an end" {
	random 1M whole
	tls_listen -k --exec 'cat whole'
	bounded /usr/bin/python3 "$PEERS/tls_cut.py" random 200 "$port" whole \
	    "$NC_LITE" -c --ca "$C/ca.pem" localhost @
}

@test "a bit flipped at any of 50 places is never let through" {
	random 100000 whole
	tls_listen -k --exec 'cat whole'
	bounded /usr/bin/python3 "$PEERS/tls_cut.py" flip 50 "$port" whole \
	    "$NC_LITE" -c --ca "$C/ca.pem" localhost @
}

@test "a sender or receiver that is killed is exit 1 for the other" {
	local i
	for i in 1 2 3 4 5; do
		tls_listen </dev/null
		server=$pid
		client -c --ca "$C/ca.pem" localhost "$port" </dev/zero
		until_true has listen.out $((i * 1000000))
		kill -KILL "$pid"
		wait_exit "$server"
		[ "$status" -eq 1 ]
		tls_listen </dev/null
		server=$pid
		client -c --ca "$C/ca.pem" localhost "$port" </dev/zero
		until_true has listen.out $((i * 1000000))
		kill -KILL "$server"
		wait_exit "$pid"
		[ "$status" -eq 1 ]
	done
}

@test "stdout full is exit 2, and no close_notify deceives the sender" {
	out=/dev/full tls_listen </dev/null
	run tls localhost "$port" </dev/zero
	[ "$status" -eq 1 ]
	wait_exit "$pid"
	[ "$status" -eq 2 ]
}

# reader_goes ARGS...: our client of $port, whose stdin is idle, loses the reader
# of its stdout: it is aborted at once.
reader_goes() {
	mkfifo pipe
	start reader sh -c 'exec sleep 60 <pipe'
	local reader=$pid
	idle_pipe
	out=pipe client -v "$@" <&"$idle"
	wait_for_line client.err 'verified by'
	kill -KILL "$reader"
	wait_exit "$pid" 5
	[ "$status" -eq 141 ]
	rm pipe
}

@test "stdout's reader goes: an idle session is reset, without a close_notify" {
	tls_listen -d
	local server=$pid
	reader_goes -c --ca "$C/ca.pem" localhost "$port"
	wait_exit "$server"
	[ "$status" -eq 1 ]
	grep -q 'peer: Connection reset by peer' listen.err
}

@test "stdout's reader goes: one that is sent data is reset" {
	tls_listen </dev/zero
	run -141 bounded bash -c 'set -o pipefail; "$@" </dev/null | head -c 10 | wc -c' - \
	    "$NC_LITE" -c --ca "$C/ca.pem" localhost "$port"
	[ "$output" = 10 ]
	wait_exit "$pid"
	[ "$status" -eq 1 ]
}

### slow ones

@test "100 clients that never finish their handshake keep nobody waiting" {
	tls_listen -k --exec cat
	start crowd /usr/bin/python3 "$PEERS/peer.py" crowd "$port" 100
	wait_for_line crowd.out 100
	bound=5 tls localhost "$port" <<<hello >out
	holds out hello
}

@test "a handshake that takes longer than -w is dropped by -k" {
	tls_listen -k -w 0.3 --exec cat
	[[ $(visit say '\x16\x03\x01' readall) =~ ^(fin|reset)" 0" ]]
	grep -q 'handshake timed out' listen.err
	tls -N localhost "$port" <<<hello >out
	holds out hello
}

### enemies

@test "key updates are answered, though we have nothing to say" {
	idle_pipe
	tls_listen -N <&"$idle"
	bounded /usr/bin/python3 "$PEERS/tls_foe.py" keyupdates "$port" 2000
	holds listen.out after
}

@test "a renegotiation is not granted, and the client is told" {
	idle_pipe
	tls_listen --exec cat
	start peer openssl s_client -tls1_2 -connect "127.0.0.1:$port" <&"$idle"
	wait_for_line peer.out 'Verify return code'
	echo R >&"$tap"
	wait_for_line peer.err 'no renegotiation'
}

@test "whoever leaves in the handshake keeps nobody from being served" {
	tls_listen -k --exec cat
	bounded /usr/bin/python3 "$PEERS/tls_foe.py" hello "$port" fin 4
	bounded /usr/bin/python3 "$PEERS/tls_foe.py" hello "$port" reset 4
	tls localhost "$port" <<<hello >out
	holds out hello
}

@test "a certificate of any size is refused in one line" {
	issue many "$(seq -f 'DNS:n%g.example' -s, 3000)"
	refused many 'certificate is for n1.example, n2.example, .*, not localhost$'
	issue huge "$(seq -f 'DNS:number-%g.of.so.many.example' -s, 5000)"
	refused huge 'TLS failed: excessive message size$'
}

### words

@test "what belongs to TLS is refused without -c, and what cannot go together" {
	local words
	for words in --pin=x '--alpn h2' '-R f' '-K f' '--cert f' --insecure \
	    '--psk f' '--tls-name x' '-cu' '-cz --banner' '-cl --insecure' '-c --psk f -R g' \
	    '-c --key f' "-c --pin sha256:$(sha </dev/null) --insecure"; do
		# shellcheck disable=SC2086
		run nc $words localhost 1
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "-c followed by a command points to --sh-exec" {
	local words
	for words in '-lp 4444 -c /bin/sh' '-c /bin/sh localhost 1' \
	    '-c bash localhost 1'; do
		# shellcheck disable=SC2086
		run nc $words
		[ "$status" -eq 2 ]
		[[ $output == *'use --sh-exec COMMAND'* ]]
	done
}
