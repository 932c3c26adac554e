# nc-lite. Targets: all check lint check-asan check-copy check-valgrind check-with
# bench demo deps bench-deps install uninstall clean.

PREFIX	?= /usr/local
BINDIR	= $(DESTDIR)$(PREFIX)/bin
MANDIR	= $(DESTDIR)$(PREFIX)/share/man/man1
BASHDIR	= $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR	= $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISHDIR	= $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

CC	?= cc
CFLAGS	?= -O2 -g
WARN	= -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	  -Wstrict-prototypes -Wmissing-prototypes
HARDEN	= -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2
BUILD	?= build
BINARY	?= nc-lite

BSD_CFLAGS := $(shell pkg-config --cflags libbsd-overlay 2>/dev/null)
BSD_LIBS := $(shell pkg-config --libs libbsd-overlay 2>/dev/null)
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -Isrc $(BSD_CFLAGS) $(WARN) $(HARDEN) \
	  $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

# TLS=no builds without OpenSSL's headers; its library is never linked.
TLS	?= yes
TLS_FILES = src/stream/tls_%.c src/stream/tls_%.h src/stream/tls.c
UNUSED	= $(if $(filter no,$(TLS)),$(TLS_FILES),src/stream/no_tls.c)
SOURCES	:= $(filter-out $(UNUSED),$(wildcard src/*.c src/*/*.c))
OBJECTS	= $(SOURCES:src/%.c=$(BUILD)/%.o)
HEADERS	:= $(filter-out $(UNUSED),$(wildcard src/*/*.h))
SCRIPTS	= tests/run tests/setup tests/demo tests/valgrind .ci/run \
	  $(wildcard tests/*.bash tests/*.bats) completions/nc-lite.bash

COPY_TESTS = transfer.bats halfclose.bats abort.bats interop.bats splice.bats \
	  unix.bats recipes.bats

all: $(BINARY)

$(BINARY): $(OBJECTS)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(OBJECTS) $(BSD_LIBS) -lpthread

$(BUILD)/%.o: src/%.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<


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
	@for with in --progress --digest "--limit-rate 1G" "--output log" \
	    "--hex-dump /dev/null"; do \
		echo "# $$with"; \
		NC_LITE_WITH=$$with tests/run transfer.bats halfclose.bats \
		    abort.bats || exit 1; \
	done

# The same tests, through the address and undefined behaviour sanitizers.
check-asan:
	$(MAKE) BUILD=build/asan BINARY=build/asan/nc-lite CFLAGS="-O1 -g \
	    -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	    -fno-omit-frame-pointer -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=0"
	NC_LITE=$(CURDIR)/build/asan/nc-lite tests/run

# What moves bytes, without zero copy.
check-copy: all
	NC_LITE_COPY=1 tests/run $(COPY_TESTS)

# One transfer of each kind through valgrind: memory and descriptors.
check-valgrind: all
	tests/valgrind

lint: headers layers
	$(MAKE) CC=gcc BUILD=build/gcc BINARY=build/gcc/nc-lite \
	    CFLAGS="-O2 -Werror"
	$(MAKE) CC=clang BUILD=build/clang BINARY=build/clang/nc-lite \
	    CFLAGS="-O2 -Werror"
	mandoc -Tlint -W warning nc-lite.1
	shellcheck -x -P SCRIPTDIR $(SCRIPTS)

demo: all
	tests/demo

bench: all
	tests/bench/run $(SECTIONS)

# What is missing is installed by apt, as root or through sudo.
deps:
	sh tests/setup

bench-deps:
	sh tests/setup -f tests/bench/deps

install: all
	install -d $(BINDIR) $(MANDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR)
	install -m 755 $(BINARY) $(BINDIR)/nc-lite
	install -m 644 nc-lite.1 $(MANDIR)/nc-lite.1
	install -m 644 completions/nc-lite.bash $(BASHDIR)/nc-lite
	install -m 644 completions/_nc-lite $(ZSHDIR)/_nc-lite
	install -m 644 completions/nc-lite.fish $(FISHDIR)/nc-lite.fish

uninstall:
	rm -f $(BINDIR)/nc-lite $(MANDIR)/nc-lite.1 $(BASHDIR)/nc-lite \
	    $(ZSHDIR)/_nc-lite $(FISHDIR)/nc-lite.fish

clean:
	rm -rf build nc-lite

.PHONY: all bench bench-deps check check-asan check-copy check-valgrind \
	check-with clean demo deps headers install layers lint uninstall
