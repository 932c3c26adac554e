#!/usr/bin/env bats
# The words in the documents: every row of the option table is in the manual and
# in the completions, and nothing else is; what is installed goes again.
#
# shellcheck disable=SC2030,SC2031,SC2154 # the helpers and bats set pid, port, output, lines

load helper

TOP=$BATS_TEST_DIRNAME/..

# in_help: the options that `--help all` lists, letters and long ones, sorted.
in_help() {
	nc --help all | sed -n 's/^ *\(-.*\)/\1/p' | sed 's/   *.*//; s/\[=.*//' | tr -s ', ' '\n' |
	    grep '^-' | sort
}

# with_value: those of them that take one.
with_value() {
	nc --help all | sed -n 's/^ *\(-.*\)/\1/p' | sed 's/   *.*//' |
	    grep ' [A-Z][A-Z]*$' | tr -s ', ' '\n' | grep '^-' | sort
}

# in_manual REGEX: the options of the manual's list whose .It matches.
in_manual() {
	awk -v regex="$1" '/^\.Sh/ { here = /OPTIONS/ }
	here && /^\.It Fl/ && $0 ~ regex {
		for (i = 2; i < NF; i++)
			if ($i == "Fl" && $(i + 1) == "Fl")
				print "--" $(i++ + 2)
			else if ($i == "Fl")
				print "-" $(i + 1)
	}' "$TOP/nc-lite.1"
}

# equal WHAT: stdin has the options of --help, each once; WHAT is its name.
equal() {
	in_help >help
	sort >"$1"
	[ -s help ]
	diff help "$1" >&2 || fail "--help and $1 differ"
}

@test "--help all lists each option once" {
	[ "$(in_help | wc -l)" -gt 50 ]
	[ -z "$(in_help | uniq -d)" ]
}

@test "--help fits into 80 columns" {
	nc --help >help
	nc --help all >>help
	run ! grep '.\{81\}' help
}

@test "the manual has each option, and no other" {
	[ -e "$TOP/nc-lite.1" ] || fail "no nc-lite.1"
	in_manual . | equal manual
}

@test "the manual shows a value where one is taken, and only there" {
	in_manual ' Ar ' | sort >manual
	[ -s manual ]
	with_value | diff - manual
}

@test "the bash completion offers each option, and no other" {
	bash -c '. "$1"
		function=$(complete -p nc-lite | sed "s/.*-F \([^ ]*\).*/\1/")
		COMP_WORDS=(nc-lite -) COMP_CWORD=1
		"$function" nc-lite - nc-lite
		printf "%s\n" "${COMPREPLY[@]}"' bash \
	    "$TOP/completions/nc-lite.bash" | equal bash
}

@test "the bash completion offers no options where a value is expected" {
	local option
	for option in $(with_value); do
		bash -c '. "$1"
			function=$(complete -p nc-lite | sed "s/.*-F \([^ ]*\).*/\1/")
			COMP_WORDS=(nc-lite "$2" -) COMP_CWORD=2
			"$function" nc-lite - "$2" 2>/dev/null
			printf "%s\n" "${COMPREPLY[@]}"' bash \
		    "$TOP/completions/nc-lite.bash" "$option" >offered
		run ! grep -x -e --listen offered
	done
}

