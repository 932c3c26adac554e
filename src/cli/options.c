#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <readpassphrase.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/quantity.h"
#include "cli/options.h"
#include "cli/refuse.h"
#include "cli/service_class.h"

#define VERSION	"nc-lite 0.1"

enum kind {
	FLAG,			/* bool: true */
	COUNT,			/* int: one more each time */
	NUMBER,			/* int, within lowest..highest */
	LONG,			/* long, likewise */
	TIME,			/* int64_t microseconds; lowest: if bare */
	SIZE,			/* int64_t bytes, or bytes a second */
	TEXT,			/* const char * */
	CLASS,			/* int: -T's type of service */
	QUIT,			/* -q: a time, or negative for no limit */
	SOURCE_PORT,		/* text; understood once -l is known */
	PIN,			/* one more of struct tls_config's pins */
	NEW_PSK,		/* made at once */
	HELP,
	SHOW_VERSION
};

/* Long options without a letter. */
enum {
	ALL = 256, ALPN, APPEND, BANNER, CERT, CLIENT_AUTH, CONNECT_TIMEOUT,
	DIGEST, EACH_ADDRESS, EXEC, EXPECT_DIGEST, HEX_DUMP, IDLE_TIMEOUT, IN,
	INSECURE, JSON, LIMIT_RATE, LIMIT_RATE_IN, MAX_CONNS, NO_SHUTDOWN, OUT,
	OUTPUT, PARALLEL, PRINT_VERSION, PROBE, PROBE_HEX, PROGRESS, PSK,
	PSK_NEW, RECV_ONLY, SEND_ONLY, SH_EXEC, SIZE_GIVEN, SUMMARY_JSON,
	TIMEOUT, TLS_NAME, WAIT
};

#define SCAN_TIME	(3 * CLOCK_SECOND)	/* for a port, unless told */
#define AT(field)	offsetof(struct options, field)

