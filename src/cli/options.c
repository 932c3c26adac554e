#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/quantity.h"
#include "cli/options.h"
#include "cli/refuse.h"
#include "cli/service_class.h"
#include "cli/steps.h"

#ifndef VERSION
#define VERSION	"unknown"	/* the Makefile says */
#endif

enum kind {
	NOTE,			/* only that it was given */
	FLAG,			/* bool: true */
	CHOICE,			/* int: lowest */
	COUNT,			/* int: one more each time */
	NUMBER,			/* int, within lowest..highest */
	TIME,			/* int64_t microseconds; lowest: if bare */
	SIZE,			/* int64_t bytes, or bytes a second */
	TEXT,			/* const char * */
	CLASS,			/* int: -T's type of service */
	QUIT,			/* -q: a time, or negative for no limit */
	HASH,			/* TEXT: sha256:HEX */
	PIN,			/* one more of struct tls_config's pins */
	LIST,			/* one more of a struct options_list */
	NETWORKS,		/* more of a struct access_list */
	NEW_PSK,		/* made at once */
	HELP,
	SHOW_VERSION
};

#define AT(field)	offsetof(struct options, field)

/*
 * Every option. The parser and --help are made from it, and the tests compare
 * manual and completions with it.
 */
static const struct row {
	int	 key;			/* the letter, or steps.h's number */
	const char *name;		/* the long name, or NULL */
	const char *argument;		/* NULL: takes none; [=...]: may */
	enum kind kind;
	size_t	 offset;
	int	 lowest, highest;	/* as the kind says */
	const char *text;		/* for --help */
	const char *rules;	/* what it needs and excludes: conflicts.c */
} table[] = {
	{ '4', "ipv4", NULL, CHOICE, AT(endpoint.family), AF_INET, 0,
	    "use IPv4 only", "!6,U" },
	{ '6', "ipv6", NULL, CHOICE, AT(endpoint.family), AF_INET6, 0,
	    "use IPv6 only", "!U" },
	{ 'b', "broadcast", NULL, FLAG, AT(socket.broadcast), 0, 0,
	    "allow broadcast addresses", "!U" },
	{ 'C', "crlf", NULL, FLAG, AT(relay.crlf), 0, 0, "send LF as CR LF",
	    NULL },
	{ 'c', "tls", NULL, FLAG, AT(tls.on), 0, 0,
	    "use TLS, and verify the peer", "!banner; !u: TLS needs a stream" },
	{ 'D', NULL, NULL, FLAG, AT(socket.debug), 0, 0, "set SO_DEBUG", NULL },
	{ 'd', NULL, NULL, FLAG, AT(local.no_input), 0, 0, "do not read stdin",
	    "!send-only: nothing is left to do" },
	{ 'F', NULL, NULL, FLAG, AT(pass_fd), 0, 0,
	    "pass the connected socket to stdout (ssh)",
	    "!l,z,exec,sh-exec,in,out; !c: a descriptor carries no TLS" },
	{ 'H', "pin", "PIN", PIN, AT(tls), 0, 0,
	    "accept only this key: sha256:HEX; repeatable",
	    "c: it is a TLS option; !insecure: each says how to verify the "
	    "peer" },
	{ 'h', "help", "[=TOPIC]", HELP, 0, 0, 0, "print this and exit", NULL },
	{ 'I', NULL, "BYTES", NUMBER, AT(socket.receive_buffer), 1, 1 << 30,
	    "receive buffer of the socket", NULL },
	{ 'i', "interval", "TIME", TIME, AT(interval_us), 0, 0,
	    "pause between lines, or between ports", NULL },
	{ 'K', "key", "FILE", TEXT, AT(tls.key), 0, 0,
	    "the key of --cert, if not in its file",
	    "cert; c: it is a TLS option" },
	{ 'k', "keep-open", NULL, FLAG, AT(keep_open), 0, 0,
	    "keep listening, serve many peers at once", "l" },
	{ 'l', "listen", NULL, CHOICE, AT(mode), MODE_LISTEN, 0,
	    "listen instead of connecting", NULL },
	{ 'M', "ttl", "HOPS", NUMBER, AT(socket.ttl), 1, 255,
	    "TTL of packets sent", "!U" },
	{ 'm', "min-ttl", "HOPS", NUMBER, AT(socket.min_ttl), 1, 255,
	    "minimum TTL of packets received", "!U" },
	{ 'N', NULL, NULL, FLAG, AT(relay.end_at_once), 0, 0,
	    "shut down sending even without input", "!no-shutdown" },
	{ 'n', "nodns", NULL, FLAG, AT(endpoint.numeric), 0, 0,
	    "do not look up names", NULL },
	{ 'O', NULL, "BYTES", NUMBER, AT(socket.send_buffer), 1, 1 << 30,
	    "send buffer of the socket", NULL },
	{ 'P', "proxy-user", "USER", LIST, AT(given.proxy_users), 0, 0,
	    "user name at the proxy", "x" },
	{ 'p', "source-port", "PORT", TEXT, AT(given.port), 0, 0,
	    "port to connect from, or listen on", "!U: a path has no port" },
	{ 'q', NULL, "TIME", QUIT, AT(given.quit_us), 0, 0,
	    "quit at most TIME after EOF on stdin", NULL },
	{ 'R', "ca", "FILE", TEXT, AT(tls.ca), 0, 0,
	    "trust these authorities, not the system's",
	    "c|x: it is a TLS option" },
	{ 'r', NULL, NULL, FLAG, AT(shuffle), 0, 0,
	    "test ports in random order", "z" },
	{ 'S', NULL, NULL, NOTE, 0, 0, 0, "sign with TCP MD5; asks for the key",
	    "!U; !u: it signs TCP" },
	{ 's', "source", "ADDRESS", TEXT, AT(socket.source_host), 0, 0,
	    "address to connect from, or listen on", NULL },
	{ 'T', NULL, "CLASS", CLASS, AT(socket.tos), 0, 0,
	    "type of service: a name or an octet", "!U" },
	{ 't', "telnet", NULL, FLAG, AT(relay.telnet), 0, 0,
	    "decline telnet options", "!u: telnet is TCP" },
	{ 'U', "unixsock", NULL, CHOICE, AT(endpoint.family), AF_UNIX, 0,
	    "use a UNIX socket; @NAME: abstract", NULL },
	{ 'u', "udp", NULL, CHOICE, AT(endpoint.type), SOCK_DGRAM, 0,
	    "use datagrams", NULL },
	{ 'v', "verbose", NULL, COUNT, AT(given.verbosity), 0, 0,
	    "print more; -vv, -vvv still more", NULL },
	{ 'W', NULL, "COUNT", NUMBER, AT(datagrams), 1, 2147483647,
	    "quit after COUNT datagrams or reads", NULL },
	{ 'w', NULL, "TIME", TIME, AT(given.wait_us), 0, 0,
	    "timeout for connecting and inactivity", NULL },
	{ 'X', "proxy-type", "KIND", LIST, AT(given.proxy_kinds), 0, 0,
	    "proxy protocol: 4, 4A, 5, connect, https", "x" },
	{ 'x', "proxy", "PROXY", LIST, AT(given.proxies), 0, 0,
	    "connect through HOST[:PORT] or a URL",
	    "!S,banner,probe,probe-hex; !each-address,allow-to,deny-to: the "
	    "proxy looks up the name" },
	{ 'z', NULL, NULL, CHOICE, AT(mode), MODE_SCAN, 0,
	    "only test whether ports are open", "!U: -z tests ports; !l" },
	{ ALL, "all", NULL, FLAG, AT(scan.all), 0, 0,
	    "-z: every port must be open",
	    "z; !any; !closed: --closed requires all closed" },
	{ ACCEPT_PROXY, "accept-proxy", NULL, FLAG, AT(forward.accept_header),
	    0, 0, "-l: require a PROXY header from each peer", "l; !u" },
	{ ALLOW, "allow", "NETWORKS", NETWORKS, AT(allow), 0, 0,
	    "-l: only these may connect", "l; !U: a path has permissions" },
	{ ALLOW_EMPTY, "allow-empty", NULL, FLAG, AT(local.allow_empty), 0, 0,
	    "--out: accept a peer that sends nothing", "out" },
	{ ALLOW_TO, "allow-to", "NETWORKS", NETWORKS, AT(forward.allow), 0, 0,
	    "--proxy-server: only to these addresses", "proxy-server" },
	{ ALPN, "alpn", "NAMES", TEXT, AT(tls.alpn), 0, 0,
	    "protocols to offer: h2,http/1.1", "c: it is a TLS option" },
	{ ANY, "any", NULL, NOTE, 0, 0, 0, "-z: one open port is enough", "z" },
	{ APPEND, "append", NULL, FLAG, AT(report.append), 0, 0,
	    "append to the files of --output, --hex-dump", "output|hex-dump" },
	{ ASSUME_OPEN, "assume-open", NULL, FLAG, AT(scan.assume_open), 0, 0,
	    "-zu: count silent ports as open",
	    "u: only datagrams can be silent; z" },
	{ BANNER, "banner", "[=TIME]", TIME, AT(scan.banner_us), 2, 0,
	    "-z: print the first line a port sends", "z; !u,expect,http" },
	{ BROKER, "broker", NULL, FLAG, AT(broker), 0, 0,
	    "-k: what one peer sends goes to all others",
	    "k; !u: datagrams have no end; !in,out,exec,sh-exec" },
	{ CERT, "cert", "FILE", TEXT, AT(tls.cert), 0, 0,
	    "our certificate and its chain (PEM)", "c: it is a TLS option" },
	{ CHAT, "chat", NULL, FLAG, AT(chat), 0, 0,
	    "like --broker, each line with its sender",
	    "k; !u: datagrams have no end; !in,out,exec,sh-exec" },
	{ CLIENT_AUTH, "client-auth", NULL, FLAG, AT(tls.client_auth), 0, 0,
	    "-l: require a certificate of clients",
	    "l; c: it is a TLS option" },
	{ CLOSED, "closed", NULL, FLAG, AT(scan.closed), 0, 0,
	    "-z: success if no port is open", "z" },
	{ CONNECT_TIMEOUT, "connect-timeout", "TIME", TIME, AT(connect_us), 0,
	    0, "timeout for connecting", NULL },
	{ DENY, "deny", "NETWORKS", NETWORKS, AT(deny), 0, 0,
	    "-l: these may not connect", "l; !U: a path has permissions" },
	{ COUNT_ROUNDS, "count", "COUNT", NUMBER, AT(scan.count), 1, 2147483647,
	    "--every: quit after COUNT rounds", "every" },
	{ DENY_TO, "deny-to", "NETWORKS", NETWORKS, AT(forward.deny), 0, 0,
	    "--proxy-server: not to these addresses", "proxy-server" },
	{ DIGEST, "digest", "[=NAME]", TEXT, AT(report.digest), 0, 0,
	    "print a hash of the data (sha256)", NULL },
	{ EACH_ADDRESS, "each-address", NULL, FLAG, AT(scan.each_address), 0, 0,
	    "-z: test every address of the name", "z" },
	{ EVERY, "every", "TIME", TIME, AT(scan.every_us), 0, 0,
	    "-z: test repeatedly, once every TIME", "z; !wait" },
	{ EXEC, "exec", "COMMAND", TEXT, AT(child.command), 0, 0,
	    "run COMMAND instead of stdin and stdout",
	    "!z,d,in,out,recv-only,send-only,sh-exec,expect-digest" },
	{ EXPECT, "expect", "REGEX", TEXT, AT(scan.expect), 0, 0,
	    "-z: open only if the answer matches", "z; !http" },
	{ EXPECT_DIGEST, "expect-digest", "HEX", TEXT, AT(report.expected), 0,
	    0, "fail unless what is received has this hash",
	    "!u: datagrams have no end; !N: its FIN would come before the "
	    "check; !send-only" },
	{ FORWARD, "forward", "TARGET", TEXT, AT(given.forward), 0, 0,
	    "-l: connect each peer to HOST:PORT",
	    "l; !proxy-server,exec,sh-exec,in,out,broker,chat,d,recv-only,"
	    "send-only,N,no-shutdown,q,C,t,W,i,expect-digest" },
	{ FORWARD_CA, "forward-ca", "FILE", TEXT, AT(forward.tls.ca), 0, 0,
	    "--forward tls: trust these authorities", "forward" },
	{ FORWARD_PIN, "forward-pin", "PIN", PIN, AT(forward.tls), 0, 0,
	    "--forward tls: accept only this key", "forward" },
	{ HEX_DUMP, "hex-dump", "FILE", TEXT, AT(report.hex_dump), 0, 0,
	    "write a hex dump of all traffic (-: stderr)", NULL },
	{ HTTP, "http", "[=PATH]", TEXT, AT(scan.http), 0, 0,
	    "-z: open only if GET gives 2xx or 3xx", "z; !u" },
	{ IDLE_TIMEOUT, "idle-timeout", "TIME", TIME, AT(relay.idle_us), 0, 0,
	    "timeout for inactivity", NULL },
	{ IN, "in", "FILE", TEXT, AT(local.in), 0, 0,
	    "read FILE instead of stdin",
	    "!d,recv-only; !expect-digest: it only receives" },
	{ INSECURE, "insecure", NULL, FLAG, AT(tls.insecure), 0, 0,
	    "do not verify the peer",
	    "c: it is a TLS option; !l: clients are only verified by "
	    "--client-auth or -H" },
	{ JSON, "json", NULL, FLAG, AT(scan.json), 0, 0,
	    "-z: print a JSON object for each port", "z" },
	{ LIMIT_RATE, "limit-rate", "RATE", SIZE, AT(relay.send_rate), 0, 0,
	    "bytes per second to send: 500k, 10M", NULL },
	{ LIMIT_RATE_IN, "limit-rate-in", "RATE", SIZE, AT(relay.receive_rate),
	    0, 0, "bytes per second to receive", NULL },
	{ MAX_CONNS, "max-conns", "COUNT", NUMBER, AT(max_conns), 1, 65535,
	    "-k: peers at once (1000)", "k" },
	{ NO_SANDBOX, "no-sandbox", NULL, FLAG, AT(no_sandbox), 0, 0,
	    "do not use the sandbox", NULL },
	{ NO_SHUTDOWN, "no-shutdown", NULL, FLAG, AT(relay.no_half_close), 0, 0,
	    "keep sending side open after EOF on stdin", NULL },
	{ OFFSET, "offset", "SIZE", SIZE, AT(local.offset), 0, 0,
	    "--in: skip this many bytes", "in" },
	{ OUT, "out", "FILE", TEXT, AT(local.out.path), 0, 0,
	    "write to FILE (FILE.part until complete)",
	    "!u: datagrams have no end; !send-only" },
	{ OUTPUT, "output", "FILE", TEXT, AT(report.output), 0, 0,
	    "also write received data to FILE", NULL },
	{ PARALLEL, "parallel", "COUNT", NUMBER, AT(scan.parallel), 1, 65535,
	    "-z: ports tested at once", "z" },
	{ PREFIX, "prefix", "HASH", HASH, AT(local.prefix), 0, 0,
	    "--offset: sha256:HEX of the bytes skipped", "offset" },
	{ PROBE, "probe", "FILE", TEXT, AT(given.probe), 0, 0,
	    "-zu: the datagram to send", "z; u; !probe-hex" },
	{ PROBE_HEX, "probe-hex", "HEX", TEXT, AT(given.probe_hex), 0, 0,
	    "the same, in hexadecimal", "z; u" },
	{ PROGRESS, "progress", NULL, FLAG, AT(report.progress), 0, 0,
	    "show progress", NULL },
	{ PROXY_AUTH, "proxy-auth", "USER", TEXT, AT(given.proxy_auth), 0, 0,
	    "--proxy-server: require user and password", "proxy-server" },
	{ PROXY_SERVER, "proxy-server", NULL, FLAG, AT(forward.asked), 0, 0,
	    "-l: act as a SOCKS and HTTP proxy",
	    "l; !u,U,exec,sh-exec,in,out,broker,chat,d,recv-only,send-only,"
	    "N,no-shutdown,q,C,t,W,i,expect-digest" },
	{ PSK, "psk", "FILE", TEXT, AT(tls.psk), 0, 0,
	    "use this shared key, no certificates",
	    "c: it is a TLS option; !tls-name,cert,K,client-auth,R,insecure,H: "
	    "each says how to verify the peer" },
	{ PSK_NEW, "psk-new", "FILE", NEW_PSK, 0, 0, 0,
	    "create such a key and exit", NULL },
	{ RECV_ONLY, "recv-only", NULL, FLAG, AT(local.no_input), 0, 0,
	    "receive only: do not read stdin", "!send-only" },
	{ RESUME, "resume", NULL, FLAG, AT(local.out.resume), 0, 0,
	    "--out: continue FILE.part",
	    "out; !k: each peer of -k has a new file" },
	{ SEND, "send", "TEXT", TEXT, AT(scan.send), 0, 0,
	    "-z: send TEXT to each open port", "z; !http,probe,probe-hex" },
	{ SEND_ONLY, "send-only", NULL, FLAG, AT(local.no_output), 0, 0,
	    "send only; quit when all is acknowledged", NULL },
	{ SETTLE, "settle", "[=TIME]", TIME, AT(scan.settle_us), 0, 0,
	    "-z: open if still connected after TIME",
	    "z; !u: datagrams have no connection" },
	{ SEND_PROXY, "send-proxy", "[=VERSION]", TEXT, AT(given.send_proxy), 0,
	    0, "--forward: send a PROXY header first", "forward; !u,x" },
	{ SH_EXEC, "sh-exec", "COMMAND", TEXT, AT(child.command), 0, 0,
	    "like --exec, but through /bin/sh",
	    "!z,d,in,out,recv-only,send-only,expect-digest" },
	{ SIZE_GIVEN, "size", "SIZE", SIZE, AT(report.size), 0, 0,
	    "bytes to expect, for --progress: 3.2G", NULL },
	{ SPARSE, "sparse", NULL, FLAG, AT(local.out.sparse), 0, 0,
	    "--out: store zeros as holes", "out" },
	{ SUMMARY_JSON, "summary-json", NULL, FLAG, AT(report.json), 0, 0,
	    "print a JSON summary on stderr at the end", NULL },
	{ TARGETS, "targets", "FILE", TEXT, AT(given.targets), 0, 0,
	    "-z: test the targets in FILE", "z" },
	{ TIMEOUT, "timeout", "TIME", TIME, AT(relay.run_us), 0, 0,
	    "timeout for the whole run", NULL },
	{ TLS_NAME, "tls-name", "NAME", TEXT, AT(tls.name), 0, 0,
	    "expect this name in the certificate",
	    "c: it is a TLS option; !l" },
	{ PRINT_VERSION, "version", NULL, SHOW_VERSION, 0, 0, 0,
	    "print the version and exit", NULL },
	{ WAIT, "wait", "[=TIME]", TIME, AT(await_us), 30, 0,
	    "retry until it connects; 0: forever", "!l" },
};

