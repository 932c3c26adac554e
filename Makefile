# nc-lite. Targets: all check lint check-asan check-copy check-faults check-valgrind
# check-fuzz check-with check-ports fuzz model posix static bench demo demo-picture
# deps bench-deps ports-deps install uninstall clean.

# The version: of a tarball what it says, of a tag what git says, else this.
VERSION	:= $(or $(shell cat .version 2>/dev/null),$(patsubst v%,%,$(if \
	  $(wildcard .git),$(shell git describe --match 'v[0-9]*' \
	  2>/dev/null))),0.1)

PREFIX	?= /usr/local
MANDIR	?= $(PREFIX)/share/man
BASHDIR	?= $(PREFIX)/share/bash-completion/completions
FISHDIR	?= $(PREFIX)/share/fish/vendor_completions.d
# Debian's zsh looks elsewhere for what packages bring.
ZSHDIR	?= $(PREFIX)/share/zsh/$(if $(and $(filter /usr,$(PREFIX)), \
	  $(wildcard /etc/debian_version)),vendor-completions,site-functions)

CC	?= cc
CFLAGS	?= -O2 -g
PKG_CONFIG ?= pkg-config
# SYS=posix does without what only Linux has: *_linux.c and sys/linux.c.
HOST	:= $(shell uname -s)
SYS	?= $(if $(filter Linux,$(HOST)),linux,posix)
BUILD	?= build$(if $(filter posix,$(SYS)),/posix)
BINARY	?= $(if $(filter posix,$(SYS)),$(BUILD)/)nc-lite
WARN	= -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	  -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter

# "make static" makes one file that needs no library; OpenSSL's are loaded when
# needed, or linked if they are there as archives.
STATIC	?=
PIE	= $(if $(STATIC),-static-pie,-pie)

# Those of these options that the compiler knows, and those of these libraries
# that are there: before glibc 2.34 they were not one.
known	= $(foreach flag,$(1),$(shell $(CC) $(CFLAGS) -Werror $(flag) -S \
	  -o /dev/null -x c /dev/null 2>/dev/null && echo $(flag)))
there	= $(foreach lib,$(1),$(shell echo 'int main(void) { return 0; }' | \
	  $(CC) $(CFLAGS) $(PIE) -fPIE -o /dev/null -x c - $(lib) 2>/dev/null && echo $(lib)))

