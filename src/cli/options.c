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

/*
 * Every option, in the order of --help, whose parts begin where help.c says.
 * The parser and --help are made from it, and the tests compare manual and
 * completions with it.
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
#define PLACE(kind, field, lowest, highest) \
	kind, offsetof(struct options, field), lowest, highest
#define ALONE(kind)		kind, 0, 0, 0
#define TO(kind, field)		PLACE(kind, field, 0, 0)
#define BARE(field, seconds)	PLACE(TIME, field, seconds, 0)
#define SETS(field, value)	PLACE(CHOICE, field, value, 0)
#define WITHIN(field, lowest, highest) \
	PLACE(NUMBER, field, lowest, highest)
/* What is for the ends of a relay, and so not for one between two others. */
#define NO_RELAY "exec,sh-exec,in,out,broker,chat,d,recv-only,send-only,N," \
	"no-shutdown,q,C,t,W,i,expect-digest"

	/* Connect */
	{ 'U', "unixsock", NULL, SETS(endpoint.family, AF_UNIX),
	    "use a UNIX socket; @NAME: abstract", NULL },
	{ 'u', "udp", NULL, SETS(endpoint.type, SOCK_DGRAM), "use datagrams",
	    NULL },
	{ '4', "ipv4", NULL, SETS(endpoint.family, AF_INET), "use IPv4 only",
	    "!6,U" },
	{ '6', "ipv6", NULL, SETS(endpoint.family, AF_INET6), "use IPv6 only",
	    "!U" },
	{ 'n', "nodns", NULL, TO(FLAG, endpoint.numeric),
	    "do not look up names", NULL },
	{ 'p', "source-port", "PORT", TO(TEXT, given.port),
	    "port to connect from, or listen on", "!U: a path has no port" },
	{ 's', "source", "ADDRESS", TO(TEXT, socket.source_host),
	    "address to connect from, or listen on", NULL },
	{ 'w', NULL, "TIME", TO(TIME, given.wait_us),
	    "timeout for connecting and inactivity", NULL },
	{ CONNECT_TIMEOUT, "connect-timeout", "TIME", TO(TIME, connect_us),
	    "timeout for connecting", NULL },
	{ WAIT, "wait", "[=TIME]", BARE(await_us, 30),
	    "retry until it connects; 0: forever", "!l" },

	/* Listen */
	{ 'l', "listen", NULL, SETS(mode, MODE_LISTEN),
	    "listen instead of connecting", NULL },
	{ 'k', "keep-open", NULL, TO(FLAG, keep_open),
	    "keep listening, serve many peers at once", "l" },
	{ EXEC, "exec", "COMMAND", TO(TEXT, child.command),
	    "run COMMAND instead of stdin and stdout",
	    "!z,d,in,out,recv-only,send-only,sh-exec,expect-digest" },
	{ SH_EXEC, "sh-exec", "COMMAND", TO(TEXT, child.command),
	    "like --exec, but through /bin/sh",
	    "!z,d,in,out,recv-only,send-only,expect-digest" },
	{ BROKER, "broker", NULL, TO(FLAG, broker),
	    "-k: what one peer sends goes to all others",
	    "k; !u: datagrams have no end; !in,out,exec,sh-exec" },
	{ CHAT, "chat", NULL, TO(FLAG, chat),
	    "like --broker, each line with its sender",
	    "k; !u: datagrams have no end; !in,out,exec,sh-exec" },
	{ ALLOW, "allow", "NETWORKS", TO(NETWORKS, allow),
	    "-l: only these may connect", "l; !U: a path has permissions" },
	{ DENY, "deny", "NETWORKS", TO(NETWORKS, deny),
	    "-l: these may not connect", "l; !U: a path has permissions" },
	{ MAX_CONNS, "max-conns", "COUNT", WITHIN(max_conns, 1, 65535),
	    "-k: peers at once (1000)", "k" },

	/* Forward */
	{ FORWARD, "forward", "TARGET", TO(TEXT, given.forward),
	    "-l: connect each peer to HOST:PORT",
	    "l; !proxy-server," NO_RELAY },
	{ PROXY_SERVER, "proxy-server", NULL, TO(FLAG, forward.asked),
	    "-l: act as a SOCKS and HTTP proxy",
	    "l; !u,U," NO_RELAY },
	{ FORWARD_CA, "forward-ca", "FILE", TO(TEXT, forward.tls.ca),
	    "--forward tls: trust these authorities", "forward" },
	{ FORWARD_PIN, "forward-pin", "PIN", TO(PIN, forward.tls),
	    "--forward tls: accept only this key", "forward" },
	{ SEND_PROXY, "send-proxy", "[=VERSION]", TO(TEXT, given.send_proxy),
	    "--forward: send a PROXY header first", "forward; !u,x" },
	{ ACCEPT_PROXY, "accept-proxy", NULL, TO(FLAG, forward.accept_header),
	    "-l: require a PROXY header from each peer", "l; !u" },
	{ PROXY_AUTH, "proxy-auth", "USER", TO(TEXT, given.proxy_auth),
	    "--proxy-server: require user and password", "proxy-server" },
	{ ALLOW_TO, "allow-to", "NETWORKS", TO(NETWORKS, forward.allow),
	    "--proxy-server: only to these addresses", "proxy-server" },
	{ DENY_TO, "deny-to", "NETWORKS", TO(NETWORKS, forward.deny),
	    "--proxy-server: not to these addresses", "proxy-server" },

	/* Transfer */
	{ IN, "in", "FILE", TO(TEXT, local.in), "read FILE instead of stdin",
	    "!d,recv-only; !expect-digest: it only receives" },
	{ OUT, "out", "FILE", TO(TEXT, local.out.path),
	    "write to FILE (FILE.part until complete)",
	    "!u: datagrams have no end; !send-only" },
	{ RESUME, "resume", NULL, TO(FLAG, local.out.resume),
	    "--out: continue FILE.part",
	    "out; !k: each peer of -k has a new file" },
	{ PROGRESS, "progress", NULL, TO(FLAG, report.progress),
	    "show progress", NULL },
	{ SIZE_GIVEN, "size", "SIZE", TO(SIZE, report.size),
	    "bytes to expect, for --progress: 3.2G", NULL },
	{ DIGEST, "digest", "[=NAME]", TO(TEXT, report.digest),
	    "print a hash of the data (sha256)", NULL },
	{ EXPECT_DIGEST, "expect-digest", "HEX", TO(TEXT, report.expected),
	    "fail unless what is received has this hash",
	    "!u: datagrams have no end; !N: its FIN would come before the "
	    "check; !send-only" },
	{ OUTPUT, "output", "FILE", TO(TEXT, report.output),
	    "also write received data to FILE", NULL },
	{ HEX_DUMP, "hex-dump", "FILE", TO(TEXT, report.hex_dump),
	    "write a hex dump of all traffic (-: stderr)", NULL },
	{ RECV_ONLY, "recv-only", NULL, TO(FLAG, local.no_input),
	    "receive only: do not read stdin", "!send-only" },
	{ SEND_ONLY, "send-only", NULL, TO(FLAG, local.no_output),
	    "send only; quit when all is acknowledged", NULL },
	{ 'd', NULL, NULL, TO(FLAG, local.no_input), "do not read stdin",
	    "!send-only: nothing is left to do" },
	{ 'N', NULL, NULL, TO(FLAG, relay.end_at_once),
	    "shut down sending even without input", "!no-shutdown" },
	{ NO_SHUTDOWN, "no-shutdown", NULL, TO(FLAG, relay.no_half_close),
	    "keep sending side open after EOF on stdin", NULL },
	{ 'q', NULL, "TIME", TO(QUIT, given.quit_us),
	    "quit at most TIME after EOF on stdin", NULL },
	{ 'C', "crlf", NULL, TO(FLAG, relay.crlf), "send LF as CR LF", NULL },
	{ OFFSET, "offset", "SIZE", TO(SIZE, local.offset),
	    "--in: skip this many bytes", "in" },
	{ PREFIX, "prefix", "HASH", TO(HASH, local.prefix),
	    "--offset: sha256:HEX of the bytes skipped", "offset" },
	{ SPARSE, "sparse", NULL, TO(FLAG, local.out.sparse),
	    "--out: store zeros as holes", "out" },
	{ ALLOW_EMPTY, "allow-empty", NULL, TO(FLAG, local.allow_empty),
	    "--out: accept a peer that sends nothing", "out" },
	{ APPEND, "append", NULL, TO(FLAG, report.append),
	    "append to the files of --output, --hex-dump", "output|hex-dump" },
	{ SUMMARY_JSON, "summary-json", NULL, TO(FLAG, report.json),
	    "print a JSON summary on stderr at the end", NULL },
	{ 'W', NULL, "COUNT", WITHIN(datagrams, 1, 2147483647),
	    "quit after COUNT datagrams or reads", NULL },
	{ 't', "telnet", NULL, TO(FLAG, relay.telnet), "decline telnet options",
	    "!u: telnet is TCP" },

	/* TLS */
	{ 'c', "tls", NULL, TO(FLAG, tls.on), "use TLS, and verify the peer",
	    "!banner; !u: TLS needs a stream" },
	{ 'H', "pin", "PIN", TO(PIN, tls),
	    "accept only this key: sha256:HEX; repeatable",
	    "c: it is a TLS option; !insecure: each says how to verify the "
	    "peer" },
	{ PSK, "psk", "FILE", TO(TEXT, tls.psk),
	    "use this shared key, no certificates",
	    "c: it is a TLS option; "
	    "!tls-name,cert,K,client-auth,R,insecure,H: each says how to "
	    "verify the peer" },
	{ PSK_NEW, "psk-new", "FILE", ALONE(NEW_PSK),
	    "create such a key and exit", NULL },
	{ 'R', "ca", "FILE", TO(TEXT, tls.ca),
	    "trust these authorities, not the system's",
	    "c|x: it is a TLS option" },
	{ INSECURE, "insecure", NULL, TO(FLAG, tls.insecure),
	    "do not verify the peer",
	    "c: it is a TLS option; !l: clients are only verified by "
	    "--client-auth or -H" },
	{ CERT, "cert", "FILE", TO(TEXT, tls.cert),
	    "our certificate and its chain (PEM)", "c: it is a TLS option" },
	{ 'K', "key", "FILE", TO(TEXT, tls.key),
	    "the key of --cert, if not in its file",
	    "cert; c: it is a TLS option" },
	{ CLIENT_AUTH, "client-auth", NULL, TO(FLAG, tls.client_auth),
	    "-l: require a certificate of clients",
	    "l; c: it is a TLS option" },
	{ TLS_NAME, "tls-name", "NAME", TO(TEXT, tls.name),
	    "expect this name in the certificate",
	    "c: it is a TLS option; !l" },
	{ ALPN, "alpn", "NAMES", TO(TEXT, tls.alpn),
	    "protocols to offer: h2,http/1.1", "c: it is a TLS option" },

	/* Through proxies */
	{ 'x', "proxy", "PROXY", TO(LIST, given.proxies),
	    "connect through HOST[:PORT] or a URL",
	    "!S,banner,probe,probe-hex; !each-address,allow-to,deny-to: the "
	    "proxy looks up the name" },
	{ 'X', "proxy-type", "KIND", TO(LIST, given.proxy_kinds),
	    "proxy protocol: 4, 4A, 5, connect, https", "x" },
	{ 'P', "proxy-user", "USER", TO(LIST, given.proxy_users),
	    "user name at the proxy", "x" },
	{ 'F', NULL, NULL, TO(FLAG, pass_fd),
	    "pass the connected socket to stdout (ssh)",
	    "!l,z,exec,sh-exec,in,out; !c: a descriptor carries no TLS" },

	/* Test ports */
	{ 'z', NULL, NULL, SETS(mode, MODE_SCAN),
	    "only test whether ports are open", "!U: -z tests ports; !l" },
	{ TARGETS, "targets", "FILE", TO(TEXT, given.targets),
	    "-z: test the targets in FILE", "z" },
	{ ALL, "all", NULL, TO(FLAG, scan.all), "-z: every port must be open",
	    "z; !any; !closed: --closed requires all closed" },
	{ ANY, "any", NULL, ALONE(NOTE), "-z: one open port is enough", "z" },
	{ SEND, "send", "TEXT", TO(TEXT, scan.send),
	    "-z: send TEXT to each open port", "z; !http,probe,probe-hex" },
	{ EXPECT, "expect", "REGEX", TO(TEXT, scan.expect),
	    "-z: open only if the answer matches", "z; !http" },
	{ HTTP, "http", "[=PATH]", TO(TEXT, scan.http),
	    "-z: open only if GET gives 2xx or 3xx", "z; !u" },
	{ BANNER, "banner", "[=TIME]", BARE(scan.banner_us, 2),
	    "-z: print the first line a port sends", "z; !u,expect,http" },
	{ EVERY, "every", "TIME", TO(TIME, scan.every_us),
	    "-z: test repeatedly, once every TIME", "z; !wait" },
	{ JSON, "json", NULL, TO(FLAG, scan.json),
	    "-z: print a JSON object for each port", "z" },
	{ CLOSED, "closed", NULL, TO(FLAG, scan.closed),
	    "-z: success if no port is open", "z" },
	{ EACH_ADDRESS, "each-address", NULL, TO(FLAG, scan.each_address),
	    "-z: test every address of the name", "z" },
	{ SETTLE, "settle", "[=TIME]", TO(TIME, scan.settle_us),
	    "-z: open if still connected after TIME",
	    "z; !u: datagrams have no connection" },
	{ COUNT_ROUNDS, "count", "COUNT", WITHIN(scan.count, 1, 2147483647),
	    "--every: quit after COUNT rounds", "every" },
	{ 'r', NULL, NULL, TO(FLAG, shuffle), "test ports in random order",
	    "z" },
	{ PARALLEL, "parallel", "COUNT", WITHIN(scan.parallel, 1, 65535),
	    "-z: ports tested at once", "z" },
	{ PROBE, "probe", "FILE", TO(TEXT, given.probe),
	    "-zu: the datagram to send", "z; u; !probe-hex" },
	{ PROBE_HEX, "probe-hex", "HEX", TO(TEXT, given.probe_hex),
	    "the same, in hexadecimal", "z; u" },
	{ ASSUME_OPEN, "assume-open", NULL, TO(FLAG, scan.assume_open),
	    "-zu: count silent ports as open",
	    "u: only datagrams can be silent; z" },

	/* Limits */
	{ IDLE_TIMEOUT, "idle-timeout", "TIME", TO(TIME, relay.idle_us),
	    "timeout for inactivity", NULL },
	{ TIMEOUT, "timeout", "TIME", TO(TIME, relay.run_us),
	    "timeout for the whole run", NULL },
	{ LIMIT_RATE, "limit-rate", "RATE", TO(SIZE, relay.send_rate),
	    "bytes per second to send: 500k, 10M", NULL },
	{ LIMIT_RATE_IN, "limit-rate-in", "RATE", TO(SIZE, relay.receive_rate),
	    "bytes per second to receive", NULL },
	{ 'i', "interval", "TIME", TO(TIME, interval_us),
	    "pause between lines, or between ports", NULL },

	/* Socket and more */
	{ 'b', "broadcast", NULL, TO(FLAG, socket.broadcast),
	    "allow broadcast addresses", "!U" },
	{ 'v', "verbose", NULL, TO(COUNT, given.verbosity),
	    "print more; -vv, -vvv still more", NULL },
	{ 'h', "help", "[=TOPIC]", ALONE(HELP), "print this and exit", NULL },
	{ PRINT_VERSION, "version", NULL, ALONE(SHOW_VERSION),
	    "print the version and exit", NULL },
	{ 'I', NULL, "BYTES", WITHIN(socket.receive_buffer, 1, 1 << 30),
	    "receive buffer of the socket", NULL },
	{ 'O', NULL, "BYTES", WITHIN(socket.send_buffer, 1, 1 << 30),
	    "send buffer of the socket", NULL },
	{ 'T', NULL, "CLASS", TO(CLASS, socket.tos),
	    "type of service: a name or an octet", "!U" },
	{ 'M', "ttl", "HOPS", WITHIN(socket.ttl, 1, 255), "TTL of packets sent",
	    "!U" },
	{ 'm', "min-ttl", "HOPS", WITHIN(socket.min_ttl, 1, 255),
	    "minimum TTL of packets received", "!U" },
	{ 'S', NULL, NULL, ALONE(NOTE), "sign with TCP MD5; asks for the key",
	    "!U; !u: it signs TCP" },
	{ 'D', NULL, NULL, TO(FLAG, socket.debug), "set SO_DEBUG", NULL },
	{ NO_SANDBOX, "no-sandbox", NULL, TO(FLAG, no_sandbox),
	    "do not use the sandbox", NULL },
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