/* The one table: parser, usage, and the tests of manual and completions. */
static const struct row {
	int	 key;			/* the letter, or one of the above */
	const char *name;		/* the long name, or NULL */
	const char *argument;		/* NULL: takes none; [=...]: may */
	enum kind kind;
	size_t	 offset;
	long	 lowest, highest;
	const char *text;
} table[] = {
	{ '4', "ipv4", NULL, FLAG, AT(given.four), 0, 0, "IPv4 only" },
	{ '6', "ipv6", NULL, FLAG, AT(given.six), 0, 0, "IPv6 only" },
	{ 'b', "broadcast", NULL, FLAG, AT(socket.broadcast), 0, 0,
	    "allow broadcast addresses" },
	{ 'C', "crlf", NULL, FLAG, AT(given.crlf), 0, 0,
	    "send LF as CR LF" },
	{ 'c', "tls", NULL, FLAG, AT(tls.on), 0, 0,
	    "TLS, sure who is there; never a command" },
	{ 'D', NULL, NULL, FLAG, AT(socket.debug), 0, 0, "set SO_DEBUG" },
	{ 'd', NULL, NULL, FLAG, AT(given.no_stdin), 0, 0,
	    "do not read stdin" },
	{ 'H', "pin", "PIN", PIN, 0, 0, 0,
	    "the peer's key: sha256:HEX; repeatable" },
	{ 'h', "help", NULL, HELP, 0, 0, 0, "print this and exit" },
	{ 'I', NULL, "BYTES", NUMBER, AT(socket.receive_buffer), 1, 1 << 30,
	    "receive buffer of the socket" },
	{ 'i', "interval", "TIME", TIME, AT(interval_us), 0, 0,
	    "pause between lines, or ports" },
	{ 'K', "key", "FILE", TEXT, AT(tls.key), 0, 0,
	    "the key of --cert, if not in its file" },
	{ 'k', "keep-open", NULL, FLAG, AT(keep_open), 0, 0,
	    "listen again after a peer" },
	{ 'l', "listen", NULL, FLAG, AT(given.listen), 0, 0,
	    "listen for a peer" },
	{ 'M', "ttl", "HOPS", NUMBER, AT(socket.ttl), 1, 255,
	    "TTL of what is sent" },
	{ 'm', "min-ttl", "HOPS", NUMBER, AT(socket.min_ttl), 1, 255,
	    "TTL packets must still have" },
	{ 'N', NULL, NULL, FLAG, AT(given.shutdown), 0, 0,
	    "end our way even without input" },
	{ 'n', "nodns", NULL, FLAG, AT(numeric), 0, 0,
	    "look up neither names nor services" },
	{ 'O', NULL, "BYTES", NUMBER, AT(socket.send_buffer), 1, 1 << 30,
	    "send buffer of the socket" },
	{ 'p', "source-port", "PORT", SOURCE_PORT, AT(given.port), 0, 0,
	    "port to connect from, or listen on" },
	{ 'q', NULL, "TIME", QUIT, AT(given.quit_us), 0, 0,
	    "at most TIME after stdin's end" },
	{ 'R', "ca", "FILE", TEXT, AT(tls.ca), 0, 0,
	    "authorities, in place of the system's" },
	{ 'r', NULL, NULL, FLAG, AT(shuffle), 0, 0, "ports in random order" },
	{ 'S', NULL, NULL, FLAG, AT(given.sign), 0, 0,
	    "sign with TCP MD5; asks for the key" },
	{ 's', "source", "ADDRESS", TEXT, AT(socket.source_host), 0, 0,
	    "address to connect from, or listen on" },
	{ 'T', NULL, "CLASS", CLASS, AT(socket.tos), 0, 0,
	    "type of service: a name or an octet" },
	{ 't', "telnet", NULL, FLAG, AT(given.telnet), 0, 0,
	    "decline telnet options" },
	{ 'U', "unixsock", NULL, FLAG, AT(given.unix_socket), 0, 0,
	    "UNIX socket; @NAME: abstract" },
	{ 'u', "udp", NULL, FLAG, AT(given.udp), 0, 0, "datagrams" },
	{ 'v', "verbose", NULL, COUNT, AT(given.verbosity), 0, 0,
	    "say more; -vv, -vvv still more" },
	{ 'W', NULL, "COUNT", LONG, AT(datagrams), 1, 2147483647,
	    "end after COUNT datagrams" },
	{ 'w', NULL, "TIME", TIME, AT(given.wait_us), 0, 0,
	    "limit of connecting and of idleness" },
	{ 'z', NULL, NULL, FLAG, AT(given.scan), 0, 0,
	    "only test whether ports are open" },
	{ ALL, "all", NULL, FLAG, AT(scan.all), 0, 0,
	    "-z: every port must be open" },
	{ ALPN, "alpn", "NAMES", TEXT, AT(tls.alpn), 0, 0,
	    "protocols to agree on: h2,http/1.1" },
	{ APPEND, "append", NULL, FLAG, AT(report.append), 0, 0,
	    "--output, --hex-dump: keep what is there" },
	{ BANNER, "banner", "[=TIME]", TIME, AT(scan.banner_us), 2, 0,
	    "-z: print what an open port says" },
	{ CERT, "cert", "FILE", TEXT, AT(tls.cert), 0, 0,
	    "our certificate, with its chain" },
	{ CLIENT_AUTH, "client-auth", NULL, FLAG, AT(tls.client_auth), 0, 0,
	    "-l: ask clients for a certificate" },
	{ CONNECT_TIMEOUT, "connect-timeout", "TIME", TIME,
	    AT(given.connect_us), 0, 0, "limit of connecting" },
	{ DIGEST, "digest", "[=NAME]", TEXT, AT(report.digest), 0, 0,
	    "print a hash of what passed (sha256)" },
	{ EACH_ADDRESS, "each-address", NULL, FLAG, AT(scan.each_address), 0,
	    0, "-z: all addresses of the name" },
	{ EXEC, "exec", "COMMAND", TEXT, AT(given.exec), 0, 0,
	    "COMMAND in the place of stdin and stdout" },
	{ EXPECT_DIGEST, "expect-digest", "HEX", TEXT, AT(report.expected),
	    0, 0, "fail unless what is received has this hash" },
	{ HEX_DUMP, "hex-dump", "FILE", TEXT, AT(report.hex_dump), 0, 0,
	    "what passes, for people (-: stderr)" },
	{ IDLE_TIMEOUT, "idle-timeout", "TIME", TIME, AT(given.idle_us), 0, 0,
	    "limit of idleness" },
	{ IN, "in", "FILE", TEXT, AT(local.in), 0, 0,
	    "FILE in the place of stdin" },
	{ INSECURE, "insecure", NULL, FLAG, AT(tls.insecure), 0, 0,
	    "whoever answers will do" },
	{ JSON, "json", NULL, FLAG, AT(scan.json), 0, 0,
	    "-z: an object for each port" },
	{ LIMIT_RATE, "limit-rate", "RATE", SIZE, AT(relay.send_rate), 0, 0,
	    "bytes a second to send: 500k, 10M" },
	{ LIMIT_RATE_IN, "limit-rate-in", "RATE", SIZE,
	    AT(relay.receive_rate), 0, 0, "bytes a second to receive" },
	{ MAX_CONNS, "max-conns", "COUNT", NUMBER, AT(max_conns), 1, 65535,
	    "commands at once with -k" },
	{ NO_SHUTDOWN, "no-shutdown", NULL, FLAG, AT(given.no_shutdown), 0, 0,
	    "stdin's end does not end our way" },
	{ OUT, "out", "FILE", TEXT, AT(local.out), 0, 0,
	    "FILE for stdout; FILE.part until complete" },
	{ OUTPUT, "output", "FILE", TEXT, AT(report.output), 0, 0,
	    "what is received, as well as stdout" },
	{ PARALLEL, "parallel", "COUNT", NUMBER, AT(scan.parallel), 1, 65535,
	    "-z: ports asked at once" },
	{ PROBE, "probe", "FILE", TEXT, AT(given.probe), 0, 0,
	    "-zu: the datagram to send" },
	{ PROBE_HEX, "probe-hex", "HEX", TEXT, AT(given.probe_hex), 0, 0,
	    "likewise, in hexadecimal" },
	{ PROGRESS, "progress", NULL, FLAG, AT(report.progress), 0, 0,
	    "show how far it is" },
	{ PSK, "psk", "FILE", TEXT, AT(tls.psk), 0, 0,
	    "the key both ends share, no certificate" },
	{ PSK_NEW, "psk-new", "FILE", NEW_PSK, 0, 0, 0,
	    "make such a key and exit" },
	{ RECV_ONLY, "recv-only", NULL, FLAG, AT(given.recv_only), 0, 0,
	    "only receive" },
	{ SEND_ONLY, "send-only", NULL, FLAG, AT(given.send_only), 0, 0,
	    "only send; end when all has arrived" },
	{ SH_EXEC, "sh-exec", "COMMAND", TEXT, AT(given.sh_exec), 0, 0,
	    "likewise, through /bin/sh" },
	{ SIZE_GIVEN, "size", "SIZE", SIZE, AT(report.size), 0, 0,
	    "bytes to expect, for --progress: 3.2G" },
	{ SUMMARY_JSON, "summary-json", NULL, FLAG, AT(report.json), 0, 0,
	    "a JSON object at the end, on stderr" },
	{ TIMEOUT, "timeout", "TIME", TIME, AT(given.run_us), 0, 0,
	    "limit of the whole run" },
	{ TLS_NAME, "tls-name", "NAME", TEXT, AT(tls.name), 0, 0,
	    "the server's name, if not HOST" },
	{ PRINT_VERSION, "version", NULL, SHOW_VERSION, 0, 0, 0,
	    "print the version and exit" },
	{ WAIT, "wait", "[=TIME]", TIME, AT(await_us), 30, 0,
	    "try again until open; 0: for ever" },
};

