# fish completion for nc-lite(1)

function __nc_lite_unix
    __fish_contains_opt -s U unixsock
end

# fish leaves out what /etc/hosts calls 127.0.0.1.
function __nc_lite_hosts
    printf '%s\n' localhost (__fish_print_hostnames)
end

function __nc_lite_ports
    string replace -rf '^([a-z][\w-]*)\s+(\d+)/tcp.*' '$1\t$2' </etc/services 2>/dev/null
end

# What stands after the operands of -z and "--" is a command.
function __nc_lite_command
    contains -- -- (commandline -opc)
end

function __nc_lite_rest
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join ' ' (string escape -- $words) (commandline -ct))
end

function __nc_lite_wants_topic
    contains -- (commandline -opc)[-1] -h --help
end

# A host comes first, where one is needed, then ports; a UNIX socket has a path.
function __nc_lite_wants_host
    not __nc_lite_unix
    and not __nc_lite_command
    and not __nc_lite_wants_topic
    and not __fish_contains_opt -s l listen
    and not string match -q -- '--*=*' (commandline -ct)
    and test (count (__fish_print_cmd_args_without_options)) -le 1
end

function __nc_lite_wants_port
    not __nc_lite_unix
    and not __nc_lite_command
    and not __nc_lite_wants_topic
    and not __nc_lite_wants_host
    and not string match -q -- '--*=*' (commandline -ct)
end

set -l topics connect listen forward transfer tls proxy test limits socket all

complete -c nc-lite -f
complete -c nc-lite -n __nc_lite_wants_topic -a "$topics"
complete -c nc-lite -n __nc_lite_wants_host -a '(__nc_lite_hosts)'
complete -c nc-lite -n __nc_lite_wants_port -a '(__nc_lite_ports)'
complete -c nc-lite -n __nc_lite_command -a '(__nc_lite_rest)'
complete -c nc-lite -n '__nc_lite_unix; and not __nc_lite_command' -F

