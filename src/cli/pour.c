#include <readpassphrase.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "cli/options.h"
#include "cli/steps.h"
#include "net/transport.h"
#include "scan/talk.h"

#define SCAN_TIME	(3 * CLOCK_SECOND) /* -w's default for a port of -z */
#define SESSION_TIME	(60 * CLOCK_SECOND) /* and for a session of datagrams */

/* The user's 0 is no limit. */
static int64_t
limit(int64_t duration_us)
{
	return duration_us == 0 ? CLOCK_UNSET : duration_us;
}

/* -w sets both timeouts; the option for each of them overrides it. */
static void
pour_time(struct options *options)
{
	int64_t wait_us = options->given.wait_us;
	bool datagrams = transport_can(&options->endpoint, TRANSPORT_MESSAGES);
	struct relay_rules *relay = &options->relay;

	options->connect_us = limit(options->connect_us != CLOCK_UNSET ?
	    options->connect_us : wait_us);
	if (options->connect_us <= 0 && options->mode == MODE_SCAN &&
	    (datagrams || wait_us != 0))
		options->connect_us = SCAN_TIME;
	relay->idle_us = limit(relay->idle_us != CLOCK_UNSET ?
	    relay->idle_us : wait_us != CLOCK_UNSET || !options->sessions ?
	    wait_us : SESSION_TIME);
	relay->idle_is_end = datagrams;
	relay->run_us = limit(relay->run_us);
	relay->deadline_us = clock_deadline(relay->run_us);
	options->deadline_us = relay->deadline_us;
	relay->line_us = options->interval_us;
	relay->reads = datagrams && !options->sessions ? 0 :
	    options->datagrams;
}

/* How our end is told, and how long to stay after it. */
static void
pour_stay(struct options *options)
{
	int64_t wait_us = options->given.wait_us;
	int64_t quit_us = options->given.quit_us;
	bool checks = options_given(EXPECT_DIGEST);
	bool datagrams = transport_can(&options->endpoint, TRANSPORT_MESSAGES);
	struct relay_rules *relay = &options->relay;

	/* Our FIN waits for a silence, unless one of these wants it at once. */
	relay->hold_end = !datagrams && !relay->forward &&
	    !relay->end_at_once && quit_us != 0 &&
	    wait_us != 0 && !options->local.no_output;
	relay->asks = options->mode == MODE_CLIENT && !datagrams;
	relay->linger_us = quit_us > 0 && !datagrams ? quit_us : CLOCK_UNSET;
	/* A session of datagrams ends with its command. */
	relay->quiet_us = !datagrams ? CLOCK_UNSET : options->sessions ? 0 :
	    options_given('q') ? quit_us :
	    wait_us != CLOCK_UNSET ? wait_us :
	    options->mode == MODE_CLIENT ? CLOCK_SECOND : CLOCK_UNSET;
	/* -w0 is to send and leave, as with Debian's nc. */
	relay->send_only = options->local.no_output ||
	    (wait_us == 0 && !datagrams);
	/* FIN says that the digest was right: it must not come earlier. */
	options->local.no_input |= checks;
	relay->end_at_once |= quit_us >= 0 || wait_us == 0 ||
	    options->local.no_output;
	relay->end_at_once &= !checks;
	/* A datagram client without input has asked nothing: do not wait. */
	if (datagrams && options->mode == MODE_CLIENT)
		relay->end_at_once |= !options->local.no_input;
}

static void
pour_tls(struct options *options)
{
	struct tls_config *tls = &options->tls;

	tls->listening = options->mode == MODE_LISTEN;
	if (tls->name != NULL && (tls->name[strspn(tls->name, ".%")] == '\0' ||
	    strlen(tls->name) > ADDRESS_NAME))
		refuse("--tls-name: bad value '%.40s': use a host's name or "
		    "address, 1 to %d characters", tls->name, ADDRESS_NAME);
	if (tls->name == NULL &&
	    transport_can(&options->endpoint, TRANSPORT_PORTS))
		tls->name = options->endpoint.host;
	if (tls->on && tls->name == NULL && !tls->listening &&
	    !tls->insecure && tls->psk == NULL && tls->pins == 0)
		refuse("a path has no name to check: use --tls-name, -H or "
		    "--psk with -c and -U");
}

static bool
ends_in_slash(const char *path)
{
	size_t length = strlen(path);

	return length > 0 && path[length - 1] == '/';
}