#define ROWS	(sizeof(table) / sizeof(table[0]))

static bool given[KEYS];

static const struct row *
find_row(int key)
{
	const struct row *row = table;

	while (row->key != key)
		row++;
	return row;
}

bool
options_given(int key)
{
	return given[key];
}

const char *
options_key(int key, char *text)
{
	if (key < ALL)
		snprintf(text, OPTIONS_KEY, "-%c", key);
	else
		snprintf(text, OPTIONS_KEY, "--%s", find_row(key)->name);
	return text;
}

static void
bad_value(const struct row *row, const char *value, const char *why)
{
	char key[OPTIONS_KEY];

	refuse("%s: bad value '%s': %s", options_key(row->key, key), value,
	    why);
}

static int
number(const struct row *row, const char *value)
{
	const char *error;
	char why[80];
	int result = (int)strtonum(value, row->lowest, row->highest, &error);

	if (error != NULL) {
		snprintf(why, sizeof(why), "%s; use %d to %d", error,
		    row->lowest, row->highest);
		bad_value(row, value, why);
	}
	return result;
}

static void
measure(const struct row *row, const char *value, int64_t *at)
{
	bool endless = row->kind == QUIT && value[0] == '-';
	const char *error = NULL;

	if (value == NULL)
		*at = row->lowest * CLOCK_SECOND;
	else
		error = row->kind == SIZE ? quantity_bytes(value, at) :
		    clock_parse(value + endless, at);
	if (error == NULL && row->kind == SIZE && *at == 0)
		error = "too small";
	if (error != NULL)
		bad_value(row, value, error);
	if (endless)
		*at = CLOCK_UNSET;
}

