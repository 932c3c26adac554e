#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/steps.h"

#define KEYS_MOST	32
#define RARE		(-1)	/* keys after it are in --help TOPIC only */

/*
 * The parts of --help: options, and for --help TOPIC two examples. The last
 * part takes the options that no part has, as rare ones.
 */
static const struct part {
	const char *topic, *title;
	int	 keys[KEYS_MOST];	/* to the first 0 */
	const char *examples;
} parts[] = {
	{ "connect", "Connect", { 'U', 'u', '4', '6', 'n', 'p', 's', 'w',
	    CONNECT_TIMEOUT, WAIT },
	    "echo ruok | nc-lite -w 2 localhost 2181\n"
	    "echo 'show info' | nc-lite -U /run/haproxy/admin.sock" },
	{ "listen", "Listen", { 'l', 'k', EXEC, SH_EXEC, BROKER, CHAT,
	    ALLOW, DENY, MAX_CONNS },
	    "nc-lite -lv 9000 >file\n"
	    "nc-lite -lk 9000 --exec 'tr a-z A-Z'" },
	{ "forward", "Forward", { FORWARD, PROXY_SERVER, RARE, FORWARD_CA,
	    FORWARD_PIN, SEND_PROXY, ACCEPT_PROXY, PROXY_AUTH, ALLOW_TO,
	    DENY_TO },
	    "nc-lite -lk 8080 --forward HOST:80\n"
	    "nc-lite -lk -c --cert own.pem 443 --forward localhost:80" },
	{ "transfer", "Transfer", { IN, OUT, RESUME, PROGRESS, SIZE_GIVEN,
	    DIGEST, EXPECT_DIGEST, OUTPUT, HEX_DUMP, RECV_ONLY, SEND_ONLY,
	    'd', 'N', NO_SHUTDOWN, 'q', 'C', RARE, OFFSET, PREFIX, SPARSE,
	    ALLOW_EMPTY, APPEND, SUMMARY_JSON, 'W', 't' },
	    "nc-lite -l 9000 --out disk.img --progress\n"
	    "nc-lite HOST 9000 --in disk.img --digest" },
	{ "tls", "TLS", { 'c', 'H', PSK, PSK_NEW, 'R', INSECURE, CERT, 'K',
	    CLIENT_AUTH, RARE, TLS_NAME, ALPN },
	    "nc-lite --psk-new key; nc-lite -lc --psk key 9000 >file\n"
	    "nc-lite -c --psk key HOST 9000 <file" },
	{ "proxy", "Through proxies", { 'x', 'X', 'P', 'F' },
	    "nc-lite -x proxy:1080 HOST 22\n"
	    "ssh -o ProxyCommand='nc-lite -X connect -x proxy %h %p' HOST" },
	{ "test", "Test ports", { 'z', TARGETS, ALL, ANY, SEND, EXPECT, HTTP,
	    BANNER, EVERY, JSON, RARE, CLOSED, EACH_ADDRESS, SETTLE,
	    COUNT_ROUNDS, 'r', PARALLEL, PROBE, PROBE_HEX, ASSUME_OPEN },
	    "nc-lite -zv HOST 22,80,8000-8009\n"
	    "nc-lite -z --wait=60 db:5432 cache:6379 -- ./start-the-app" },
	{ "limits", "Limits", { IDLE_TIMEOUT, TIMEOUT, LIMIT_RATE,
	    LIMIT_RATE_IN, 'i' },
	    "nc-lite --limit-rate 10M HOST 9000 <file\n"
	    "nc-lite -l --timeout 1h --idle-timeout 30 9000 >file" },
	{ "socket", "Socket and more", { 'b', 'v', 'h', PRINT_VERSION, RARE,
	    'I', 'O', 'T', 'M', 'm', 'S', 'D', NO_SANDBOX },
	    "nc-lite -T lowdelay -I 65536 HOST 9000\n"
	    "nc-lite -vv HOST 9000" },
};

#define PARTS	(sizeof(parts) / sizeof(parts[0]))
#define LAST	(&parts[PARTS - 1])

static bool
has(const struct part *part, int key)
{
	const int *at = part->keys;

	while (*at != 0 && *at != key)
		at++;
	return *at != 0;
}

static bool
is_in_none(int key)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		if (has(&parts[i], key))
			return false;
	return true;
}

static void
print_part(const struct part *part, bool rare)
{
	bool more = !rare && has(part, RARE);
	const int *key;
	size_t i;

	printf("%s%s%s:\n", part->title, more ? "; more: --help " : "",
	    more ? part->topic : "");
	for (key = part->keys; *key != 0; key++) {
		if (*key != RARE)
			options_print(*key);
		else if (!rare)
			return;
	}
	for (i = 0; part == LAST && options_at(i) != 0; i++)
		if (is_in_none(options_at(i)))
			options_print(options_at(i));
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
