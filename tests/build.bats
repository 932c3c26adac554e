#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154
# Building and installing: what was chosen holds, what is given from outside is
# taken, and what is missing is said in one line.

load helper

setup_file() {
	need make
	unset MAKEFLAGS MAKELEVEL MFLAGS
}

# build ARGS...: our Makefile, into a folder of the test's own.
build() {
	make -C "$BATS_TEST_DIRNAME/.." BUILD="$PWD/b" BINARY="$PWD/b/nc-lite" \
	    "$@"
}

# built ARGS...: as if everything had just been made.
built() {
	(cd "$BATS_TEST_DIRNAME/../src" && find . -type d) |
	    (mkdir -p b && cd b && xargs mkdir -p)
	build -s "$PWD/b/tls-${1#TLS=}" "$@"
	build -s -t "$@" >/dev/null
}

@test "TLS=no holds until TLS=yes, and either makes all again" {
	built TLS=no
	run -0 build -q
	run -1 build -q TLS=yes
	run build -n install DESTDIR="$PWD/root"
	[[ $output != *tls_lib.c* ]]
	built TLS=yes
	run -0 build -q
	run -1 build -q TLS=no
	[[ $(build -n TLS=no) == *src/main.c* ]]
}

@test "what is missing is one line that names the package, and nothing is built" {
	run -2 build -s PKG_CONFIG="$PWD/none"
	[ "${lines[0]}" = "nc-lite needs pkg-config" ]
	run -2 build -s PKG_CONFIG=false
	[ "${lines[0]}" = "nc-lite needs libbsd (libbsd-dev, or libbsd-devel)" ]
	mkdir openssl
	echo '#define OPENSSL_VERSION_MAJOR 1' >openssl/opensslv.h
	run -2 build -s CPPFLAGS="-I$PWD"
	[ "${lines[0]}" = "nc-lite needs OpenSSL 3 (libssl-dev, or \
openssl-devel); or: make TLS=no" ]
	[ ! -e b/main.o ]
}

@test "-D_FORTIFY_SOURCE from outside is taken without a warning" {
	local given
	for given in -D_FORTIFY_SOURCE=3 -D_FORTIFY_SOURCE=1 ''; do
		# Ubuntu 22.04's compiler itself warns of any but its own.
		"${CC:-cc}" -O2 -Werror $given -E -x c /dev/null >out || continue
		rm -rf b
		build -s "$PWD/b/base/clock.o" CFLAGS="-O2 -Werror $given"
		build -s -B "$PWD/b/base/clock.o" CFLAGS="-O2 -Werror" \
		    CPPFLAGS="$given"
	done
	build -s -B "$PWD/b/base/clock.o" CFLAGS="-O0 -Werror"
}

@test "HARDEN and LDLIBS come from outside" {
	build -n HARDEN=-fPIE LDLIBS=-lmy >made
	grep -q -- '-fPIE.* -c -o .*main.o' made
	run ! grep -q stack-protector made
	grep -q -- '-lmy$' made
}

@test "libbsd comes out of its archive, where there is one, or as it is said" {
	build -n >made
	[ ! -e "$(gcc -print-file-name=libbsd.a)" ] || grep -q -- ' -l:libbsd.a' made
	build -n BSD_LIBS=-lbsd >made
	grep -q -- ' -lbsd ' made
	run ! grep -q 'libbsd\.a' made
}

@test "files are of 64 bits, also where a long is not" {
	echo 'int main(void) { return sizeof(off_t) != 8 || sizeof(time_t) != 8; }' >m.c
	build -n "$PWD/b/main.o" | grep -q -- -D_FILE_OFFSET_BITS=64
	gcc -m32 -c -o m.o m.c -include sys/types.h 2>/dev/null ||
	    skip "needs gcc-multilib"
	build -s CFLAGS="-O2 -Werror -m32" "$PWD/b/main.o" "$PWD/b/base/clock.o"
}

# copied: a copy of the tree, as it would be unpacked.
copied() {
	tar c -C "$BATS_TEST_DIRNAME/.." --exclude=./build --exclude=./.git \
	    --exclude=./nc-lite --exclude=./tests/unpacked . |
	    (mkdir tree && tar x -C tree)
}

# hardened FILE: position independent, its relocations read-only, all of them
# made at the start; checked copies, and a canary on the stack. What stands at
# the start of every function (CFI) a system's own crt1.o may lack.
hardened() {
	readelf -hlds --wide "$1" >elf
	grep -q 'Type: *DYN' elf
	grep -q GNU_RELRO elf
	grep -q 'FLAGS.*NOW' elf
	grep -q __stack_chk_fail elf
	grep -q '_chk@' elf
	run ! grep 'GNU_STACK.*E ' elf
}

@test "the compiler gets each flag that blhc looks for" {
	build -n >made
	run ! grep -vE 'fstack-protector-strong -Wformat -Werror=format-security .*-D_FORTIFY_SOURCE=2' \
	    <(grep -- ' -c -o ' made)
	grep -q -- '-pie -Wl,-z,relro -Wl,-z,now .*nc-lite ' made
}

# headers FOLDER: the kernel's, and nothing of the C library that is here.
headers() {
	mkdir "$1"
	ln -s /usr/include/linux /usr/include/asm-generic "$1"
	ln -s "/usr/include/$(gcc -print-multiarch)/asm" "$1"
}