static void
check_hash(const struct row *row, const char *value)
{
	if (strncasecmp(value, "sha256:", 7) != 0 || strlen(value) != 7 + 64 ||
	    strspn(value + 7, "0123456789abcdefABCDEF") != 64)
		bad_value(row, value, "use sha256: and 64 hexadecimal digits");
}

static void
add_pin(const struct row *row, const char *value, struct tls_config *tls)
{
	check_hash(row, value);
	if (tls->pins == TLS_PINS)
		bad_value(row, value, "too many pins");
	tls->pin[tls->pins++] = value;
}

static void
add_word(const struct row *row, const char *value, struct options_list *list)
{
	if (list->count == OPTIONS_HOPS)
		bad_value(row, value, "too many");
	list->word[list->count++] = value;
}

const char *
options_rules(int key)
{
	return find_row(key)->rules;
}

int
options_find(const char *name)
{
	const struct row *row = table;

	while (name[1] != '\0' ? row->name == NULL ||
	    strcmp(row->name, name) != 0 : row->key != name[0])
		row++;
	return row->key;
}

void
options_print(int key)
{
	const struct row *row = find_row(key);
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s%s%s",
	    key < ALL ? (char[]){ '-', (char)key, 0 } : "",
	    key < ALL && row->name != NULL ? ", " : "",
	    row->name != NULL ? "--" : "", row->name != NULL ? row->name : "",
	    row->argument != NULL && row->argument[0] != '[' ? " " : "");
	printf("  %s%-*s %s\n", text, (int)(27 - strlen(text)),
	    row->argument != NULL ? row->argument : "", row->text);
}