complete -c nc-lite -s 4 -l ipv4 -d 'IPv4 only'
complete -c nc-lite -s 6 -l ipv6 -d 'IPv6 only'
complete -c nc-lite -s b -l broadcast -d 'allow broadcast addresses'
complete -c nc-lite -s C -l crlf -d 'send LF as CR LF'
complete -c nc-lite -s c -l tls -d 'use TLS, and verify the peer'
complete -c nc-lite -s D -d 'set SO_DEBUG'
complete -c nc-lite -s d -d 'do not read stdin'
complete -c nc-lite -s F -d 'pass the connected socket to stdout'
complete -c nc-lite -s H -l pin -x -d "accept only this key: sha256:HEX"
complete -c nc-lite -s h -l help -f -a "$topics" -d 'print the options and exit'
complete -c nc-lite -s I -x -d 'receive buffer of the socket'
complete -c nc-lite -s i -l interval -x -d 'pause between lines, or between ports'
complete -c nc-lite -s K -l key -r -F -d 'the key of --cert'
complete -c nc-lite -s k -l keep-open -d 'keep listening, serve many peers at once'
complete -c nc-lite -s l -l listen -d 'listen instead of connecting'
complete -c nc-lite -s M -l ttl -x -d 'TTL of packets sent'
complete -c nc-lite -s m -l min-ttl -x -d 'minimum TTL of packets received'
complete -c nc-lite -s N -d 'shut down sending even without input'
complete -c nc-lite -s n -l nodns -d 'do not look up names'
complete -c nc-lite -s O -x -d 'send buffer of the socket'
complete -c nc-lite -s P -l proxy-user -x -d 'user name at the proxy'
complete -c nc-lite -s p -l source-port -x -a '(__nc_lite_ports)' -d 'port to connect from, or listen on'
complete -c nc-lite -s q -x -d "quit at most this time after EOF on stdin"
complete -c nc-lite -s R -l ca -r -F -d "trust these authorities, not the system's"
complete -c nc-lite -s r -d 'test ports in random order'
complete -c nc-lite -s S -d 'sign with TCP MD5; asks for the key'
complete -c nc-lite -s s -l source -x -a '(__nc_lite_hosts)' -d 'address to connect from, or listen on'
complete -c nc-lite -s T -x -a 'lowdelay throughput reliability critical inetcontrol netcontrol af11 af12 af13 af21 af22 af23 af31 af32 af33 af41 af42 af43 cs0 cs1 cs2 cs3 cs4 cs5 cs6 cs7 ef va le' -d 'type of service'
complete -c nc-lite -s t -l telnet -d 'decline telnet options'
complete -c nc-lite -s U -l unixsock -d 'UNIX socket; @NAME: abstract'
complete -c nc-lite -s u -l udp -d 'datagrams'
complete -c nc-lite -s v -l verbose -d 'print more; -vv, -vvv still more'
complete -c nc-lite -s W -x -d 'quit after this many datagrams or reads'
complete -c nc-lite -s w -x -d 'timeout for connecting and inactivity'
complete -c nc-lite -s X -l proxy-type -x -a '4 4A 5 connect https' -d 'proxy protocol'
complete -c nc-lite -s x -l proxy -x -a '(__nc_lite_hosts)' -d 'connect through a proxy'
complete -c nc-lite -s z -d 'only test whether ports are open'
complete -c nc-lite -l all -d '-z: every port must be open'
complete -c nc-lite -l allow -x -d '-l: only these may connect'
complete -c nc-lite -l any -d '-z: one open port is enough'
complete -c nc-lite -l allow-empty -d '--out: accept a peer that sends nothing'
complete -c nc-lite -l append -d 'append to the files of --output, --hex-dump'
complete -c nc-lite -l alpn -x -a 'h2 http/1.1' -d 'protocols to offer'
complete -c nc-lite -l assume-open -d '-zu: count silent ports as open'
complete -c nc-lite -l banner -d '-z: print the first line a port sends'
complete -c nc-lite -l broker -d '-k: what one peer sends goes to all others'
complete -c nc-lite -l cert -r -F -d 'our certificate and its chain (PEM)'
complete -c nc-lite -l chat -d 'like --broker, each line with its sender'
complete -c nc-lite -l client-auth -d '-l: require a certificate of clients'
complete -c nc-lite -l closed -d '-z: success if no port is open'
complete -c nc-lite -l connect-timeout -x -d 'timeout for connecting'
complete -c nc-lite -l deny -x -d '-l: these may not connect'
complete -c nc-lite -l count -x -d '--every: quit after COUNT rounds'
complete -c nc-lite -l digest -f -a 'sha256 sha512 sha3-256 blake2b512 sha1 md5' -d 'print a hash of the data'
complete -c nc-lite -l each-address -d '-z: test every address of the name'
complete -c nc-lite -l every -x -d '-z: test repeatedly, once every TIME'
complete -c nc-lite -l exec -x -a '(__fish_complete_command)' -d 'run a command instead of stdin and stdout'
complete -c nc-lite -l expect -x -d '-z: open only if the answer matches'
complete -c nc-lite -l expect-digest -x -d 'fail unless what is received has this hash'
complete -c nc-lite -l accept-proxy -d '-l: require a PROXY header from each peer'
complete -c nc-lite -l allow-to -x -d '--proxy-server: only to these addresses'
complete -c nc-lite -l deny-to -x -d '--proxy-server: not to these addresses'
complete -c nc-lite -l proxy-auth -x -d '--proxy-server: require user and password'
complete -c nc-lite -l proxy-server -d '-l: act as a SOCKS and HTTP proxy'
complete -c nc-lite -l send-proxy -d '--forward: send a PROXY header first'
complete -c nc-lite -l forward -x -d '-l: connect each peer to HOST:PORT'
complete -c nc-lite -l forward-ca -r -F -d '--forward tls: trust these authorities'
complete -c nc-lite -l forward-pin -x -d '--forward tls: accept only this key'
complete -c nc-lite -l hex-dump -r -F -d 'write a hex dump of all traffic'
complete -c nc-lite -l http -d '-z: open only if GET gives 2xx or 3xx'
complete -c nc-lite -l idle-timeout -x -d 'timeout for inactivity'
complete -c nc-lite -l in -r -F -d 'read a file instead of stdin'
complete -c nc-lite -l limit-rate -x -d 'bytes per second to send'
complete -c nc-lite -l limit-rate-in -x -d 'bytes per second to receive'
complete -c nc-lite -l insecure -d 'do not verify the peer'
complete -c nc-lite -l json -d '-z: print a JSON object for each port'
complete -c nc-lite -l max-conns -x -d '-k: peers at once (1000)'
complete -c nc-lite -l no-sandbox -d "do not use the sandbox"
complete -c nc-lite -l no-shutdown -d "keep sending side open after EOF on stdin"
complete -c nc-lite -l offset -x -d '--in: skip this many bytes'
complete -c nc-lite -l out -r -F -d 'write to a file (.part until complete)'
complete -c nc-lite -l output -r -F -d 'also write received data to a file'
complete -c nc-lite -l progress -d 'show progress'
complete -c nc-lite -l parallel -x -d '-z: ports tested at once'
complete -c nc-lite -l prefix -x -d '--offset: sha256:HEX of the bytes skipped'
complete -c nc-lite -l probe -r -F -d '-zu: the datagram to send'
complete -c nc-lite -l probe-hex -x -d 'the same, in hexadecimal'
complete -c nc-lite -l psk -r -F -d 'use this shared key, no certificates'
complete -c nc-lite -l psk-new -r -F -d 'create such a key and exit'
complete -c nc-lite -l recv-only -d 'only receive'
complete -c nc-lite -l send -x -d '-z: send TEXT to each open port'
complete -c nc-lite -l send-only -d 'only send; quit when all is acknowledged'
complete -c nc-lite -l settle -d '-z: open if still connected after TIME'
complete -c nc-lite -l sh-exec -x -a '(__fish_complete_command)' -d 'like --exec, but through /bin/sh'
complete -c nc-lite -l size -x -d 'bytes to expect, for --progress'
complete -c nc-lite -l resume -d '--out: continue the .part'
complete -c nc-lite -l sparse -d '--out: store zeros as holes'
complete -c nc-lite -l summary-json -d 'print a JSON summary on stderr at the end'
complete -c nc-lite -l targets -r -F -d '-z: test the targets in FILE'
complete -c nc-lite -l timeout -x -d 'timeout for the whole run'
complete -c nc-lite -l tls-name -x -a '(__nc_lite_hosts)' -d "expect this name in the certificate"
complete -c nc-lite -l version -d 'print the version and exit'
complete -c nc-lite -l wait -d 'retry until it connects; 0: forever'