#define ROWS	(sizeof(table) / sizeof(table[0]))

static bool given[ROWS];

static bool
is_given(int key)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (table[i].key == key)
			return given[i];
	return false;
}

/* "-w" or "--timeout", for messages. */
static const char *
key_text(const struct row *row, char *text, size_t size)
{
	if (row->key < 256)
		snprintf(text, size, "-%c", row->key);
	else
		snprintf(text, size, "--%s", row->name);
	return text;
}

static void
bad_value(const struct row *row, const char *value, const char *why)
{
	char key[32];

	refuse("%s: bad value '%s': %s", key_text(row, key, sizeof(key)),
	    value, why);
}

static long
number(const struct row *row, const char *value)
{
	const char *error;
	char why[80];
	long result = (long)strtonum(value, row->lowest, row->highest, &error);

	if (error != NULL) {
		snprintf(why, sizeof(why), "%s; use %ld to %ld", error,
		    row->lowest, row->highest);
		bad_value(row, value, why);
	}
	return result;
}

static void
measure(const struct row *row, const char *value, int64_t *at)
{
	const char *error = NULL;

	if (value == NULL)
		*at = row->lowest * CLOCK_SECOND;
	else
		error = row->kind == SIZE ? quantity_bytes(value, at) :
		    clock_parse(value, at);
	if (error == NULL && row->kind == SIZE && *at == 0)
		error = "too small";
	if (error != NULL)
		bad_value(row, value, error);
}

static void
quit_time(const struct row *row, const char *value, struct options *options)
{
	options->given.quit = true;
	if (value[0] == '-')
		options->given.quit_us = CLOCK_UNSET;
	measure(row, value + (value[0] == '-'), value[0] == '-' ?
	    &(int64_t){ 0 } : &options->given.quit_us);
}