int
options_at(size_t index)
{
	return index < ROWS ? table[index].key : 0;
}

/* Options that act at once and exit. */
static _Noreturn void
act(const struct row *row, const char *value)
{
	if (row->kind == NEW_PSK)
		diag_exit(tls_psk_create(value));
	if (row->kind == HELP)
		help_print(value);
	else
		puts("nc-lite " VERSION);
	/* A full disk must not look like success. */
	if (fflush(stdout) == EOF)
		refuse("stdout: %s", strerror(errno));
	diag_exit(EXIT_DONE);
}

/* Options whose value has a syntax of its own, or that act. */
static void
obey_other(const struct row *row, const char *value, void *at)
{
	const char *error;

	switch (row->kind) {
	case CLASS:
		error = service_class_parse(value, at);
		if (error != NULL)
			bad_value(row, value, error);
		break;
	case NETWORKS:
		error = access_parse(value, at);
		if (error != NULL)
			refuse("--%s: %s", row->name, error);
		break;
	case LIST:
		add_word(row, value, at);
		break;
	case HASH:
		check_hash(row, value);
		*(const char **)at = value;
		break;
	case PIN:
		add_pin(row, value, at);
		break;
	default:
		act(row, value);
	}
}

static void
obey(const struct row *row, const char *value, struct options *options)
{
	void *at = (char *)options + row->offset;

	switch (row->kind) {
	case NOTE:
		break;
	case FLAG:
		*(bool *)at = true;
		break;
	case CHOICE:
		*(int *)at = row->lowest;
		break;
	case COUNT:
		(*(int *)at)++;
		break;
	case NUMBER:
		*(int *)at = number(row, value);
		break;
	case TIME:
	case QUIT:
	case SIZE:
		measure(row, value, at);
		break;
	case TEXT:
		*(const char **)at = value != NULL ? value : "";
		break;
	default:
		obey_other(row, value, at);
	}
}

