#!/usr/bin/env bats
# shellcheck shell=bats disable=SC2154,SC2016
# The first command of the README: what it installs, and what it says where it
# may not. The package manager is a stand-in that writes down what it is told.

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	mkdir bin tree
	cp -r "$BATS_TEST_DIRNAME/../tests" tree/ 2>/dev/null || :
	rm -rf tree/tests/unpacked
	printf '%s\n' gcc make pkgconf libbsd-dev libssl-dev libc6-dev >known
	: >installed
	stand_in dpkg-query 'grep -qx "$4" "$DIR/installed" &&
		echo "install ok installed"'
	stand_in apt-cache 'echo "$3" >>"$DIR/asked"; grep -x "$3" "$DIR/known"'
	stand_in apt-get 'echo "apt-get $*" >>"$DIR/log"'
	stand_in make 'echo "make $*" >>"$DIR/log"'
	stand_in id 'echo "${WHO:-0}"'
	stand_in sudo 'exit 1'
	stand_in pkg-config 'case $2 in *"< 3"*) [ -e "$DIR/old" ] ;; esac'
	export DIR=$PWD
}

# stand_in NAME TEXT: a program of that name for the next setup_as.
stand_in() {
	printf '#!/bin/sh\n%s\n' "$2" >"bin/$1"
	chmod +x "bin/$1"
}

# setup_as USER ARGS...: tests/setup as that user id.
setup_as() {
	local who=$1
	shift
	: >log
	WHO=$who PATH=$PWD/bin:$PATH sh tree/tests/setup "$@" 2>said </dev/null
}

@test "a demonstration takes what building takes, by the name there is" {
	setup_as 0 demo
	grep -q 'install .* gcc libbsd-dev libc6-dev libssl-dev make pkgconf$' log
	run ! grep -E 'bats|nginx|nmap' log
	[ "$(tail -n 1 log)" = "make demo" ]
	[ "$(sort -u asked | xargs)" = "pkg-config pkgconf" ]
}

@test "what is there is not installed again, under any of its names" {
	printf '%s\n' gcc make pkg-config libbsd-dev libssl-dev libc6-dev >installed
	setup_as 0 demo
	[ "$(<log)" = "make demo" ]
}

@test "tests take more, and nothing that is not to be had is asked for" {
	setup_as 0 check
	grep -q 'install .*bats.*zsh' log
	run ! grep libclang-rt log
	echo libclang-rt-dev >>known
	setup_as 0 check
	grep -q 'install .* libclang-rt-dev' log
}

@test "without root and sudo: one line says what root has to do, and it goes on" {
	setup_as 1000 demo
	[ "$(<log)" = "make demo" ]
	[ "$(wc -l <said)" -eq 1 ]
	grep -q 'root has to: apt-get install .* gcc libbsd-dev' said
}

@test "where OpenSSL is too old, TLS is left out, and that is said" {
	touch old
	setup_as 0 demo
	[ "$(tail -n 1 log)" = "make TLS=no demo" ]
	grep -q 'OpenSSL is older than 3' said
}

@test "no package of the lists starts a service when it is installed" {
	need dpkg-query
	local package
	while read -r package _; do
		case $package in '' | '#'* | unpack | nftables) continue ;; esac
		# util-linux has a timer that every system has.
		[ "$package" != util-linux ] || continue
		# A user's own services are not started by "--user daemon-reload".
		run ! grep -E 'deb-systemd-invoke [^-]|invoke-rc.d' \
		    "/var/lib/dpkg/info/$package.postinst"
	done < <(cat "$BATS_TEST_DIRNAME/deps.build" "$BATS_TEST_DIRNAME/deps")
	run ! grep -E '^(chrony|snmpd|memcached|nginx)' "$BATS_TEST_DIRNAME/deps"
}