static void
add_pin(const struct row *row, const char *value, struct tls_config *tls)
{
	if (strncasecmp(value, "sha256:", 7) != 0 || strlen(value) != 7 + 64 ||
	    strspn(value + 7, "0123456789abcdefABCDEF") != 64)
		bad_value(row, value, "use sha256: and 64 hexadecimal digits");
	if (tls->pins == TLS_PINS)
		bad_value(row, value, "too many pins");
	tls->pin[tls->pins++] = value;
}

/* What is done at once, instead of all else. */
static _Noreturn void
act(const struct row *row, const char *value)
{
	if (row->kind == NEW_PSK)
		diag_exit(tls_psk_create(value));
	if (row->kind == HELP)
		options_usage();
	else
		puts(VERSION);
	/* What was asked for is on stdout, or it is not. */
	if (fflush(stdout) == EOF)
		refuse("stdout: %s", strerror(errno));
	diag_exit(EXIT_DONE);
}

static void
obey(const struct row *row, const char *value, struct options *options)
{
	char *at = (char *)options + row->offset;
	const char *error;

	switch (row->kind) {
	case FLAG:
		*(bool *)at = true;
		break;
	case COUNT:
		(*(int *)at)++;
		break;
	case NUMBER:
		*(int *)at = (int)number(row, value);
		break;
	case LONG:
		*(long *)at = number(row, value);
		break;
	case TIME:
	case SIZE:
		measure(row, value, (int64_t *)at);
		break;
	case TEXT:
	case SOURCE_PORT:
		*(const char **)at = value != NULL ? value : "";
		break;
	case CLASS:
		error = service_class_parse(value, (int *)at);
		if (error != NULL)
			bad_value(row, value, error);
		break;
	case QUIT:
		quit_time(row, value, options);
		break;
	case PIN:
		add_pin(row, value, &options->tls);
		break;
	case NEW_PSK:
	case HELP:
	case SHOW_VERSION:
		act(row, value);
	}
}

void
options_usage(void)
{
	char key[64];
	size_t i;

	puts("usage: nc-lite [options] host port\n"
	    "       nc-lite -l [options] [address] port\n"
	    "       nc-lite -U [-l] [options] path\n"
	    "       nc-lite -z [options] host ports [-- command]\n\n"
	    "TIME is in seconds, or has a unit: 0.5, 500ms, 2m, 1h.\n"
	    "SIZE and RATE are in bytes, or have a unit: 500k, 3.2M, 1G.\n");
	for (i = 0; i < ROWS; i++) {
		const struct row *row = &table[i];

		snprintf(key, sizeof(key), "%s%s%s%s%s",
		    row->key < 256 ? (char[]){ '-', (char)row->key, 0 } : "",
		    row->key < 256 && row->name != NULL ? ", " : "",
		    row->name != NULL ? "--" : "",
		    row->name != NULL ? row->name : "",
		    row->argument != NULL && row->argument[0] != '[' ?
		    " " : "");
		printf("  %s%-*s %s\n", key, (int)(27 - strlen(key)),
		    row->argument != NULL ? row->argument : "", row->text);
	}
}

/* What getopt_long(3) wants, made from the table. */
static void
getopt_tables(char *letters, struct option *names)
{
	size_t i;

	/* Operands as they come: a "--" after them is not one before. */
	*letters++ = '-';
	*letters++ = ':';
	for (i = 0; i < ROWS; i++) {
		if (table[i].key < 256) {
			*letters++ = (char)table[i].key;
			if (table[i].argument != NULL)
				*letters++ = ':';
		}
		if (table[i].name != NULL)
			*names++ = (struct option){
				.name = table[i].name,
				.has_arg = table[i].argument == NULL ?
				    no_argument : table[i].argument[0] == '[' ?
				    optional_argument : required_argument,
				.val = table[i].key,
			};
	}
	*letters = '\0';
	*names = (struct option){ .name = NULL };
}

/* The words are getopt's own: libvirt looks for them. */
static void
missing_value(char *argv[])
{
	if (strncmp(argv[optind - 1], "--", 2) == 0)
		refuse("option '%s' requires an argument", argv[optind - 1]);
	refuse("option requires an argument -- '%c'", optopt);
}

/*
 * Gathers the operands at argv[1] and returns how many there are. After "--"
 * all are, until there were some before it: then the rest is a command.
 */
