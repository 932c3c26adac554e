#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2016,SC2030,SC2031
# TLS that works: between us and with others, in both roles.

load helper
load tls_certs

setup_file() {
	make_certificates
	issue rsa DNS:localhost rsa:2048
	issue ed DNS:localhost ed25519
	issue other DNS:other.example
	issue client email:someone@example.org
	random 3M "$C/in"
}

ended_well() {
	wait_exit "$pid"
	[ "$status" -eq 0 ]
}

### between us

@test "bytes arrive both ways, and both ends are content" {
	tls_listen <"$C/in"
	tls localhost "$port" <"$C/in" >out
	ended_well
	same "$C/in" out
	same "$C/in" listen.out
}

@test "without --cert a listener prints the command for the other side" {
	listen -c 127.0.0.1 </dev/null
	read -ra command <listen.err
	[ "${command[*]:0:3}" = "nc-lite -c --pin" ]
	nc "${command[@]:1}" <"$C/in"
	ended_well
	same "$C/in" listen.out
}

@test "each run of such a listener has a key of its own, said before it listens" {
	as=first listen -c
	as=second listen -c
	sed -n 2p first.err | grep -q '^Listening'
	[ "$(cut -d' ' -f4 first.err | head -1)" != \
	    "$(cut -d' ' -f4 second.err | head -1)" ]
}

@test "a key both ends share needs nothing else" {
	nc --psk-new key
	[ "$(stat -c %a key)" = 600 ]
	listen -c --psk key <"$C/in"
	nc -c --psk key 127.0.0.1 "$port" <"$C/in" >out
	ended_well
	same "$C/in" out
	same "$C/in" listen.out
}

@test "a new key that the disk does not take leaves no file" {
	# shellcheck disable=SC2016 # for that shell
	run -2 eval 'ulimit -f 0; nc --psk-new key'
	[ "$output" = "nc-lite: cannot create the key key: File too large" ]
	[ ! -e key ]
}

@test "a shared key with half an octet is refused" {
	(umask 077; printf '%065d\n' 1 >key)
	run -2 nc -c --psk key 127.0.0.1 9
	[[ $output == "nc-lite: the key key is invalid: "* ]]
}

@test "a shared key may be base64, too" {
	(umask 077; head -c 48 /dev/urandom | base64 >key)
	listen -c --psk key </dev/null
	nc -c --psk key 127.0.0.1 "$port" <"$C/in"
	ended_well
	same "$C/in" listen.out
}

@test "P-256, RSA and Ed25519 keys work" {
	local name
	for name in good rsa ed; do
		listen -c --cert "$C/$name.pem" --key "$C/$name.key" </dev/null
		tls localhost "$port" <<<hello
		ended_well
		holds listen.out hello
	done
}

@test "a hello that comes between two looks for one is TLS all the same" {
	need strace
	nc --psk-new key
	serve slow strace -qqo /dev/null -e trace=recvfrom \
	    -e inject=recvfrom:error=EAGAIN:when=1 \
	    "$NC_LITE" -dlvc --psk key 127.0.0.1 0 </dev/null
	nc -c --psk key 127.0.0.1 "$port" <"$C/in"
	ended_well
	same "$C/in" slow.out
}

@test "it works over a UNIX socket" {
	start listen "$NC_LITE" -lcU sock --cert "$C/good.both" </dev/null
	until_true test -S sock
	tls -U --tls-name localhost sock <"$C/in"
	ended_well
	same "$C/in" listen.out
}

@test "our end is a close_notify, and bytes still come the other way" {
	tls_listen --sh-exec 'sha256sum; seq 100000'
	tls localhost "$port" <"$C/in" >out
	{ sha256sum <"$C/in"; seq 100000; } >expected
	same expected out
	ended_well
}

@test "the peer's end does not stop us from sending" {
	idle_pipe
	echo one >&"$tap"
	tls_listen <<<over
	client -c --ca "$C/ca.pem" localhost "$port" <&"$idle"
	wait_for_line client.out over
	echo two >&"$tap"
	wait_for_line listen.out two
}

@test "an end that comes with the last bytes, and without FIN, is seen at once" {
	serve peer /usr/bin/python3 "$PEERS/tls_end.py" "$C/good.both"
	bound=5 tls localhost "$port" </dev/null >out
	holds out hello
	wait_for_line peer.out end
}