# It only has to be understood: libbsd is another for another C library.
@test "musl's headers have all that we use, without a warning" {
	need musl-gcc
	headers kernel
	run build -k TLS=no CC="musl-gcc -fsyntax-only" \
	    CPPFLAGS="-idirafter $PWD/kernel"
	[[ $output == *sys/linux.c* && $output == *net/resolve.c* ]]
	run ! grep -E '\.[ch]:[0-9:]+ (warning|error|fatal)' <<<"$output"
}

@test "make dist: the same bytes each time, and they build themselves" {
	copied
	SOURCE_DATE_EPOCH=1 make -s -C tree dist VERSION=7.1
	mv tree/build/nc-lite-7.1.tar.gz first
	find tree -exec touch {} +
	SOURCE_DATE_EPOCH=1 make -s -C tree dist VERSION=7.1
	same first tree/build/nc-lite-7.1.tar.gz
	tar xzf first
	make -s -j 2 -C nc-lite-7.1 CFLAGS=-O1
	[ "$(nc-lite-7.1/nc-lite --version)" = "nc-lite 7.1" ]
	hardened nc-lite-7.1/nc-lite
	[ -x nc-lite-7.1/tests/run ]
	# In a checkout that lacks a file there is no tarball without it.
	git -C tree init -q
	git -C tree add -A
	rm tree/LICENSE tree/build/*.gz
	run ! make -s -C tree dist VERSION=7.1
	[ ! -e tree/build/nc-lite-7.1.tar.gz ]
	env -i PATH=/usr/local/bin:/usr/bin:/bin HOME="$PWD" bats --tap -f 'prints one line' \
	    nc-lite-7.1/tests/options.bats | grep -x 'ok 1 --version.*'
}

@test "make deb: a package that lintian has nothing against, the same each time" {
	need dpkg-deb dpkg-shlibdeps strip
	copied
	# One that was built before has another version.
	make -s -j 2 -C tree VERSION=7.0
	[ "$(tree/nc-lite --version)" = "nc-lite 7.0" ]
	make -s -C tree install VERSION=7.1 DESTDIR="$PWD/a root"
	[ "$("a root/usr/local/bin/nc-lite" --version)" = "nc-lite 7.0" ]
	SOURCE_DATE_EPOCH=1000000000 make -s -j 2 -C tree deb VERSION=7.1
	mv tree/build/*.deb first.deb
	mv tree elsewhere
	make -s -C elsewhere clean
	find elsewhere -exec touch {} +
	SOURCE_DATE_EPOCH=1000000000 make -s -j 2 -C elsewhere deb VERSION=7.1
	same first.deb elsewhere/build/nc-lite_7.1_*.deb
	dpkg-deb -x first.deb root
	[ "$(root/usr/bin/nc-lite --version)" = "nc-lite 7.1" ]
	dpkg-deb -f first.deb Depends | grep libbsd0
	need lintian
	lintian --allow-root --fail-on error,warning first.deb
}

# in_root: an empty root, but for nc-lite and /etc, is where all runs from now on.
in_root() {
	private
	outside=("${inside[@]}")
	mkdir -p root/etc
	cp b/static/nc-lite root
	"$NC_LITE" --psk-new root/key
	inside+=(chroot "$PWD/root")
	NC_LITE=/nc-lite
}

# bats test_tags=long
@test "make static: one file that moves, hashes and encrypts in an empty root" {
	need dnsmasq
	build -s static 2>linker || fail "$(<linker)"
	in_root
	random 300K file
	listen -c --psk /key --digest 127.0.0.1
	nc -c --psk /key --digest 127.0.0.1 "$port" <file 2>sent
	wait_exit "$pid" && [ "$status" = 0 ]
	same file listen.out
	grep -q "^$(sha file)" sent

	echo "127.0.0.1 rescue" >root/etc/hosts
	listen
	echo hosts | nc rescue "$port"
	wait_exit "$pid" && [ "$(<listen.out)" = hosts ]
	# Older ones load what resolves, from a root that has it.
	[[ $(printf '%s\n' 2.34 "$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" |
	    sort -V) = 2.34* ]] || return 0
	echo "nameserver 127.0.0.1" >root/etc/resolv.conf
	inside=("${outside[@]}")
	start dns dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv \
	    --no-hosts --user=root --pid-file= --listen-address=127.0.0.1 \
	    --bind-interfaces --address=/rescue.example/127.0.0.1
	inside+=(chroot "$PWD/root")
	listen
	echo names | nc --wait=20 rescue.example "$port"
	wait_exit "$pid" && [ "$(<listen.out)" = names ]
}

# bats test_tags=long
@test "make static without OpenSSL's archives: what needs them says so" {
	build -s static SSL_LIBS= CFLAGS=-O0 2>linker || fail "$(<linker)"
	run -2 b/static/nc-lite -c localhost 1
	[ "${lines[*]}" = "nc-lite: this nc-lite was built without TLS (make \
TLS=no)" ]
	run -2 b/static/nc-lite --digest localhost 1
	[ "${lines[*]}" = "nc-lite: a digest needs OpenSSL: this static nc-lite \
was linked without it" ]
}