static int
parse_flags(int argc, char *argv[], struct options *options)
{
	char letters[3 * ROWS + 3];
	struct option names[ROWS + 1];
	int key, operands = 0;
	size_t i;

	getopt_tables(letters, names);
	opterr = 0;
	while ((key = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (key == ':')
			missing_value(argv);
		if (key == '?' && optopt != 0 &&
		    strncmp(argv[optind - 1], "--", 2) == 0)
			refuse("option '%s' takes no argument",
			    argv[optind - 1]);
		if (key == '?')
			refuse_unknown(optopt, argv[optind - 1]);
		if (key == 1) {
			argv[++operands] = optarg;
			continue;
		}
		for (i = 0; table[i].key != key; i++)
			;
		given[i] = true;
		obey(&table[i], optarg, options);
	}
	for (; optind < argc && (operands == 0 ||
	    strcmp(argv[optind - 1], "--") != 0); optind++)
		if (strcmp(argv[optind], "--") != 0)
			argv[++operands] = argv[optind];
	if (optind < argc)
		options->command = argv + optind;
	return operands;
}

/* What cannot go together, one sentence each. */
static void
check_conflicts(void)
{
	static const struct { int a, b; const char *sentence; } pairs[] = {
		{ '4', '6', "cannot use -4 and -6 together" },
		{ 'U', '4', "cannot use -4 and -U together" },
		{ 'U', '6', "cannot use -6 and -U together" },
		{ 'U', 'p', "cannot use -p and -U: a path has no port" },
		{ 'U', 'b', "cannot use -b and -U together" },
		{ 'U', 'S', "cannot use -S and -U together" },
		{ 'U', 'T', "cannot use -T and -U together" },
		{ 'U', 'M', "cannot use -M and -U together" },
		{ 'U', 'm', "cannot use -m and -U together" },
		{ 'U', 'z', "cannot use -z and -U: -z tests ports" },
		{ 'l', 'z', "cannot use -z and -l together" },
		{ 'c', BANNER, "cannot use -c and --banner together" },
		{ 'u', 'c', "cannot use -c and -u: TLS needs a stream" },
		{ 'l', INSECURE, "cannot use --insecure and -l: clients are "
		    "only asked with --client-auth or -H" },
		{ 'l', TLS_NAME, "cannot use --tls-name and -l together" },
		{ 'u', 'S', "cannot use -S and -u: it signs TCP" },
		{ 'u', 't', "cannot use -t and -u: telnet is TCP" },
		{ 'u', EXEC, "cannot use --exec and -u together" },
		{ 'u', BANNER, "cannot use --banner and -u together" },
		{ 'l', WAIT, "cannot use --wait and -l together" },
		{ PROBE, PROBE_HEX,
		    "cannot use --probe and --probe-hex together" },
		{ 'u', SH_EXEC, "cannot use --sh-exec and -u together" },
		{ 'z', EXEC, "cannot use --exec and -z together" },
		{ 'z', SH_EXEC, "cannot use --sh-exec and -z together" },
		{ 'N', NO_SHUTDOWN, "cannot use -N and --no-shutdown together" },
		{ 'd', SEND_ONLY, "cannot use -d and --send-only: nothing "
		    "would be left to do" },
		{ RECV_ONLY, SEND_ONLY,
		    "cannot use --recv-only and --send-only together" },
		{ 'k', OUT, "cannot use --out and -k: one file, many peers" },
		{ 'u', OUT, "cannot use --out and -u: datagrams have no end" },
		{ 'u', EXPECT_DIGEST,
		    "cannot use --expect-digest and -u: datagrams have no end" },
		{ 'N', EXPECT_DIGEST, "cannot use --expect-digest and -N: our "
		    "end says that it was right" },
		{ 'd', IN, "cannot use --in and -d together" },
		{ RECV_ONLY, IN, "cannot use --in and --recv-only together" },
		{ EXPECT_DIGEST, IN,
		    "cannot use --in and --expect-digest: that only receives" },
		{ SEND_ONLY, OUT, "cannot use --out and --send-only together" },
		{ SEND_ONLY, EXPECT_DIGEST,
		    "cannot use --expect-digest and --send-only together" },
		{ EXEC, IN, "cannot use --exec and --in together" },
		{ EXEC, OUT, "cannot use --exec and --out together" },
		{ EXEC, EXPECT_DIGEST,
		    "cannot use --exec and --expect-digest together" },
		{ SH_EXEC, IN, "cannot use --sh-exec and --in together" },
		{ SH_EXEC, OUT, "cannot use --sh-exec and --out together" },
		{ SH_EXEC, EXPECT_DIGEST,
		    "cannot use --sh-exec and --expect-digest together" },
		{ EXEC, SH_EXEC, "cannot use --exec and --sh-exec together" },
		{ EXEC, 'd', "cannot use --exec and -d together" },
		{ SH_EXEC, 'd', "cannot use --sh-exec and -d together" },
		{ EXEC, RECV_ONLY, "cannot use --exec and --recv-only together" },
		{ EXEC, SEND_ONLY, "cannot use --exec and --send-only together" },
		{ SH_EXEC, RECV_ONLY,
		    "cannot use --sh-exec and --recv-only together" },
		{ SH_EXEC, SEND_ONLY,
		    "cannot use --sh-exec and --send-only together" },
	};
	static const struct { int key, needed; const char *sentence; } needs[] = {
		{ 'k', 'l', "must use -l with -k" },
		{ 'W', 'u', "must use -u with -W: it counts datagrams" },
		{ CLIENT_AUTH, 'l', "must use -l with --client-auth" },
		{ ALL, 'z', "must use -z with --all" },
		{ BANNER, 'z', "must use -z with --banner" },
		{ EACH_ADDRESS, 'z', "must use -z with --each-address" },
		{ JSON, 'z', "must use -z with --json" },
		{ PARALLEL, 'z', "must use -z with --parallel" },
		{ PROBE, 'z', "must use -z with --probe" },
		{ PROBE, 'u', "must use -u with --probe" },
		{ PROBE_HEX, 'z', "must use -z with --probe-hex" },
		{ PROBE_HEX, 'u', "must use -u with --probe-hex" },
		{ 'r', 'z', "must use -z with -r" },
		{ MAX_CONNS, 'k', "must use -k with --max-conns" },
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (is_given(pairs[i].a) && is_given(pairs[i].b))
			refuse("%s", pairs[i].sentence);
	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (is_given(needs[i].key) && !is_given(needs[i].needed))
			refuse("%s", needs[i].sentence);
	if (is_given('K') && !is_given(CERT))
		refuse("must use --cert with -K");
	if (is_given(APPEND) && !is_given(OUTPUT) && !is_given(HEX_DUMP))
		refuse("must use --output or --hex-dump with --append");
	if (is_given(MAX_CONNS) && !is_given(EXEC) && !is_given(SH_EXEC))
		refuse("must use --exec or --sh-exec with --max-conns");
}

/* What only TLS knows, and what a shared key makes meaningless. */
static void
check_tls(const struct options *options)
{
	static const struct { int key; bool with_psk, with_pin; } tls[] = {
		{ PSK, true, false }, { ALPN, true, true },
		{ TLS_NAME, false, true }, { CERT, false, true },
		{ 'K', false, true }, { CLIENT_AUTH, false, true },
		{ 'R', false, false }, { INSECURE, false, false },
		{ 'H', false, true },
	};
	char key[32];
	size_t i, j;

	for (i = 0; i < sizeof(tls) / sizeof(tls[0]); i++) {
		if (!is_given(tls[i].key))
			continue;
		for (j = 0; table[j].key != tls[i].key; j++)
			;
		key_text(&table[j], key, sizeof(key));
		if (!options->tls.on)
			refuse("must use -c (TLS) with %s", key);
		if ((is_given(PSK) && !tls[i].with_psk) ||
		    (is_given('H') && !tls[i].with_pin))
			refuse("cannot use %s and %s together: each is to say "
			    "who the peer is", is_given(PSK) ? "--psk" : "-H",
			    key);
	}
}

static const char *
protocol(const struct options *options)
{
	return options->type == SOCK_DGRAM ? "udp" : "tcp";
}

static uint16_t
one_port(const struct options *options, const char *text, int lowest)
{
	int port = ports_parse_one(text, protocol(options), lowest);

	if (port == -1)
		refuse("invalid port '%.40s': use %d to 65535 or a service name",
		    text, lowest);
	return (uint16_t)port;
}

static void
check_host(const struct options *options)
{
	struct address address;

	if (options->family == AF_UNIX &&
	    !address_parse_unix(options->host, &address))
		refuse("path '%.40s%s' %s (%zu bytes, 1 to %zu will do)",
		    options->host, strlen(options->host) > 40 ? "..." : "",
		    "does not fit a UNIX socket", strlen(options->host),
		    sizeof(address.sa.un.sun_path) - 1);
	if (options->family != AF_UNIX && options->host != NULL &&
	    (options->host[0] == '\0' ||
	    strlen(options->host) > ADDRESS_NAME))
		refuse("host '%.40s%s' is no host name (%zu characters, 1 to "
		    "%d will do)", options->host,
		    strlen(options->host) > 40 ? "..." : "",
		    strlen(options->host), ADDRESS_NAME);
}

/* -l PORT, -l ADDRESS PORT, -l -p PORT [ADDRESS]; -s is the address too. */
static void
listen_operands(struct options *options, char *operand[], int count)
{
	const char *port = options->given.port;
	int most = port == NULL ? 2 : 1;

	if (count > most)
		refuse("too many operands at '%.40s': use -l [ADDRESS] PORT",
		    operand[most]);
	if (port == NULL && count > 0)
		port = operand[--count];
	if (port == NULL)
		refuse("missing port: use -l PORT (0: any); try --help");
	if (count == 1 && options->given.port != NULL &&
	    operand[0][strspn(operand[0], "0123456789")] == '\0')
		refuse("port given twice: '%.40s' and -p '%.40s'", operand[0],
		    options->given.port);
	if (count == 1 && options->socket.source_host != NULL)
		refuse("address given twice: '%.40s' and -s '%.40s'",
		    operand[0], options->socket.source_host);
	options->host = count == 1 ? operand[0] : options->socket.source_host;
	options->socket.source_host = NULL;
	options->port = one_port(options, port, 0);
}

static void
connect_operands(struct options *options, char *operand[], int count)
{
	const char *error;

	if (count < 2)
		refuse("missing %s: use nc-lite [options] HOST PORT; try "
		    "--help", count == 0 ? "host and port" : "port");
	if (count > 2)
		refuse("too many operands at '%.40s': use HOST PORT",
		    operand[2]);
	options->host = operand[0];
	options->ports_text = operand[1];
	error = ports_parse(operand[1], protocol(options), &options->ports);
	if (error != NULL)
		refuse("invalid port '%.80s': %s", operand[1], error);
	if (options->ports.count > 1 && options->mode != MODE_SCAN)
		refuse("several ports '%.40s': only -z takes more than one",
		    operand[1]);
	options->port = options->ports.port[0];
	if (options->given.port != NULL)
		options->socket.source_port =
		    one_port(options, options->given.port, 1);
}

static void
path_operand(struct options *options, char *operand[], int count)
{
	if (count == 0)
		refuse("missing path: use -U PATH; try --help");
	if (count > 1)
		refuse("too many operands at '%.40s': use -U PATH",
		    operand[1]);
	if (options->socket.source_host != NULL &&
	    (options->type != SOCK_DGRAM || options->given.listen))
		refuse("-s with -U is the path of a datagram client only");
	options->host = operand[0];
}

/* ncat -c and nc.traditional -c run a command: no operand of ours. */
static void
check_command(const struct options *options, char *operand[], int count)
{
	int i, most = options->given.unix_socket ? 1 : 2;

	for (i = 0; i < count; i++)
		if (strpbrk(operand[i], " \t") != NULL || i >= most ||
		    (operand[i][0] == '/' && !options->given.unix_socket))
			refuse("'%.40s' does not fit: -c is TLS here, use "
			    "--sh-exec COMMAND for a command", operand[i]);
}

static void
parse_operands(struct options *options, char *operand[], int count)
{
	options->type = options->given.udp ? SOCK_DGRAM : SOCK_STREAM;
	options->family = options->given.unix_socket ? AF_UNIX :
	    options->given.four ? AF_INET :
	    options->given.six ? AF_INET6 : AF_UNSPEC;
	options->mode = options->given.listen ? MODE_LISTEN :
	    options->given.scan ? MODE_SCAN : MODE_CLIENT;
	if (options->tls.on)
		check_command(options, operand, count);
	if (options->given.unix_socket)
		path_operand(options, operand, count);
	else if (options->given.listen)
		listen_operands(options, operand, count);
	else
		connect_operands(options, operand, count);
	check_host(options);
	if (options->command != NULL && options->mode != MODE_SCAN)
		refuse("command '%.40s' after --: it needs -z; try --exec",
		    options->command[0]);
}

/* 0 is no limit, as with -w. */
static int64_t
limit(int64_t duration_us)
{
	return duration_us == 0 ? CLOCK_UNSET : duration_us;
}

/* -w is both limits; each has a name of its own that goes before it. */
static void
pour_time(struct options *options)
{
	int64_t wait_us = options->given.wait_us;
	bool datagrams = options->type == SOCK_DGRAM;
	struct relay_rules *relay = &options->relay;

	options->connect_us = options->given.connect_us != CLOCK_UNSET ?
	    limit(options->given.connect_us) : limit(wait_us);
	if (options->connect_us <= 0 && options->mode == MODE_SCAN &&
	    (datagrams || wait_us != 0))
		options->connect_us = SCAN_TIME;
	relay->idle_us = options->given.idle_us != CLOCK_UNSET ?
	    limit(options->given.idle_us) : limit(wait_us);
	relay->linger_us = options->given.quit_us > 0 ?
	    options->given.quit_us : CLOCK_UNSET;
	relay->quiet_us = CLOCK_UNSET;
	if (datagrams && options->mode == MODE_CLIENT)
		relay->quiet_us = CLOCK_SECOND;
	if (datagrams && wait_us != CLOCK_UNSET)
		relay->quiet_us = wait_us;
	if (datagrams && options->given.quit) {
		relay->quiet_us = options->given.quit_us;
		relay->linger_us = CLOCK_UNSET;
	}
	relay->idle_is_end = datagrams;
	relay->run_us = limit(options->given.run_us);
	relay->deadline_us = clock_deadline(relay->run_us);
	options->deadline_us = relay->deadline_us;
}

static void
pour_tls(struct options *options)
{
	struct tls_config *tls = &options->tls;

	tls->listening = options->mode == MODE_LISTEN;
	if (tls->name == NULL && options->family != AF_UNIX)
		tls->name = options->host;
	if (tls->on && tls->name == NULL && !tls->listening &&
	    !tls->insecure && tls->psk == NULL && tls->pins == 0)
		refuse("a path has no name to check: use --tls-name, -H or "
		    "--psk with -c and -U");
}

/* Asked for in the place of an argument, which everybody could read in ps. */
static void
ask_key(struct options *options)
{
	static char key[128];

	if (readpassphrase("TCP MD5SIG password: ", key, sizeof(key),
	    RPP_ECHO_OFF | RPP_REQUIRE_TTY) == NULL || key[0] == '\0')
		refuse("no key for -S: it is asked for on the terminal");
	options->socket.md5_key = key;
}

/* The datagram a scan sends. */
static void
pour_probe(struct options *options)
{
	const char *path = options->given.probe;
	const char *hex = options->given.probe_hex, *error = NULL;

	if (path != NULL && (error = probe_read(path, &options->scan.probe)))
		refuse("--probe: '%.200s': %s", path, error);
	if (hex != NULL && (error = probe_parse(hex, &options->scan.probe)))
		refuse("--probe-hex: bad value '%.40s': %s", hex, error);
}

/*
 * When our way ends. -w0 is to send and leave, as with Debian's nc; but of what
 * has a digest to be checked nothing is said before that.
 */
static void
pour_ends(struct options *options)
{
	struct relay_rules *relay = &options->relay;
	bool checks = is_given(EXPECT_DIGEST);

	relay->no_half_close = options->given.no_shutdown;
	relay->end_at_once = !checks && (options->given.shutdown ||
	    (options->given.quit && options->given.quit_us >= 0) ||
	    options->given.wait_us == 0 || options->given.send_only);
	relay->send_only = options->given.send_only ||
	    (options->given.wait_us == 0 && options->type == SOCK_STREAM);
	options->local.no_input = options->given.no_stdin ||
	    options->given.recv_only || checks;
	/* A datagram client without input has nothing to be answered. */
	if (options->type == SOCK_DGRAM && options->mode == MODE_CLIENT)
		relay->end_at_once |= !options->local.no_input;
}

static void
pour_local(struct options *options)
{
	struct stdio_config *local = &options->local;

	local->no_output = options->given.send_only;
	if (local->in != NULL && strcmp(local->in, "-") == 0)
		local->in = NULL;
	if (local->out != NULL && strcmp(local->out, "-") == 0)
		local->out = NULL;
	options->child.shell = options->given.sh_exec != NULL;
	options->child.command = options->child.shell ?
	    options->given.sh_exec : options->given.exec;
	if (options->child.command != NULL &&
	    options->child.command[strspn(options->child.command, " \t")] ==
	    '\0')
		refuse("--%s has no command", options->child.shell ?
		    "sh-exec" : "exec");
	options->relay.keep_output = options->keep_open &&
	    options->child.command == NULL;
}

static void
pour(struct options *options)
{
	struct relay_rules *relay = &options->relay;
	struct report_config *report = &options->report;

	diag_verbosity(options->given.verbosity);
	pour_time(options);
	pour_tls(options);
	pour_ends(options);
	pour_local(options);
	relay->crlf = options->given.crlf;
	relay->telnet = options->given.telnet;
	relay->line_us = options->interval_us;
	if (report->expected != NULL && report->digest == NULL)
		report->digest = "";
	if (report->digest != NULL && report->digest[0] == '\0')
		report->digest = "sha256";
	pour_probe(options);
	if (options->given.sign)
		ask_key(options);
	if (options->shuffle)
		ports_shuffle(&options->ports);
}

void
options_parse(int argc, char *argv[], struct options *options)
{
	int operands;

	options->socket.tos = -1;
	options->max_conns = 100;
	options->await_us = options->scan.banner_us = CLOCK_UNSET;
	options->given.wait_us = options->given.connect_us =
	    options->given.idle_us = options->given.run_us =
	    options->given.quit_us = CLOCK_UNSET;
	operands = parse_flags(argc, argv, options);
	check_conflicts();
	check_tls(options);
	parse_operands(options, argv + 1, operands);
	pour(options);
}