@test "-q, --send-only and --recv-only keep their meaning" {
	local option
	for option in --send-only -q5; do
		tls_listen </dev/null
		tls "$option" localhost "$port" <"$C/in"
		ended_well
		same "$C/in" listen.out
	done
	tls_listen <"$C/in"
	tls --recv-only localhost "$port" >out
	ended_well
	same "$C/in" out
}

@test "a line typed is answered at once" {
	idle_pipe
	tls_listen --exec cat
	client -c --ca "$C/ca.pem" localhost "$port" <&"$idle"
	echo hello >&"$tap"
	wait_for_line client.out hello
}

@test "60 MB both ways at once pass through small socket buffers" {
	random 30M in
	tls_listen -I 4096 -O 4096 <in
	tls -I 4096 -O 4096 localhost "$port" <in >out
	ended_well
	same in out
	same in listen.out
}

@test "--alpn agrees on the first of ours that both have" {
	tls_listen --alpn http/1.1,h2 </dev/null
	nc -cv --ca "$C/ca.pem" --alpn h2,http/1.1 localhost "$port" \
	    <<<hello 2>err
	ended_well
	grep -q 'ALPN http/1.1' err
	grep -q 'ALPN http/1.1' listen.err
}

@test "-v tells version, cipher, group, names, days and what verified" {
	tls_listen </dev/null
	nc -cv --ca "$C/ca.pem" localhost "$port" <<<hello 2>err
	grep -Eq '^TLSv1.3, TLS_[A-Z0-9_]+, (x25519|X25519MLKEM768)$' err
	grep -Eq "^Certificate of /CN=good, issued by /CN=ca, valid for (29|30) days,\
 verified by $C/ca.pem, key sha256:[0-9a-f]{64}$" err
	[[ $(<err) == *"$(pin_of "$C/good.pem")"* ]]
}

@test "a client's certificate is asked for by --client-auth, or by its pin" {
	tls_listen --client-auth --ca "$C/ca.pem" </dev/null
	tls --cert "$C/client.both" localhost "$port" <<<one
	ended_well
	tls_listen --pin "$(pin_of "$C/client.pem")" </dev/null
	tls --cert "$C/client.both" localhost "$port" <<<two
	ended_well
	holds listen.out two
}

@test "-R, -K and -H are the letters of --ca, --key and --pin" {
	tls_listen --client-auth --ca "$C/ca.pem" </dev/null
	nc -c -R "$C/ca.pem" --cert "$C/client.pem" -K "$C/client.key" \
	    localhost "$port" <<<one
	ended_well
	tls_listen </dev/null
	nc -c -H "$(pin_of "$C/good.pem")" localhost "$port" <<<two
	ended_well
	tls_listen </dev/null
	run -5 nc -c -H "sha256:$(sha </dev/null)" localhost "$port" </dev/null
}

@test "with -H and -R, authority, name and key must all be right" {
	local how=(-c -H "$(pin_of "$C/good.pem")" -R "$C/ca.pem")
	tls_listen </dev/null
	nc "${how[@]}" localhost "$port" <<<one
	ended_well
	tls_listen </dev/null
	run -5 nc "${how[@]}" --tls-name other localhost "$port" </dev/null
	[[ $output == *'certificate is for '*', not other' ]]
	tls_listen </dev/null
	run -5 nc "${how[@]}" -R "$C/client.pem" localhost "$port" </dev/null
	[[ $output == *'which is not trusted' ]]
	tls_listen </dev/null
	run -5 nc -c -H "sha256:$(sha </dev/null)" -R "$C/ca.pem" \
	    localhost "$port" </dev/null
	[[ $output == *'does not match the pinned one'* ]]
}

@test "an encrypted key's password is asked for on the terminal" {
	need expect
	openssl ec -aes128 -passout pass:secret -in "$C/good.key" -out locked \
	    2>/dev/null
	closed_port
	bounded expect -c "spawn $NC_LITE -c --ca $C/ca.pem --cert $C/good.pem \
	    --key locked 127.0.0.1 $port; expect {Password of locked:}; \
	    send secret\r; expect refused" >out
	grep -q 'Connection refused' out
}

