# shellcheck shell=bash
# What one can do inside the network of `private` (helper.bash).

# names "ADDRESS NAME"...: the whole of /etc/hosts, from now on.
names() {
	printf '%s\n' "$@" >hosts
}

# within_it CMD...: CMD in the network of the test.
within_it() {
	bounded "$@"
}

# swallow ADDRESS...: more addresses, of 10.9.9.0/24 or fd99::/64, that take
# every packet and never answer.
swallow() {
	local address
	for address; do
		within_it ip neigh replace "$address" \
		    lladdr 02:00:00:00:00:02 dev hole nud permanent
	done
}

# silent_resolver: a nameserver that takes questions and never answers.
silent_resolver() {
	resolver
}

# late_resolver SECONDS ADDRESS: one that answers so late, always with this.
late_resolver() {
	resolver "$@"
}

resolver() {
	echo "nameserver 127.0.0.1" >resolv.conf
	echo "hosts: files dns" >nsswitch.conf
	within_it mount --bind resolv.conf /etc/resolv.conf
	serve resolver /usr/bin/python3 "$PEERS/dns_silent.py" "$@"
}

# free_port: a port on which nothing listens, inside.
free_port() {
	within_it /usr/bin/python3 -c 'import socket; s = socket.socket()
s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# beyond_link HERE THERE: another host at a link's other end, with the addresses
# of the two (with /BITS); commands there are run by "${beyond[@]}".
beyond_link() {
	start beyond unshare -n sh -c 'ip link set lo up; echo up; exec sleep 1000'
	wait_for_line beyond.out up
	beyond=(nsenter -t "$(pgrep -P "$pid" || echo "$pid")" -n)
	within_it ip link add near type veth peer name far netns "${beyond[2]}"
	within_it ip address add "$1" dev near
	within_it ip link set near up
	within_it "${beyond[@]}" ip address add "$2" dev far
	within_it "${beyond[@]}" ip link set far up
}
