# bash completion for nc-lite(1)                        -*- shell-script -*-

_nc_lite_hosts()
{
	if declare -F _known_hosts_real >/dev/null; then
		_known_hosts_real -- "$cur"
	else
		mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
	fi
}

_nc_lite_files()
{
	compopt -o filenames
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}

# Whether a short option was given, alone or among others: -lkv. What stands
# behind a letter that takes a value is that value.
_nc_lite_has()
{
	local word name=$2
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == "--$name" ]] && return 0
		[[ $word =~ ^-[46bCcDdFhklNnrStUuvz]*$1 ]] && return 0
	done
	return 1
}

# How many operands stand before the word that is being completed.
_nc_lite_operands()
{
	local word skip='' count=0
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		if [[ $word == = ]]; then
			skip=yes
		elif [[ -n $skip ]]; then
			skip=
		elif [[ $word =~ ^-[46bCcDdFhklNnrStUuvz]*[HIiKMmOPpqRsTWwXx]$ ]]; then
			skip=yes
		elif [[ $word == --@(proxy|proxy-type|proxy-user|pin|interval|key|ttl|min-ttl|source-port|ca|source|allow|deny|alpn|cert|connect-timeout|exec|allow-to|deny-to|proxy-auth|forward|forward-ca|forward-pin|idle-timeout|max-conns|parallel|probe|probe-hex|psk|psk-new|sh-exec|count|every|expect|send|targets|timeout|tls-name|expect-digest|hex-dump|in|limit-rate|limit-rate-in|out|output|size) ]]; then
			skip=yes
		elif [[ $word != -* ]]; then
			((count++))
		fi
	done
	echo "$count"
}

_nc_lite()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local at joined=
	COMPREPLY=()

	# What stands after the operands of -z and "--" is a command.
	for ((at = 1; at < COMP_CWORD; at++)); do
		[[ ${COMP_WORDS[at]} == -- ]] || continue
		if ((at + 1 < COMP_CWORD)) &&
		    declare -F _command_offset >/dev/null; then
			_command_offset $((at + 1))
		elif ((at + 1 < COMP_CWORD)); then
			_nc_lite_files
		else
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		fi
		return
	done

	# "=" is a word of its own to bash: --timeout = 5
	[[ $cur == '=' ]] && joined=yes cur=
	[[ $prev == '=' ]] && joined=yes prev=${COMP_WORDS[COMP_CWORD-2]}
	if [[ -n $joined ]]; then
		case $prev in
		--digest)
			mapfile -t COMPREPLY < <(compgen -W 'sha256 sha512
			    sha3-256 blake2b512 sha1 md5' -- "$cur")
			return
			;;
		--wait|--banner)
			return
			;;
		esac
	fi

	if [[ $prev =~ ^-[46bCcDdFhklNnrStUuvz]*([HIiKMmOPpqRsTWwXx])$ ]]; then
		prev=-${BASH_REMATCH[1]}
	fi
	case $prev in
	-h|--help)
		mapfile -t COMPREPLY < <(compgen -W 'connect listen forward
		    transfer tls proxy test limits socket all' -- "$cur")
		return
		;;
	-T)
		mapfile -t COMPREPLY < <(compgen -W 'lowdelay throughput
		    reliability critical inetcontrol netcontrol
		    af11 af12 af13 af21 af22 af23 af31 af32 af33 af41 af42 af43
		    cs0 cs1 cs2 cs3 cs4 cs5 cs6 cs7 ef va le' -- "$cur")
		return
		;;
	-s|--source)
		if _nc_lite_has U unixsock; then
			_nc_lite_files
		else
			_nc_lite_hosts
		fi
		return
		;;
	-p|--source-port)
		mapfile -t COMPREPLY < <(compgen -A service -- "$cur")
		return
		;;
	-K|--key|-R|--ca|--cert|--forward-ca|--hex-dump|--in|--out|--output|--probe|--psk|--targets|\
	--psk-new)
		_nc_lite_files
		return
		;;
	--exec|--sh-exec)
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		return
		;;
	-X|--proxy-type)
		mapfile -t COMPREPLY < <(compgen -W '4 4A 5 connect https' \
		    -- "$cur")
		return
		;;
	-x|--proxy|--tls-name)
		_nc_lite_hosts
		return
		;;
	--alpn)
		mapfile -t COMPREPLY < <(compgen -W 'h2 http/1.1' -- "$cur")
		return
		;;
	--allow|--allow-to|--deny|--deny-to|--proxy-auth|-P|--proxy-user|-H|--pin|-I|-i|--interval|-M|--ttl|-m|--min-ttl|-O|-q|-W|-w|\
	--connect-timeout|--count|--every|--expect|--send|--expect-digest|--forward|--forward-pin|--idle-timeout|--limit-rate|\
	--limit-rate-in|--max-conns|--offset|--parallel|--prefix|--probe-hex|--size|\
	--timeout)
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '-4 -6 -b -C -c -D -d -F -H -h -I -i
		    -K -k -l -M -m -N -n -O -P -p -q -R -r -S -s -T -t -U -u -v
		    -W -w -X -x -z --proxy --proxy-type --proxy-user --ipv4 --ipv6 --broadcast --crlf --tls --pin
		    --help --interval --key --keep-open --listen --ttl
		    --min-ttl --nodns --source-port --ca --source --telnet
		    --unixsock --udp --verbose --all --allow --allow-empty
		    --alpn --any --append --assume-open --banner
		    --broker --cert --chat --client-auth --closed --deny --connect-timeout
		    --count --digest
		    --each-address --every --exec --expect --expect-digest --forward
		    --forward-ca --forward-pin --accept-proxy --send-proxy
		    --proxy-server --proxy-auth --allow-to --deny-to --hex-dump --http
		    --idle-timeout --in --insecure --json --limit-rate
		    --limit-rate-in --max-conns --no-sandbox --no-shutdown --offset --out --output
		    --parallel --prefix --probe --probe-hex --progress --psk --psk-new
		    --recv-only --send --send-only --settle --sh-exec --size --resume --sparse --summary-json
		    --targets --timeout --tls-name --version --wait' -- "$cur")
		return
	fi

	if _nc_lite_has U unixsock; then
		_nc_lite_files
	elif [[ $(_nc_lite_operands) -eq 0 ]] && ! _nc_lite_has l listen; then
		_nc_lite_hosts
	else
		mapfile -t COMPREPLY < <(compgen -A service -- "$cur")
	fi
} &&
complete -F _nc_lite nc-lite