/* "-" is stdin or stdout, as if the option were not there. */
static void
pour_files(struct options *options)
{
	struct stdio_config *local = &options->local;
	struct report_config *report = &options->report;

	if (local->in != NULL && strcmp(local->in, "-") == 0)
		local->in = NULL;
	if (local->out.path != NULL && strcmp(local->out.path, "-") == 0)
		local->out.path = NULL;
	if (local->out.path != NULL && options->keep_open &&
	    !ends_in_slash(local->out.path))
		refuse("--out FILE cannot hold the files of several peers "
		    "(-k): use --out DIR/");
	if (local->out.path == NULL && (local->out.resume || local->out.sparse))
		refuse("--%s needs a file: use --out FILE",
		    local->out.resume ? "resume" : "sparse");
	if (local->in == NULL && local->offset > 0)
		refuse("--offset needs a file: use --in FILE");
	local->out.size = report->size;
	local->out.hashed = report->expected != NULL;
	report->many = options->keep_open &&
	    transport_can(&options->endpoint, TRANSPORT_CONNECTS);
	report->in = local->in;
	report->out = local->out.path;
	if (report->expected != NULL && report->digest == NULL)
		report->digest = "";
	if (report->digest != NULL && report->digest[0] == '\0')
		report->digest = "sha256";
}

static void
pour_child(struct options *options)
{
	struct child_config *child = &options->child;

	child->shell = options_given(SH_EXEC);
	if (child->command != NULL &&
	    child->command[strspn(child->command, " \t")] == '\0')
		refuse("--%s: the command is empty", child->shell ? "sh-exec" :
		    "exec");
	if (child->command != NULL && options->mode != MODE_LISTEN &&
	    transport_can(&options->endpoint, TRANSPORT_MESSAGES))
		refuse("must use -l with -u and --%s", child->shell ?
		    "sh-exec" : "exec");
	child->group = options->keep_open;
	options->relay.keep_output = options->keep_open &&
	    child->command == NULL && options->local.out.path == NULL &&
	    !options->forward.on;
}

/* Whether peers are authenticated, or their addresses were chosen. */
static bool
knows_peers(const struct options *options)
{
	return options->endpoint.host != NULL || options->allow.count > 0 ||
	    options->tls.psk != NULL || options->tls.client_auth ||
	    options->tls.pins > 0;
}

/* Commands and forwarding for just anybody are offered to this host only. */
static void
pour_loopback(struct options *options)
{
	bool runs = options->child.command != NULL;

	if (options->mode != MODE_LISTEN || knows_peers(options) ||
	    options->forward.request.user != NULL ||
	    (!runs && !options->forward.on))
		return;
	options->endpoint.host = options->endpoint.family == AF_INET6 ?
	    "::1" : "127.0.0.1";
	diag_error("listening on %s only: peers can %s (to let others "
	    "connect, give an address, --allow, --psk, --client-auth or -H)",
	    options->endpoint.host, runs ? "run a command" :
	    options->forward.asked ? "use this host as a proxy" :
	    "reach the target");
}

#define SETTLE_TIME	(CLOCK_SECOND / 10) /* of a bare --settle, and --wait */

static void
pour_scan(struct options *options)
{
	struct scan_config *scan = &options->scan;
	bool waits = options->await_us != CLOCK_UNSET;
	const char *error = talk_prepare(scan);

	if (error != NULL)
		refuse("--expect: bad value '%.40s': %s", scan->expect, error);
	scan->targets = &options->targets;
	scan->endpoint = options->endpoint;
	scan->socket = options->socket;
	scan->port_us = options->connect_us;
	scan->interval_us = options->interval_us;
	scan->await_us = options->await_us;
	scan->progress = options->report.progress;
	/* --wait is for all ports, not for the first of them. */
	scan->all = (scan->all || scan->closed || waits) &&
	    !options_given(ANY);
	/* A port forwarder accepts, and hangs up if its target is not there. */
	if (options_given(SETTLE) ? scan->settle_us == 0 : waits &&
	    transport_can(&options->endpoint, TRANSPORT_CONNECTS) &&
	    !options->tls.on)
		scan->settle_us = SETTLE_TIME;
}

/* The datagram that -zu sends. */
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

/* From the terminal: an argument could be read in ps(1). */
static void
ask_key(struct options *options)
{
	static char key[SOCKET_KEY + 2];

	if (readpassphrase("TCP MD5SIG password: ", key, sizeof(key),
	    RPP_ECHO_OFF | RPP_REQUIRE_TTY) == NULL || key[0] == '\0')
		refuse("no key for -S: it can only be entered on a terminal");
	if (strlen(key) > SOCKET_KEY)
		refuse("the key for -S is longer than %d bytes", SOCKET_KEY);
	options->socket.md5_key = key;
}

void
pour(struct options *options)
{
	diag_verbosity(options->given.verbosity);
	forward_parse(options);
	options->sessions = options->mode == MODE_LISTEN &&
	    transport_can(&options->endpoint, TRANSPORT_MESSAGES) &&
	    (options->forward.on || options->child.command != NULL);
	pour_time(options);
	pour_stay(options);
	pour_tls(options);
	proxies_parse(options);
	pour_files(options);
	pour_child(options);
	pour_probe(options);
	pour_loopback(options);
	if (options_given('S'))
		ask_key(options);
	if (options->mode == MODE_SCAN)
		pour_scan(options);
}
