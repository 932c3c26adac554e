#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# What a peer says, or is called, never reaches a terminal as more than text.

load helper
load tls_certs

setup_file() {
	make_certificates
}

# harmless: $output has no control of C0 or C1, no bidi control, and is UTF-8.
harmless() {
	/usr/bin/python3 -c 'import os, sys, unicodedata
text = os.fsencode(sys.argv[1]).decode()
for c in text.replace("\n", ""):
	assert unicodedata.category(c) not in ("Cc", "Zl", "Zp"), ascii(text)
	assert unicodedata.bidirectional(c)[:2] not in ("LR", "RL", "PD"), ascii(text)
	' "$output"
}

evil=$'\x1b[31m \x9b31m \xc2\x9b31m \xe2\x80\xae \xe2\x81\xa6 \x7f \xff'

@test "a message shows what is text, and a mark for what is not" {
	run -2 nc -o "$evil"
	run -2 nc --in "ü€𝄞$evil" 127.0.0.1 1
	[[ $output == *"ü€𝄞?[31m ?31m ??31m ??? ??? ? ?'"* ||
	    $output == *"ü€𝄞?[31m ?31m ??31m ??? ??? ? ?:"* ]] || fail "$output"
	harmless
}

@test "neither half a character nor one in too many bytes is text" {
	run -2 nc --in $'\xc0\x9b \xe0\x82\x9b \xf0\x80\x82\x9b \xed\xa0\x80 \xf4\x90\x80\x80 \xc3' \
	    127.0.0.1 1
	[[ $output == *"?? ??? ???? ??? ???? ?"* ]] || fail "$output"
	harmless
}

@test "--banner shows in digits what is not text, with either kind of char" {
	peer say 'caf\xc3\xa9 \x9b31m \xc2\x9b31m \xff\\\r\n' readall
	run -0 nc -z --banner 127.0.0.1 "$port"
	[ "$output" = 'café \x9b31m \xc2\x9b31m \xff\x5c' ] || fail "$output"
	harmless
}

@test "--json is UTF-8 whatever a service says" {
	local every
	every=$(printf '\\x%02x' {1..9} 11 12 {14..255})
	peer say "$every" readall
	run -0 nc -z --banner --json 127.0.0.1 "$port"
	harmless
	/usr/bin/python3 -c 'import json, os, sys
line = json.loads(os.fsencode(sys.argv[1]).decode())
assert [ord(c) for c in line["banner"]] == \
    [i for i in range(1, 256) if i not in (10, 13)], line' "$output"
}

@test "what a peer says instead of TLS is shown as text" {
	peer say '\x1b[31m \x9b31m \xc2\x9b31m\r\n' readall
	run -5 nc -c --ca "$C/ca.pem" localhost "$port" </dev/null
	harmless
	[[ $output == *'?[31m ?31m ??31m' ]] || fail "$output"
}

@test "a certificate's names are shown as text" {
	key P-256 "$C/evil.key"
	openssl req -x509 -utf8 -new -key "$C/evil.key" -days 3 \
	    -subj "/CN=$(printf '\xc2\x9b31m')" -out "$C/evil.pem" \
	    -addext "subjectAltName=DNS:$(printf 'a\x1b[31m')"
	cat "$C/evil.pem" "$C/evil.key" >"$C/evil.both"
	listen -kc --cert "$C/evil.both" --exec cat
	run -5 nc -vc --ca "$C/evil.pem" localhost "$port"
	harmless
	run -5 nc -vc --ca "$C/ca.pem" localhost "$port"
	harmless
	run -5 nc -zcv --json --ca "$C/ca.pem" localhost "$port"
	harmless
}
