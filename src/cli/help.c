#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/steps.h"

/*
 * The parts of --help: a part's options begin at first, and those that only
 * --help TOPIC prints, before its examples, at rare (0: none).
 */
static const struct part {
	const char *topic, *title;
	int	 first, rare;
	const char *examples;
} parts[] = {
	{ "connect", "Connect", 'U', 0,
	    "echo ruok | nc-lite -w 2 localhost 2181\n"
	    "echo 'show info' | nc-lite -U /run/haproxy/admin.sock" },
	{ "listen", "Listen", 'l', 0,
	    "nc-lite -lv 9000 >file\n"
	    "nc-lite -lk 9000 --exec 'tr a-z A-Z'" },
	{ "forward", "Forward", FORWARD, FORWARD_CA,
	    "nc-lite -lk 8080 --forward HOST:80\n"
	    "nc-lite -lk -c --cert own.pem 443 --forward localhost:80" },
	{ "transfer", "Transfer", IN, OFFSET,
	    "nc-lite -l 9000 --out disk.img --progress\n"
	    "nc-lite HOST 9000 --in disk.img --digest" },
	{ "tls", "TLS", 'c', TLS_NAME,
	    "nc-lite --psk-new key; nc-lite -lc --psk key 9000 >file\n"
	    "nc-lite -c --psk key HOST 9000 <file" },
	{ "proxy", "Through proxies", 'x', 0,
	    "nc-lite -x proxy:1080 HOST 22\n"
	    "ssh -o ProxyCommand='nc-lite -X connect -x proxy %h %p' HOST" },
	{ "test", "Test ports", 'z', CLOSED,
	    "nc-lite -zv HOST 22,80,8000-8009\n"
	    "nc-lite -z --wait=60 db:5432 cache:6379 -- ./start-the-app" },
	{ "limits", "Limits", IDLE_TIMEOUT, 0,
	    "nc-lite --limit-rate 10M HOST 9000 <file\n"
	    "nc-lite -l --timeout 1h --idle-timeout 30 9000 >file" },
	{ "socket", "Socket and more", 'b', 'I',
	    "nc-lite -T lowdelay -I 65536 HOST 9000\n"
	    "nc-lite -vv HOST 9000" },
};

#define PARTS	(sizeof(parts) / sizeof(parts[0]))

static void
print_part(const struct part *part, bool rare)
{
	const int end = part + 1 < parts + PARTS ? part[1].first : 0;
	bool more = !rare && part->rare != 0;
	size_t i = 0;
	int key;

	printf("%s%s%s:\n", part->title, more ? "; more: --help " : "",
	    more ? part->topic : "");
	while (options_at(i) != part->first)
		i++;
	for (; (key = options_at(i)) != end && (rare || key != part->rare); i++)
		options_print(key);
}

static void
print_all(bool rare)
{
	const struct part *part;

	puts("usage: nc-lite [options] host port\n"
	    "       nc-lite -l [options] [address] port\n"
	    "       nc-lite -U [-l] [options] path\n"
	    "       nc-lite -z [options] {host ports | host:ports}... "
	    "[-- command]\n"
	    "Short options are as in Debian's OpenBSD netcat. "
	    "\"--help TOPIC\" prints all\n"
	    "options of a topic, with examples: connect, listen, forward, "
	    "transfer, tls,\n"
	    "proxy, test, limits, socket; \"--help all\" prints every option.\n"
	    "TIME: seconds, or with a unit: 0.5, 500ms, 2m, 1h.\n"
	    "SIZE, RATE: bytes, or with a unit: 500k, 3.2M, 1G.");
	for (part = parts; part < parts + PARTS; part++)
		print_part(part, rare);
}

void
help_print(const char *topic)
{
	const struct part *part;

	for (part = parts; part < parts + PARTS; part++)
		if (topic != NULL && strcmp(topic, part->topic) == 0) {
			print_part(part, true);
			printf("\n%s\n", part->examples);
			return;
		}
	print_all(topic != NULL && strcmp(topic, "all") == 0);
}