# -D_FORTIFY_SOURCE wants optimization, and may be given from outside.
FORTIFY	= $(if $(filter -O0,$(CFLAGS))$(findstring _FORTIFY_SOURCE,$(CC) \
	  $(CFLAGS) $(CPPFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
ifndef HARDEN
HARDEN	:= -fPIE -fstack-protector-strong -Wformat -Werror=format-security \
	  $(FORTIFY) $(call known, -fstack-clash-protection \
	  -fcf-protection -mbranch-protection=standard)
endif
BSD_CFLAGS := $(shell $(PKG_CONFIG) --cflags libbsd-overlay 2>/dev/null)
# A few functions of libbsd are needed: out of its archive, where there is one,
# they save a third of a start, which goes into loading two libraries.
BSD_ARCHIVES = $(shell echo 'int strtonum(void); int main(void) { return strtonum(); }' | \
	  $(CC) $(CFLAGS) $(PIE) -fPIE -o /dev/null -x c -fno-builtin - \
	  -l:libbsd.a -l:libmd.a 2>/dev/null && echo -l:libbsd.a -l:libmd.a)
BSD_LIBS := $(shell $(PKG_CONFIG) --libs $(STATIC:yes=--static) libbsd-overlay 2>/dev/null)
ifeq ($(strip $(BSD_LIBS)),-lbsd)
BSD_LIBS := $(or $(strip $(BSD_ARCHIVES)),-lbsd)
endif
SSL_ARCHIVES = $(or $(shell $(PKG_CONFIG) --libs --static libssl 2>/dev/null),-lssl -lcrypto)
SSL_LIBS := $(if $(STATIC),$(shell echo 'int SSL_new(void); int main(void) { return SSL_new(); }' | \
	  $(CC) $(CFLAGS) $(PIE) -fPIE -o /dev/null -x c - $(SSL_ARCHIVES) 2>/dev/null && \
	  echo '$(SSL_ARCHIVES)'))
LIBS	:= $(BSD_LIBS) $(SSL_LIBS) $(call there,-ldl -lpthread)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
	  -Isrc $(BSD_CFLAGS) $(if $(SSL_LIBS),-DLIBRARY_LINKED) $(WARN) \
	  "-ffile-prefix-map=$(CURDIR)=." $(HARDEN) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = $(PIE) -Wl,-z,relro -Wl,-z,now -Wl,--as-needed $(LDFLAGS)

# TLS=no builds without OpenSSL's headers; its library is linked by "make static"
# alone. What was chosen last holds until the other is: "make TLS=no && make install".
TLS	?= $(or $(patsubst $(BUILD)/tls-%,%,$(wildcard $(BUILD)/tls-*)), \
	  $(if $(STATIC),$(if $(SSL_LIBS),yes,no),yes))
CHOICE	= $(BUILD)/tls-$(TLS)
TLS_FILES = src/stream/tls_%.c src/stream/tls_%.h src/stream/tls.c
UNUSED	= $(if $(filter no,$(TLS)),$(TLS_FILES),src/stream/no_tls.c) \
	  src/base/library$(if $(STATIC),,_static).c \
	  $(if $(filter linux,$(SYS)),src/%_none.c src/sys/posix.c, \
	  src/%_linux.c src/sys/linux.c)
SOURCES	:= $(filter-out $(UNUSED),$(wildcard src/*.c src/*/*.c))
OBJECTS	= $(SOURCES:src/%.c=$(BUILD)/%.o)
HEADERS	:= $(filter-out $(UNUSED),$(wildcard src/*/*.h))
SCRIPTS	= tests/run tests/setup tests/demo/run tests/valgrind tests/manual \
	  tests/package tests/fuzz/run tests/model/run tests/ports/run .ci/run \
	  $(wildcard tests/*.bash tests/*.bats) completions/nc-lite.bash

COPY_TESTS = transfer.bats halfclose.bats abort.bats interop.bats splice.bats \
	  unix.bats recipes.bats

all: $(BINARY)

$(BINARY): $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJECTS) $(LIBS) $(LDLIBS)

$(BUILD)/%.o: src/%.c Makefile $(CHOICE)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(NAMED) -MMD -MP -c -o $@ $<

$(BUILD)/cli/options.o: NAMED = -DVERSION='"$(VERSION)"'

# Another version, as of a new tag, makes that file again; "make install" does not.
NAME	= $(BUILD)/version-$(VERSION)
ifneq ($(MAKECMDGOALS),install)
$(BUILD)/cli/options.o: $(NAME)
$(NAME):
	@mkdir -p $(BUILD) && rm -f $(BUILD)/version-* && touch $@
endif

# The file says with its name what was chosen, and that what it needs is there.
$(CHOICE):
	@need() { echo "nc-lite needs $$1" >&2; exit 1; }; \
	command -v $(firstword $(PKG_CONFIG)) >/dev/null || need pkg-config; \
	test $(HOST) != Linux || $(PKG_CONFIG) --exists libbsd-overlay || \
	    need "libbsd (libbsd-dev, or libbsd-devel)"; \
	test $(TLS) = no || printf '%s\n' '#include <openssl/opensslv.h>' \
	    '#if OPENSSL_VERSION_MAJOR < 3' '#error' '#endif' 'extern int x;' | \
	    $(CC) $(ALL_CFLAGS) -fsyntax-only -x c - 2>/dev/null || \
	    need "OpenSSL 3 (libssl-dev, or openssl-devel); or: make TLS=no"
	@mkdir -p $(BUILD) && rm -f $(BUILD)/tls-* && touch $@

-include $(OBJECTS:.o=.d)

# Each header must stand alone, each include go down, each test pass.
check: headers layers all
	tests/run

headers:
	@for header in $(HEADERS); do \
		$(CC) $(ALL_CFLAGS) -Werror -fsyntax-only -x c $$header || \
		exit 1; \
	done

layers:
	@awk -f tests/layers.awk src/LAYERS $(SOURCES) $(HEADERS)

# Bytes and their ends, once more with each option that sees or delays them.
check-with: all
	@printf '%s\0' --progress --digest "--limit-rate 1G" "--output log" \
	    "--hex-dump /dev/null" | xargs -0 -n 1 -P $$(nproc) sh -c ' \
		text=$$(NC_LITE_WITH="$$1" tests/run transfer.bats \
		    halfclose.bats abort.bats); code=$$?; \
		printf "# %s\n%s\n" "$$1" "$$text"; exit $$code' sh

# For a rescue system. Names come from /etc/hosts and DNS: glibc, from 2.34 on,
# has them in itself, and warns of its other sources.
static:
	$(MAKE) STATIC=yes BUILD=$(BUILD)/static \
	    BINARY=$(BUILD)/static/nc-lite LDFLAGS="$(LDFLAGS) -s"

# The same tests, but for those that build others, through the address and
# undefined behaviour sanitizers.
check-asan:
	$(MAKE) BUILD=build/asan BINARY=build/asan/nc-lite CFLAGS="-O1 -g \
	    -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	    -fno-omit-frame-pointer -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0"
	NC_LITE=$(CURDIR)/build/asan/nc-lite tests/run \
	    $(filter-out build.bats setup.bats,$(notdir $(wildcard tests/*.bats)))

# What has threads (names, hashes, certificates, --out), through the thread sanitizer.
check-tsan:
	$(MAKE) CC=clang BUILD=build/tsan BINARY=build/tsan/nc-lite \
	    HARDEN=-fPIE CFLAGS="-O1 -g -fsanitize=thread"
	rm -f build/tsan/race.*
	TSAN_OPTIONS=log_path=$(CURDIR)/build/tsan/race \
	    NC_LITE=$(CURDIR)/build/tsan/nc-lite tests/run digest.bats \
	    connect.bats tls.bats resume.bats files.bats
	! cat build/tsan/race.* 2>/dev/null

# Lines that the tests have run, and those that none has: at least LINES % of all.
# gcov's counters are written at exit, which the sandbox forbids and few servers
# come to; these are memory shared by all processes, so those killed count as well.
COUNTS	= $(CURDIR)/build/coverage
LINES	?= 92
coverage:
	$(MAKE) CC=clang BUILD=build/coverage BINARY=build/coverage/nc-lite \
	    CFLAGS="-O0 -g -fprofile-instr-generate=$(COUNTS)/%m%c.profraw \
	    -fcoverage-mapping -mllvm -runtime-counter-relocation \
	    -Wno-unused-command-line-argument"
	rm -f build/coverage/*.profraw
	build/coverage/nc-lite --version
	NC_LITE=$(COUNTS)/nc-lite tests/run $(TESTS) || :
	tests/coverage build/coverage $(LINES)

# The compilers' own search for mistakes: clean, but for what tests/analyze says.
analyze:
	tests/analyze

files:
	@printf '%s\n' $(SOURCES)

flags:
	@echo '$(ALL_CFLAGS)'

# What moves bytes, without zero copy.
check-copy: all
	NC_LITE_COPY=1 tests/run $(COPY_TESTS)

# System calls that fail or move less, ends that are killed: a sample (SEED=, N=),
# FULL=1 all.
check-faults: all
	tests/faults/run

# Bytes made up by libFuzzer, in all that reads bytes of others: T seconds each.
FUZZERS	:= $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ	= $(MAKE) CC=clang BUILD=build/fuzz CFLAGS="-O1 -g -fno-omit-frame-pointer \
	  -fsanitize=fuzzer-no-link,address,undefined \
	  -fno-sanitize-recover=undefined -U_FORTIFY_SOURCE \
	  -D_FORTIFY_SOURCE=0" fuzzers
T	?= 60

fuzz check-fuzz: T := $(if $(filter check-fuzz,$(MAKECMDGOALS)),10,$(T))
fuzz check-fuzz:
	$(FUZZ)
	tests/fuzz/run $(T) $(FUZZERS)

fuzzers: $(FUZZERS:%=$(BUILD)/fuzz-%)

$(BUILD)/nc-lite.a: $(filter-out $(BUILD)/main.o,$(OBJECTS))
	rm -f $@
	ar rcs $@ $^

# Time and sleep are the fuzzer's own where it has __wrap_ functions for them.
$(BUILD)/fuzz-%: tests/fuzz/%.c tests/fuzz/common/fuzz.c \
    tests/fuzz/common/fuzz.h $(BUILD)/nc-lite.a
	$(CC) -Itests/fuzz/common $(ALL_CFLAGS) $(ALL_LDFLAGS) \
	    -fsanitize=fuzzer $$(sed -n 's/^__wrap_\([a-z_]*\).*/-Wl,--wrap=\1/p' $<) \
	    -o $@ $(filter %.c %.a,$^) $(LIBS) $(LDLIBS)

# All that two ends can do, gone through by spin(1).
model:
	tests/model/run

# Random clients, good, slow, killed and hostile, at servers that run all the
# time: T seconds of them, or ten minutes.
soak: T := $(if $(filter command,$(origin T)),$(T),600)
soak: all
	T=$(T) tests/soak

# One transfer of each kind through valgrind: memory and descriptors.
check-valgrind: all
	tests/valgrind

# Without what only Linux has, and an error where it is used all the same.
posix:
	$(MAKE) SYS=posix BUILD=build/posix BINARY=build/posix/nc-lite \
	    CFLAGS="-O2 -g -Werror" CPPFLAGS="-include tests/ports/posix.h"

# Other compilers, C libraries and machines, as far as they are here.
check-ports:
	tests/ports/run $(PORTS)

ports-deps:
	sh tests/setup -f tests/ports/deps

# Both compilers, both renderers of the manual, lines of 80 columns, and tests that
# could not fail: "[ a ] && [ b ]" is no failure to bats where only the first of
# them is wrong.
lint: headers layers posix
	! expand src/*.c src/*/*.[ch] | grep -n '.\{81\}'
	$(MAKE) CC=gcc BUILD=build/gcc BINARY=build/gcc/nc-lite \
	    CFLAGS="-O2 -Werror"
	$(MAKE) CC=clang BUILD=build/clang BINARY=build/clang/nc-lite \
	    CFLAGS="-O2 -Werror" all fuzzers
	tests/manual
	shellcheck -x -P SCRIPTDIR $(SCRIPTS)
	! grep -nE '^	+(\[.* \]\]?|\(\(.*\)\)) && [^|]*$$' tests/*.bats

demo: all
	tests/demo/run

# What it printed here and now, for README.
demo-picture: all
	tests/demo/record

bench: all
	tests/bench/run $(SECTIONS)

# What is missing is installed by apt, as root or through sudo.
deps:
	sh tests/setup

bench-deps:
	sh tests/setup -f tests/bench/deps

install: all
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(MANDIR)/man1" \
	    "$(DESTDIR)$(MANDIR)/man7" "$(DESTDIR)$(BASHDIR)" "$(DESTDIR)$(ZSHDIR)" "$(DESTDIR)$(FISHDIR)"
	install -m 755 $(BINARY) "$(DESTDIR)$(PREFIX)/bin/nc-lite"
	install -m 644 nc-lite.1 "$(DESTDIR)$(MANDIR)/man1/nc-lite.1"
	install -m 644 nc-lite.7 "$(DESTDIR)$(MANDIR)/man7/nc-lite.7"
	install -m 644 completions/nc-lite.bash "$(DESTDIR)$(BASHDIR)/nc-lite"
	install -m 644 completions/_nc-lite "$(DESTDIR)$(ZSHDIR)/_nc-lite"
	install -m 644 completions/nc-lite.fish \
	    "$(DESTDIR)$(FISHDIR)/nc-lite.fish"

# A tarball that builds and tests itself, the same at every time; a package for
# Debian and Ubuntu.
dist:
	tests/package dist $(VERSION)

# As is due for a package, it does not bring a library that is one itself.
deb: all
	MAKE="$(MAKE) BSD_LIBS=-lbsd BINARY=$(BUILD)/shared" \
	    tests/package deb $(VERSION)

# What needs neither root nor a network of its own.
check-user: all
	NC_LITE_USER=1 tests/run

uninstall:
	rm -f "$(DESTDIR)$(PREFIX)/bin/nc-lite" \
	    "$(DESTDIR)$(MANDIR)/man1/nc-lite.1" \
	    "$(DESTDIR)$(MANDIR)/man7/nc-lite.7" \
	    "$(DESTDIR)$(BASHDIR)/nc-lite" "$(DESTDIR)$(ZSHDIR)/_nc-lite" \
	    "$(DESTDIR)$(FISHDIR)/nc-lite.fish"

clean:
	rm -rf build nc-lite

.PHONY: all bench bench-deps check check-asan check-copy check-faults \
	check-fuzz check-valgrind check-with clean demo demo-picture deps fuzz fuzzers \
	check-ports ports-deps posix check-tsan coverage analyze \
	files flags \
	headers install layers lint model static soak uninstall \
	check-user deb dist