@test "the zsh completion offers each option, and no other" {
	need zsh
	zsh -f -c '_arguments() { print -rl -- "$@" }; . "$1"' zsh \
	    "$TOP/completions/_nc-lite" |
	    sed -n 's/^\*//; s/^([^)]*)//; s/^\*//
		s/^\(--*[^[+=]*\)[+=]*-*\[.*/\1/p' | equal zsh
}

@test "the zsh completion knows which options take a value" {
	need zsh
	zsh -f -c '_arguments() { print -rl -- "$@" }; . "$1"' zsh \
	    "$TOP/completions/_nc-lite" |
	    sed -n 's/^\*//; s/^([^)]*)//; s/^\*//
		s/^\(--*[^[+=]*\)[+=]*\[.*\]:[^:].*/\1/p' | sort >valued
	with_value | diff - valued
}

@test "the fish completion offers each option, and no other" {
	need fish
	# shellcheck disable=SC2016 # fish's own
	HOME=$PWD fish --no-config -c 'source $argv[1]
		complete -C "nc-lite -"; complete -C "nc-lite --"' \
	    "$TOP/completions/nc-lite.fish" 2>fish.err | cut -f1 |
	    sed 's/=$//' | sort -u | equal fish
	[ ! -s fish.err ]
}

# in_bash WORD...: what bash offers instead of the last word.
in_bash() {
	bash -c '. "$1"; shift
		_nc_lite_hosts() { COMPREPLY=(a-host); }
		COMP_WORDS=(nc-lite "$@") COMP_CWORD=$#
		_nc_lite 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' bash \
	    "$TOP/completions/nc-lite.bash" "$@"
}

# in_fish LINE: what fish offers for it.
in_fish() {
	# shellcheck disable=SC2016 # fish's own
	HOME=$PWD fish --no-config -c 'source $argv[1]
		function __nc_lite_hosts; echo a-host; end
		complete -C $argv[2]' "$TOP/completions/nc-lite.fish" "$1" |
	    cut -f1
}

@test "bash: names of digests, commands after --, ports for a listener" {
	in_bash --digest = sh | grep -x sha512
	in_bash --help tr | grep -x transfer
	in_bash --help = '' | grep -x all
	[ -z "$(in_bash --wait = '')" ]
	in_bash --wait '' | grep -x a-host
	in_bash --wait = 5 '' | grep -x a-host
	in_bash -z --wait = 5 host '' | grep -x ssh
	in_bash -z host 22 -- print | grep -x printf
	in_bash -l ss | grep -x ssh
	in_bash '' | grep -x a-host
	in_bash host ss | grep -x ssh
}

@test "fish: names of digests, commands after --, ports for a listener" {
	need fish
	in_fish 'nc-lite --digest=sh' | grep -x -e --digest=sha512
	in_fish 'nc-lite -h tr' | grep -x transfer
	in_fish 'nc-lite --help=tr' | grep -x -e --help=transfer
	run ! grep a-host <(in_fish 'nc-lite --wait=')
	in_fish 'nc-lite --wait=5 ' | grep -x a-host
	in_fish 'nc-lite -z host 22 -- prin' | grep -x printf
	run ! grep -x smtp <(in_fish 'nc-lite -z host 22 -- s')
	in_fish 'nc-lite -l ' | grep -x ssh
	run ! grep a-host <(in_fish 'nc-lite -l ')
	in_fish 'nc-lite ' | grep -x a-host
	in_fish 'nc-lite host ' | grep -x ssh
}

# in_zsh LINE: what zsh offers for it at a terminal, behind one tab.
in_zsh() {
	bounded /usr/bin/python3 "$PEERS/zsh_tab.py" "$TOP/completions" "$1"
}

@test "zsh: names of digests, commands after --, ports for a listener" {
	need zsh
	in_zsh 'nc-lite --digest=sh' | grep -w sha512
	in_zsh 'nc-lite --help tr' | grep -w transfer
	in_zsh 'nc-lite -z host 22 -- prin' | grep -w printf
	in_zsh 'nc-lite -l smt' | grep -w smtp
	in_zsh 'nc-lite host smt' | grep -w smtp
}

@test "the completions offer each topic of --help" {
	local topics shell
	topics=$(nc --help | sed -n '/examples:/,/"--help all"/p' |
	    sed 's/.*examples://; s/; "--help.*//' | xargs | tr -d ,)
	[ "$(wc -w <<<"$topics")" -ge 9 ]
	for shell in nc-lite.bash _nc-lite nc-lite.fish; do
		tr -s ' \t\n' '   ' <"$TOP/completions/$shell" |
		    grep -q "$topics all" || fail "$shell"
	done
}

@test "the completions are accepted by their shells" {
	bash -n "$TOP/completions/nc-lite.bash"
	if command -v zsh; then zsh -n "$TOP/completions/_nc-lite"; fi
	if command -v fish; then fish -n "$TOP/completions/nc-lite.fish"; fi
}

@test "mandoc and groff render the manual, and take no prose for macros" {
	need mandoc groff
	"$BATS_TEST_DIRNAME/manual"
	sed 's/^\.Fl c :$/.Fl c : until then/' "$TOP/nc-lite.1" >broken.1
	run ! "$BATS_TEST_DIRNAME/manual" "$PWD/broken.1"
}

@test "the manual has the sections that people look for" {
	local section
	for section in NAME SYNOPSIS DESCRIPTION OPTIONS "EXIT STATUS" EXAMPLES \
	    "SEE ALSO" CAVEATS; do
		grep -q "^\\.Sh $section\$" "$TOP/nc-lite.1" || fail "no $section"
	done
	for section in "CLIENT AND SERVER" "DATA TRANSFER" "PORT TESTING"; do
		grep -q "^\\.Sh $section\$" "$TOP/nc-lite.7" || fail "no $section"
	done
}

@test "the manual's first page refers to sections that the second has" {
	local section
	grep -o '[(]see [A-Z ]*)\|^See [A-Z ]*\.$' "$TOP/nc-lite.1" |
	    sed 's/^[^ ]* //; s/[).]$//' | sort -u >named
	[ "$(wc -l <named)" -ge 5 ]
	while read -r section; do
		grep -qx "\\.Sh $section" "$TOP/nc-lite.7" || fail "no $section"
	done <named
	# Each section is announced, and no option but those of --help is used.
	sed -n 's/^\.Sh //p' "$TOP/nc-lite.7" |
	    grep -vx 'NAME\|DESCRIPTION\|SEE ALSO\|STANDARDS' >sections
	tr '\n' ' ' <"$TOP/nc-lite.1" >flat
	while read -r section; do
		grep -q "sections are [^(]*$section" flat || fail "$section"
	done <sections
}

@test "the manual's second page names no option that is not there" {
	in_help >help
	grep -oE 'Fl Fl [a-z0-9-]+' "$TOP/nc-lite.7" | sed 's/Fl Fl /--/' |
	    sort -u >named
	[ -s named ]
	run ! grep -vxFf help named
}

@test "each page of the manual is at most 650 lines" {
	need mandoc
	local page
	for page in nc-lite.1 nc-lite.7; do
		[ "$(mandoc -Tutf8 "$TOP/$page" | wc -l)" -le 650 ]
	done
}

@test "the manual and the README name the same exit codes" {
	awk '/^\.Sh EXIT STATUS/ { on = 1; next } /^\.Sh/ { on = 0 }
	    on && $1 == ".It" { print $2 == "Li" ? $3 : $2 }' "$TOP/nc-lite.1" |
	    grep '^[0-9]' | sort >manual
	sed -n 's/^| *\([0-9][0-9+n]*\) *|.*/\1/p' "$TOP/README.md" | sort >readme
	[ -s manual ]
	diff manual readme
}

@test "make install puts six files in place, make uninstall leaves none" {
	need make
	unset MAKEFLAGS MAKELEVEL MFLAGS
	make -s -C "$TOP" install DESTDIR="$PWD/the root" PREFIX=/usr ZSHDIR=/z
	mv "the root" root
	[ "$(find root -type f | wc -l)" -eq 6 ]
	[ "$(root/usr/bin/nc-lite --version)" != "" ]
	[ -s root/usr/share/man/man1/nc-lite.1 ]
	[ -s root/usr/share/man/man7/nc-lite.7 ]
	[ -s root/usr/share/bash-completion/completions/nc-lite ]
	[ -s root/z/_nc-lite ]
	[ -s root/usr/share/fish/vendor_completions.d/nc-lite.fish ]
	mv root "the root"
	make -s -C "$TOP" uninstall DESTDIR="$PWD/the root" PREFIX=/usr \
	    ZSHDIR=/z
	[ -z "$(find "the root" ! -type d)" ]
	make -s -C "$TOP" install DESTDIR="$PWD/r" PREFIX=/p "MANDIR=/our man"
	(cd r && [ -s "our man/man1/nc-lite.1" ] && [ -s "our man/man7/nc-lite.7" ])
	[ "$(find r -path "*man?/*" | wc -l)" -eq 2 ]
}

@test "the README is 60 to 220 lines, none wider than a screen and a half" {
	local lines
	lines=$(wc -l <"$TOP/README.md")
	((lines >= 60 && lines <= 220))
	run ! grep '.\{121\}' "$TOP/README.md"
}

@test "every source file that src/README.md names is there, and every folder" {
	local file
	grep -oE '[a-z_/]+\.[ch]\b' "$TOP/src/README.md" | sort -u >named
	[ -s named ]
	while read -r file; do
		compgen -G "$TOP/src/$file" || compgen -G "$TOP/src/*/$file" ||
		    fail "no $file"
	done <named
	for file in "$TOP"/src/*/; do
		grep -q "$(basename "$file")/" "$TOP/src/README.md" ||
		    fail "src/README.md has nothing of $file"
	done
}

@test "the README's first two commands are targets of the Makefile" {
	need make
	grep -m 2 '^    sh tests/setup ' "$TOP/README.md" |
	    sed 's/.*setup//' | xargs -n 1 >targets
	[ "$(wc -l <targets)" -eq 2 ]
	while read -r word; do
		grep -q "^$word:" "$TOP/Makefile" || fail "no target $word"
	done <targets
}

@test "the README's examples and port tests work when pasted" {
	private
	on_path
	# What sends without end sends nothing here, and dies all the same.
	mkfifo endless
	awk '/^## / { on = /Examples|Test ports/ } on && /^    / { print substr($0, 5) }' \
	    "$TOP/README.md" | sed 's,</dev/zero,<>endless,' >examples
	grep -q expect examples
	bounded bash examples >said 2>&1 </dev/null || true
	[ "$(grep -E '^(send|receiv)er: ' said | xargs)" = \
	    "sender: 0 receiver: 0 receiver: 1" ] || fail "$(<said)"
	grep -q 'incomplete: ' said
	grep -qx HELLO said
	run ! grep -i 'usage\|not found\|invalid\|too many\|cannot use' said
}

# steps FILE: what the demo does and how it ends, without its numbers.
steps() {
	sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&amp;/\&/g; s/[0-9][0-9.]*/N/g' "$1" |
	    grep -E '^(==|[$]|.* status: |Everything )'
}

@test "the picture of the demo shows what the demo does" {
	bounded "$TOP/tests/demo/run" >said
	steps said >now
	[ "$(wc -l <now)" -ge 15 ]
	steps "$TOP/tests/demo/demo.svg" | diff now -
}

@test "the README's pictures are there, well-formed, and legible in dark mode" {
	local picture
	grep -o '](tests/[^)]*[.]svg)' "$TOP/README.md" | tr -d ']()' >pictures
	[ "$(wc -l <pictures)" -eq 2 ]
	while read -r picture; do
		grep -q 'prefers-color-scheme: dark' "$TOP/$picture"
		python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' \
		    "$TOP/$picture"
	done <pictures
}

# told WHO [N]: the commands of README's lines that begin with "WHO$ ", or the
# Nth of them, for one machine.
told() {
	sed -n "s/^    $1\\$ //p" "$TOP/README.md" | sed -n "${2:-1,\$}p" |
	    sed "s/HOST/localhost/; s/HEX/$sum/; s,/media/stick,..,"
}

# on_path: nc-lite is found by that name.
on_path() {
	mkdir bin
	ln -s "$NC_LITE" bin/nc-lite
	PATH=$PWD/bin:$PATH
}

heard_at() {
	bounded ss -Hltn "sport = $1" | grep -q .
}

# begin N: README's Nth receiver waits, in the folder r.
begin() {
	start receiver sh -c "cd r && exec $(told receiver "$1")"
	until_true heard_at 9000
}

# moves COMMAND: it sends from the folder s what the receiver then has.
moves() {
	bounded sh -c "cd s && exec $1"
	wait_exit "$pid"
	[ "$status" -eq 0 ] || fail "$(<receiver.err)"
	same s/disk.img r/disk.img
	rm r/disk.img
}

@test "the README's ways to move 200 GB move a file" {
	local sum pin sent
	private
	on_path
	mkdir s r
	head -c 3000000 /dev/urandom >s/disk.img
	sum=$(sha256sum <s/disk.img | cut -d ' ' -f 1)
	[ "$(told receiver | wc -l) $(told sender | wc -l)" = "5 6" ]
	begin 1
	moves "$(told sender 1)"
	begin 2
	[ "$(cd s && eval "$(told sender 2)")" = "$sum  disk.img" ]
	moves "$(told sender 3)"
	head -c 1000000 s/disk.img >r/disk.img.part
	begin 3
	wait_for_line receiver.err ' --prefix sha256:'
	# Both lines are in README, but for the figures.
	while read -r sent; do
		grep -qxF "$(sed 's/1000000/81604378624/; s/6:.*/6:9f86.../
			s/ [^ ]* 9000/ HOST 9000/; s/^/    /' <<<"$sent")" "$TOP/README.md" ||
		    fail "$sent"
	done <receiver.err
	sent=$(tail -n 1 receiver.err)
	moves "$(sed 's/ [^ ]* 9000/ localhost 9000/; s/FILE/disk.img/' <<<"$sent")"
	begin 4
	wait_for_line receiver.err ' --pin sha256:'
	pin=$(grep -o 'sha256:[0-9a-f]*' receiver.err)
	moves "$(told sender 4 | sed "s/sha256:[.]*/$pin/")"
	(cd s && eval "$(told sender 5)")
	begin 5
	moves "$(told sender 6)"
}

@test "the README's gateways forward, and its client goes through the proxy" {
	local port
	private
	on_path
	[ "$(told gateway | wc -l) $(told client | wc -l)" = "2 1" ]
	start port80 nc-lite -lk 80 --exec 'echo web'
	start port5432 nc-lite -lk 5432 --exec 'echo database'
	echo '127.0.0.1 localhost db.example.net' >hosts
	eval "start forward $(told gateway 1)"
	eval "start proxy $(told gateway 2 | sed s,192.0.2.0/24,127.0.0.1,)"
	for port in 80 5432 8080 1080; do
		until_true heard_at $port
	done
	[ "$(nc -d localhost 8080)" = web ]
	[ "$(eval "bounded $(told client 1)" </dev/null)" = database ]
}

@test "the README's servers listen" {
	local sum
	private
	on_path
	mkdir uploads
	echo news >news.txt
	told server >servers
	[ "$(wc -l <servers)" -eq 4 ]
	while read -r line; do
		eval "start server $line" </dev/null
		until_true heard_at 9000
		kill "$pid"
		wait_exit "$pid"
	done <servers
}

@test "every option in the README's examples exists" {
	grep -oE "\`nc-lite [^\`]*|^    .*" "$TOP/README.md" |
	    grep -o 'nc-lite [^|&;>]*' | grep -oE -e ' --[a-z-]+' | sort -u >used
	in_help >help
	while read -r option; do
		grep -qx -e "$option" help || fail "no $option"
	done <used
}