@test "with a command each of 20 clients at once is served" {
	local i
	tls_listen -k --exec cat
	for i in {1..20}; do
		as=c$i client -c --ca "$C/ca.pem" localhost "$port" <<<"$i"
		pids[i]=$pid
	done
	for i in {1..20}; do
		wait_exit "${pids[i]}"
		[ "$status" -eq 0 ]
		holds "c$i.out" "$i"
	done
}

@test "without -c the library is neither linked nor loaded" {
	need strace
	run ! grep -q 'libssl\|libcrypto' <(ldd "$NC_LITE")
	# Which says so to who makes packages of it.
	readelf -p .note.dlopen "$NC_LITE" >notes
	grep -q 'libssl\.so\.[0-9]' notes
	grep -q 'libcrypto\.so\.[0-9]' notes
	listen </dev/null
	ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=openat -o trace "$NC_LITE" 127.0.0.1 "$port" <<<hello
	run ! grep -q 'libssl\|libcrypto' trace
}

@test "a library that cannot be loaded, or is too old, is one line" {
	need gcc
	local library
	library=$(grep -ao -m 1 'libssl\.so\.[0-9]*' "$NC_LITE" | head -n 1)
	echo nothing >"$library"
	LD_LIBRARY_PATH=$PWD run -2 nc -c localhost 1
	[[ $output == "nc-lite: TLS needs OpenSSL: cannot load $library: "* ]]
	gcc -shared -o "$library" -x c /dev/null
	LD_LIBRARY_PATH=$PWD run -2 nc -c localhost 1
	[[ $output == "nc-lite: $library is too old for TLS: it lacks "* ]]
}

@test "-zc is a check of the certificate, in words or as JSON" {
	tls_listen -k --exec cat
	nc -zcv --ca "$C/ca.pem" localhost "$port" 2>err
	grep -q 'succeeded!$' err
	grep -q '^Certificate of /CN=good, .*valid for [23][09] days' err
	nc -zc --json --ca "$C/ca.pem" localhost "$port" >json
	/usr/bin/python3 - "$(pin_of "$C/good.pem")" <<-'END'
		import json, sys
		f = json.load(open("json"))
		assert f["verified"] is True and f["days"] in (29, 30), f
		assert f["tls"] == "TLSv1.3" and f["group"] in ("x25519", "X25519MLKEM768"), f
		assert f["cipher"].startswith("TLS_"), f
		assert f["subject"] == "/CN=good" and f["issuer"] == "/CN=ca", f
		assert f["reason"] == "connected" and f["pin"] == sys.argv[1], f
	END
	[ "$(wc -l <listen.err)" -gt 0 ]
	run ! grep 'truncated\|reset' listen.err
}

### openssl

@test "openssl s_client sends and receives, by TLS 1.2 and 1.3" {
	local version options
	for version in -tls1_2 -tls1_3; do
		options=(-quiet -no_ign_eof -verify_return_error "$version"
		    -CAfile "$C/ca.pem" -connect)
		tls_listen </dev/null
		bounded openssl s_client "${options[@]}" "localhost:$port" \
		    <"$C/good.pem" 2>err
		ended_well
		same "$C/good.pem" listen.out
		tls_listen <"$C/in"
		idle_pipe
		bounded openssl s_client "${options[@]}" "localhost:$port" \
		    <&"$idle" >out 2>err
		same "$C/in" out
	done
}

@test "openssl s_server sends and receives, by TLS 1.2 and 1.3" {
	local version
	for version in -tls1_2 -tls1_3; do
		server peer openssl s_server -quiet "$version" -naccept 1 \
		    -cert "$C/rsa.both" -accept PORT < <(echo answer; sleep 9)
		client -c --no-shutdown -q1 --ca "$C/ca.pem" localhost "$port" \
		    <"$C/good.pem"
		until_true holds client.out answer
		until_true cmp -s "$C/good.pem" peer.out
		end_all
	done
}

@test "the server's name chooses its certificate" {
	server peer openssl s_server -quiet -cert "$C/other.both" \
	    -cert2 "$C/good.both" -servername localhost -www -accept PORT
	printf 'GET / HTTP/1.0\r\n\r\n' | tls localhost "$port" >out
	grep -q 'HTTP/1.0 200' out
	nc -c --ca "$C/ca.pem" --tls-name other.example localhost "$port" \
	    <<<$'GET / HTTP/1.0\r\n\r' | grep -q 'HTTP/1.0 200'
}