/* Makes getopt_long(3)'s two tables from ours. */
static void
getopt_tables(char *letters, struct option *names)
{
	const struct row *row;

	/* '-': operands in their place, to see whether "--" follows one. */
	*letters++ = '-';
	*letters++ = ':';
	for (row = table; row < table + ROWS; row++) {
		if (row->key < ALL) {
			*letters++ = (char)row->key;
			if (row->argument != NULL && row->argument[0] != '[')
				*letters++ = ':';
		}
		if (row->name != NULL)
			*names++ = (struct option){
				.name = row->name,
				.has_arg = row->argument == NULL ?
				    no_argument : row->argument[0] == '[' ?
				    optional_argument : required_argument,
				.val = row->key,
			};
	}
	*letters = '\0';
	*names = (struct option){ .name = NULL };
}

/* In getopt(3)'s own words, in which libvirt recognizes a netcat. */
static void
bad_option(int answer, const char *word)
{
	bool is_long = strncmp(word, "--", 2) == 0;

	if (answer == ':' && is_long)
		refuse("option '%s' requires an argument", word);
	if (answer == ':')
		refuse("option requires an argument -- '%c'", optopt);
	if (optopt != 0 && is_long)
		refuse("option '%s' takes no argument", word);
	refuse_unknown(optopt, word);
}

