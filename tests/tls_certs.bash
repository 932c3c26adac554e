# shellcheck shell=bash disable=SC2154
# Keys and certificates for the TLS tests: made once a file, by openssl, in $C.
# authority NAME; issue NAME SUBJECT_ALT_NAMES [KEY [AUTHORITY [WHEN DAYS]]].

# key TYPE FILE: a private key: P-256, rsa:BITS or ed25519.
key() {
	case $1 in
	rsa:*) openssl genpkey -algorithm RSA -out "$2" \
	    -pkeyopt "rsa_keygen_bits:${1#rsa:}" ;;
	ed25519) openssl genpkey -algorithm ED25519 -out "$2" ;;
	*) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$1" \
	    -out "$2" ;;
	esac 2>/dev/null
}

# authority NAME [AUTHORITY]: NAME.pem and NAME.key, by itself or the other.
authority() {
	local signer=(-signkey "$C/$1.key")
	[ $# -lt 2 ] || signer=(-CA "$C/$2.pem" -CAkey "$C/$2.key")
	key P-256 "$C/$1.key"
	openssl req -new -key "$C/$1.key" -subj "/CN=$1" -out "$C/$1.csr"
	openssl x509 -req -in "$C/$1.csr" -days 100 -out "$C/$1.pem" \
	    -extfile <(printf 'basicConstraints=critical,CA:TRUE\n') \
	    "${signer[@]}" 2>/dev/null
}

# issue NAME SANS [KEY [AUTHORITY [WHEN DAYS]]]: NAME.pem, NAME.key and both in
# NAME.both.  SANS may be none: a certificate with a common name only.
# "now" may come out a second late.
issue() {
	local by=${4:-ca} extensions="basicConstraints=CA:FALSE"
	[ "$2" = none ] || extensions+=$'\n'"subjectAltName=$2"
	key "${3:-P-256}" "$C/$1.key"
	openssl req -new -key "$C/$1.key" -subj "/CN=$1" -out "$C/$1.csr"
	faketime "${5:-1 minute ago}" openssl x509 -req -in "$C/$1.csr" \
	    -days "${6:-30}" -CA "$C/$by.pem" -CAkey "$C/$by.key" \
	    -extfile <(printf '%s\n' "$extensions") -out "$C/$1.pem" 2>/dev/null
	cat "$C/$1.pem" "$C/$1.key" >"$C/$1.both"
}

# pin_of CERTIFICATE: what --pin takes.
pin_of() {
	openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform der |
	    openssl dgst -sha256 | sed 's/.*= /sha256:/'
}

# The usual ones: an authority and a certificate for localhost.
make_certificates() {
	C=$BATS_FILE_TMPDIR
	export C
	authority ca
	issue good DNS:localhost,IP:127.0.0.1
}

# tls_listen ARGS...: our listener with the good certificate.
tls_listen() {
	: >"${as:-listen}.err"
	listen -c --cert "$C/good.both" "$@"
}

# tls ARGS...: our client in the foreground, which trusts our authority.
tls() {
	nc -c --ca "$C/ca.pem" "$@"
}

# server NAME CMD...: CMD in the background until it listens on $port; CMD has
# PORT where its port goes.  Sets $pid and $port.
server() {
	local name=$1
	shift
	closed_port
	kill "$pid"
	wait "$pid" 2>/dev/null || :
	start "$name" "${@//PORT/$port}"
	until_true listens || fail "$(<"$name.err")"
}

listens() {
	grep -q "$(printf ':%04X 0*:0000 0A' "$port")" /proc/net/tcp \
	    /proc/net/tcp6
}