@test "openssl's tickets and key updates change nothing" {
	idle_pipe
	tls_listen --exec cat
	start peer openssl s_client -connect "127.0.0.1:$port" <&"$idle"
	for word in hello again; do
		: >peer.err
		echo K >&"$tap"
		wait_for_line peer.err KEYUPDATE
		echo "$word" >&"$tap"
		wait_for_line peer.out "^$word"
	done
}

@test "a server's key updates are answered" {
	# A line that is read together with "K" would go with it.
	mkfifo told
	exec {say}<>told
	server peer openssl s_server -msg -cert "$C/good.both" -accept PORT <told
	idle_pipe
	client -c --ca "$C/ca.pem" localhost "$port" <&"$idle"
	wait_for_line peer.out '^CIPHER'
	echo K >&"$say"
	wait_for_line peer.out KeyUpdate
	echo hello >&"$say"
	wait_for_line client.out hello
	echo one >&"$tap"
	wait_for_line peer.out one
}

@test "a shared key comes from a pipe too, however slowly" {
	nc --psk-new key
	listen -c --psk <(cat key) </dev/null
	nc -c --psk <(head -c 9 key; sleep 0.2; tail -c +10 key) \
	    127.0.0.1 "$port" <<<hello
	wait_exit "$pid"
	holds listen.out hello
}

@test "openssl with the same external key is no stranger, in both roles" {
	local hex
	nc --psk-new key
	hex=$(<key)
	server peer openssl s_server -quiet -psk "$hex" -psk_identity nc-lite \
	    -nocert -tls1_3 -accept PORT < <(echo answer; sleep 9)
	client -c --psk key --no-shutdown 127.0.0.1 "$port" <<<hello
	wait_for_line client.out answer
	wait_for_line peer.out hello
	listen -c --psk key <<<answer
	bounded openssl s_client -quiet -psk "$hex" -psk_identity me -tls1_3 \
	    -connect "127.0.0.1:$port" <<<hello >out 2>err
	ended_well
	holds out answer
}

### ncat, socat, curl, nginx

# ncat's end has no close_notify: what it sends is all there, but who can know?
@test "ncat sends to us and receives from us" {
	need ncat
	tls_listen </dev/null
	bounded ncat --ssl --send-only localhost "$port" <"$C/good.pem"
	wait_exit "$pid"
	same "$C/good.pem" listen.out
	server peer ncat -l --ssl --ssl-cert "$C/good.pem" \
	    --ssl-key "$C/good.key" 127.0.0.1 PORT </dev/null
	run tls --no-shutdown localhost "$port" <"$C/good.pem"
	until_true cmp -s "$C/good.pem" peer.out
}

@test "socat receives from us and sends to us" {
	need socat
	server peer socat -u "OPENSSL-LISTEN:PORT,cert=$C/good.both,verify=0" -
	tls localhost "$port" <"$C/in"
	until_true cmp -s "$C/in" peer.out
	tls_listen </dev/null
	bounded socat -u - "OPENSSL:localhost:$port,cafile=$C/ca.pem" <"$C/in"
	ended_well
	same "$C/in" listen.out
}

@test "curl gets a page from us" {
	need curl
	tls_listen --sh-exec 'sed "/^.$/q" >&2
	    printf "HTTP/1.0 200 OK\r\n\r\nhello"'
	[ "$(bounded curl -s --cacert "$C/ca.pem" \
	    "https://localhost:$port/")" = hello ]
	ended_well
}

@test "nginx gives us a page" {
	need nginx
	cat >nginx.in <<-END
		daemon off; master_process off; pid nginx.pid; error_log nginx.log;
		events {} http { access_log off; client_body_temp_path t;
		proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t;
		scgi_temp_path t; server { listen 127.0.0.1:@ ssl;
		ssl_certificate $C/good.both; ssl_certificate_key $C/good.both;
		location / { return 200 hello; } } }
	END
	server nginx sh -c 'sed s/@/PORT/ nginx.in >nginx.conf
	    exec nginx -e nginx.log -p . -c nginx.conf'
	printf 'GET / HTTP/1.0\r\n\r\n' |
	    tls --no-shutdown localhost "$port" >out
	[ "$(tail -n1 out)" = hello ]
	printf 'GET / HTTP/1.0\r\n\r\n' | tls localhost "$port" >out
	[ "$(tail -n1 out)" = hello ]
}