/* "--wait 5 host port": an optional argument needs "=", so 5 is an operand. */
static void
check_bare(const struct row *row, const char *word)
{
	int64_t time_us;

	if (row != NULL && row->kind == TIME && row->argument[0] == '[' &&
	    clock_parse(word, &time_us) == NULL)
		refuse("'%.40s' is not a host: write --%s=%.40s", word,
		    row->name, word);
}

/*
 * Moves the operands to argv[1] and returns their number. What follows "--" is
 * operands, too, or if there were some before it, a command (-z).
 */
static int
parse_flags(int argc, char *argv[], struct options *options)
{
	char letters[3 * ROWS + 3];
	struct option names[ROWS + 1];
	const struct row *bare = NULL;
	int key, word, operands = 0;

	getopt_tables(letters, names);
	opterr = 0;
	while (word = optind,
	    (key = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (key == 1) {
			if (operands == 0)
				check_bare(bare, optarg);
			argv[++operands] = optarg;
			continue;
		}
		if (key == ':' || key == '?')
			bad_option(key, argv[word]);
		given[key] = true;
		bare = optarg == NULL ? find_row(key) : NULL;
		obey(find_row(key), key == 'h' && optarg == NULL ?
		    argv[optind] : optarg, options);
	}
	for (; optind < argc && (operands == 0 ||
	    strcmp(argv[optind - 1], "--") != 0); optind++)
		if (strcmp(argv[optind], "--") != 0)
			argv[++operands] = argv[optind];
	if (optind < argc)
		options->command = argv + optind;
	return operands;
}

void
options_parse(int argc, char *argv[], struct options *options)
{
	int operands;

	options->endpoint.type = SOCK_STREAM;
	options->socket.tos = -1;
	options->max_conns = 1000;
	options->scan.settle_us = options->scan.every_us =
	    options->await_us = options->scan.banner_us = options->connect_us =
	    options->relay.idle_us = options->relay.run_us =
	    options->given.wait_us = options->given.quit_us = CLOCK_UNSET;
	operands = parse_flags(argc, argv, options);
	conflicts_check();
	operands_parse(options, argv + 1, operands);
	pour(options);
}
