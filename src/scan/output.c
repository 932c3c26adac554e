#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "net/endpoint.h"
#include "net/ports.h"
#include "scan/output.h"
#include "scan/results.h"
#include "scan/scan.h"
#include "scan/words.h"
#include "stream/tls.h"

#define FEW		64 /* ports of several targets that get a line each */
#define NAMED		8	/* ports named in one line, at most */
#define DRAW		(CLOCK_SECOND / 5) /* between redraws of progress */

/* For each address, a range of ports with the same result, not printed yet. */
static struct range {
	uint16_t first, last;	/* 0: none */
	const struct result *like;
} range[ADDRESS_LIST];

/* Lines ************************************************************/

/* The level at which failures are printed: 1 for few ports, 2 for many. */
static int
level(const struct scan *scan)
{
	const struct targets *targets = scan->config->targets;

	if (scan->config->await_us != CLOCK_UNSET)
		return 2;	/* the last line says it */
	return targets->ports == 1 || (targets->count > 1 &&
	    targets->ports <= FEW) ? 1 : 2;
}

static void
put_range(const struct scan *scan, const struct target *target, size_t address)
{
	struct range *this = &range[address];
	char text[ENDPOINT_TEXT], ports[24], why[WORDS_REASON];

	if (this->like == NULL)
		return;
	if (this->first == this->last)
		snprintf(ports, sizeof(ports), " %u", this->first);
	else
		snprintf(ports, sizeof(ports), "s %u-%u", this->first,
		    this->last);
	if (target->is_path)
		diag_say(level(scan), "connect to %s failed: %s", target->host,
		    words_reason(scan, this->like, why));
	else
		diag_say(level(scan), "connect to %s port%s (%s)%s%s",
		    words_host(scan, target, this->like, text), ports,
		    words_protocol(scan), this->like->state == PORT_SILENT ?
		    " " : " failed: ", words_reason(scan, this->like, why));
	this->like = NULL;
}

static void
put_ranges(const struct scan *scan, const struct target *target)
{
	size_t i;

	for (i = 0; i < target->addresses; i++)
		put_range(scan, target, i);
}

static void
put_failure(const struct scan *scan, const struct port *port,
    const struct result *result)
{
	size_t address = (size_t)(result_address(port->target, result) -
	    port->target->address);
	struct range *this = &range[address];

	if (this->like != NULL && this->last + 1 == port->number &&
	    this->like->state == result->state &&
	    this->like->error == result->error &&
	    this->like->doubt == result->doubt &&
	    this->like->icmp == result->icmp && result->heard == NULL) {
		this->last = port->number;
		return;
	}
	put_range(scan, port->target, address);
	*this = (struct range){ .first = port->number, .last = port->number,
	    .like = result };
}

static void
put_banner(const struct scan *scan, const struct port *port,
    const struct result *result)
{
	const struct targets *targets = scan->config->targets;
	char text[4 * WORDS_HEARD + 8];

	if (targets->count > 1)
		printf("%s ", port->target->host);
	if (targets->ports > 1)
		printf("%u ", port->number);
	puts(text_quote(result->heard, TEXT_ESCAPED, text, sizeof(text)));
}

static void
put_open(const struct scan *scan, const struct port *port,
    const struct result *result)
{
	char text[ENDPOINT_TEXT], name[PORTS_SERVICE], why[WORDS_REASON];

	if (diag_wants(1) && port->target->is_path)
		diag_line(1, "Connection to %s port [unix/*] succeeded!",
		    port->target->host);
	else if (diag_wants(1))
		diag_line(1, "Connection to %s %u port [%s/%s] succeeded!",
		    words_host(scan, port->target, result, text), port->number,
		    words_protocol(scan),
		    words_service(scan, port->number, name));
	if (scan->config->http != NULL)
		diag_say(1, "%s: %s", words_port(port, text),
		    words_reason(scan, result, why));
	else if (scan->config->banner_us != CLOCK_UNSET &&
	    result->heard != NULL)
		put_banner(scan, port, result);
}

/* Prints a result in columns, for several targets on a terminal; else false. */
static bool
put_row(const struct scan *scan, const struct port *port,
    const struct result *result)
{
	char text[ENDPOINT_TEXT], why[WORDS_REASON], clean[WORDS_REASON];
	bool coloured = words_coloured(STDERR_FILENO);

	if (scan->config->targets->count < 2 || !isatty(STDERR_FILENO))
		return false;
	if (diag_wants(port->state == PORT_OPEN ? 1 : level(scan))) {
		snprintf(clean, sizeof(clean), "%s", result != NULL ?
		    words_reason(scan, result, why) :
		    words_best_reason(scan, port, why));
		text_clean(clean, '?');
		diag_end_line();
		dprintf(STDERR_FILENO, "%-32s %s%-13s%s %s\n",
		    words_port(port, text), coloured ?
		    words_colour(port->state) : "",
		    words_state(scan, port->state),
		    coloured ? "\033[0m" : "", clean);
	}
	return true;
}

/* JSON *************************************************************/

static void
put_json(const char *name, const char *text)
{
	char quoted[6 * WORDS_HEARD + 8];

	printf(",\"%s\":%s", name,
	    text_quote(text, TEXT_JSON, quoted, sizeof(quoted)));
}

static void
put_facts(const struct result *result)
{
	const struct tls_facts *facts = result->facts;

	printf(",\"verified\":%s", result->code == EXIT_DONE &&
	    !facts->insecure ? "true" : "false");
	if (result->code == EXIT_DONE) {
		put_json("tls", facts->version);
		put_json("cipher", facts->cipher);
		put_json("group", facts->group);
	}
	if (facts->subject[0] == '\0')
		return;
	put_json("subject", facts->subject);
	put_json("issuer", facts->issuer);
	put_json("pin", facts->pin);
	printf(",\"days\":%d", facts->days);
}

/* Prints an object after its "{": of a result, or without one of the port. */
static void
put_object(const struct scan *scan, const struct port *port,
    const struct result *result)
{
	const struct target *target = port->target;
	char text[ADDRESS_TEXT], name[PORTS_SERVICE], why[WORDS_REASON];

	printf("\"port\":%u", port->number);
	put_json("protocol", target->is_path ? "unix" : words_protocol(scan));
	put_json("host", target->host);
	if (result != NULL && !target->is_path && scan->config->pass == NULL)
		put_json("address", address_text(result_address(target,
		    result), text));
	if (!target->is_path &&
	    strcmp(words_service(scan, port->number, name), "*") != 0)
		put_json("service", name);
	put_json("state", words_state(scan, result != NULL ? result->state :
	    port->state));
	put_json("reason", result != NULL ? words_reason(scan, result, why) :
	    words_best_reason(scan, port, why));
	if (result != NULL && result->heard != NULL)
		put_json(scan->config->banner_us != CLOCK_UNSET ? "banner" :
		    "answer", result->heard);
	if (result != NULL && result->facts != NULL)
		put_facts(result);
	printf(",\"milliseconds\":%.3f}\n", result == NULL ? 0.0 :
	    (double)result->took_us / 1000);
}

/* What is told, and when *******************************************/

static void
tell_tls_failure(const struct scan *scan, const struct port *port,
    const struct result *result)
{
	struct address to = *result_address(port->target, result);
	char text[ADDRESS_TEXT];

	if (result->code == EXIT_DONE || result->error == EACCES ||
	    (result->code != EXIT_IDENTITY &&
	    scan->config->await_us != CLOCK_UNSET))
		return;
	address_set_port(&to, port->number);
	diag_error("TLS with %s: %s", address_port_text(&to, text),
	    result->facts != NULL ? result->facts->failure : "no memory");
}

/* A name that is not resolved gets one line for all ports. */
static void
tell_unresolved(const struct scan *scan, const struct port *port)
{
	const struct target *target = port->target;

	if (scan->config->json) {
		putchar('{');
		put_object(scan, port, NULL);
	}
	if (port->index == 0 && !put_row(scan, port, NULL) &&
	    target->name_error != NULL)
		diag_say(level(scan), "getaddrinfo for host \"%s\" port %u: "
		    "%s", target->host, port->number, target->name_error);
}

static void
tell(const struct scan *scan, const struct port *port, struct result *result)
{
	result->told = true;
	tell_tls_failure(scan, port, result);
	if (scan->config->json) {
		putchar('{');
		put_object(scan, port, result);
	} else if (put_row(scan, port, result))
		return;
	else if (result->state == PORT_OPEN)
		put_open(scan, port, result);
	else
		put_failure(scan, port, result);
}

static void
tell_port(const struct scan *scan, const struct port *port, bool in_order)
{
	struct result *result;
	size_t i;
	bool one;

	if (port->best == NULL) {
		tell_unresolved(scan, port);
		return;
	}
	if (port->best->told)
		return;
	one = !scan->config->each_address && (scan->config->json ||
	    port->state == PORT_OPEN);
	if (in_order && port->state == PORT_OPEN)
		put_ranges(scan, port->target);
	for (i = 0; i < port->target->addresses; i++) {
		result = result_at(port->target, port->index, i);
		if (!one || result == port->best)
			tell(scan, port, result);
	}
}

/* Prints open ports at once, though others before them are still tested. */
static void
tell_open(struct scan *scan)
{
	struct port port = port_at(scan->told.target, scan->told.index);
	bool more = !scan->all_told;

	for (; more; more = port_next(scan->config->targets, &port))
		if (port.state == PORT_OPEN &&
		    (scan->config->await_us == CLOCK_UNSET ||
		    port_good(scan->config, &port)))
			tell_port(scan, &port, false);
	scan->news = 0;
}

void
output_news(struct scan *scan, bool all)
{
	const struct target *target;
	bool waits = scan->config->await_us != CLOCK_UNSET;

	while ((all || !waits) && !scan->all_told) {
		target = scan->told.target;
		scan->told = port_at(target, scan->told.index);
		if (!all && !port_settled(scan->config, &scan->told))
			break;
		tell_port(scan, &scan->told, true);
		scan->all_told = !port_next(scan->config->targets,
		    &scan->told);
		if (scan->all_told || scan->told.target != target)
			put_ranges(scan, target);
	}
	if (scan->news > 0 && !scan->config->json &&
	    !scan->config->each_address)
		tell_open(scan);
}

/* Lists the ports that are not good, perhaps each with its reason. */
static void
list_missing(const struct scan *scan, bool with_reason, char *text, size_t size)
{
	const struct targets *targets = scan->config->targets;
	char name[WORDS_PORT], why[WORDS_REASON];
	struct port port = { .target = NULL };
	size_t length, named = 0;

	text[0] = '\0';
	while (port_next(targets, &port)) {
		if (port_good(scan->config, &port) || named++ >= NAMED)
			continue;
		length = strlen(text);
		snprintf(text + length, size - length, with_reason &&
		    targets->ports > 1 ? "%s%s (%s)" : "%s%s",
		    named > 1 ? ", " : "", words_port(&port, name),
		    words_best_reason(scan, &port, why));
	}
	length = strlen(text);
	if (named > NAMED)
		snprintf(text + length, size - length, " and %zu more",
		    named - NAMED);
}

void
output_waiting(const struct scan *scan)
{
	char text[1024];

	if (!diag_wants(1))
		return;
	list_missing(scan, false, text, sizeof(text));
	diag_say(1, "waiting for %s%s", text, scan->config->closed ?
	    " to be closed" : "");
}

/* Also without -v: it is for the log of a container that did not start. */
static void
tell_given_up(const struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	const struct port first = port_at(&targets->item[0], 0);
	char text[1024], took[CLOCK_TEXT], why[WORDS_REASON];
	int64_t us = clock_now_us() - scan->since_us;
	int64_t await_us = scan->config->await_us;
	bool one = targets->ports == 1;

	list_missing(scan, true, text, sizeof(text));
	clock_text(await_us > 0 && us >= await_us ? await_us : us, took);
	diag_error("gave up waiting for %s%s after %s%s%s", text,
	    scan->config->closed ? " to be closed" : "", took,
	    one ? ": " : "", one ? words_best_reason(scan, &first, why) : "");
}

static void
tell_sums(const struct scan *scan, const struct results_sum *sum)
{
	const struct targets *targets = scan->config->targets;
	const size_t *count = sum->count;
	bool tcp = words_is_tcp(scan);
	char name[40], extra[128] = "";
	size_t i, length;

	snprintf(name, sizeof(name), "%zu targets", targets->count);
	for (i = 0; i < PORT_STATES; i++) {
		length = strlen(extra);
		if ((i == PORT_SILENT && !tcp) || (count[i] > 0 &&
		    (i == PORT_WRONG || i == PORT_CLOSING ||
		    i == PORT_UNRESOLVED)))
			snprintf(extra + length, sizeof(extra) - length,
			    "%zu %s, ", count[i],
			    words_state(scan, (enum port_state)i));
	}
	diag_say(1, "%s: %zu open, %zu closed, %zu unreachable, %s%zu filtered"
	    ", %zu not tested of %zu ports in %.3f s", targets->count == 1 ?
	    targets->item[0].host : name, count[PORT_OPEN],
	    count[PORT_CLOSED], count[PORT_UNREACHABLE], extra,
	    count[PORT_FILTERED] + (tcp ? count[PORT_SILENT] : 0),
	    count[PORT_UNTRIED], targets->ports,
	    (double)(clock_now_us() - scan->since_us) / (double)CLOCK_SECOND);
}

void
output_end(struct scan *scan, const struct results_sum *sum, int code)
{
	bool waits = scan->config->await_us != CLOCK_UNSET;

	output_news(scan, true);
	if (waits && code != EXIT_DONE && code != EXIT_IDENTITY)
		tell_given_up(scan);
	if (scan->config->targets->ports > 1)
		tell_sums(scan, sum);
}

void
output_progress(struct scan *scan, struct loop *loop)
{
	size_t ports = scan->config->targets->ports;
	char text[80];

	if (!scan->config->progress || !isatty(STDERR_FILENO))
		return;
	loop_until(loop, scan->draw_us);
	if (loop->now_us < scan->draw_us)
		return;
	scan->draw_us = loop->now_us + DRAW;
	loop_until(loop, scan->draw_us);
	snprintf(text, sizeof(text), "%zu of %zu ports tested, %zu open",
	    scan->settled < ports ? scan->settled : ports, ports, scan->open);
	diag_draw(text);
}

void
output_round(const struct scan *scan, const struct port *port)
{
	bool coloured = words_coloured(STDOUT_FILENO);
	char text[WORDS_PORT], why[WORDS_REASON], date[32];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	if (scan->config->json) {
		printf("{\"time\":\"%s.%03ldZ\",", date,
		    now.tv_nsec / 1000000);
		put_object(scan, port, port->best);
		return;
	}
	printf("%s.%03ldZ %s %s%s%s %.3f ms", date, now.tv_nsec / 1000000,
	    words_port(port, text), coloured ? words_colour(port->state) : "",
	    words_state(scan, port->state), coloured ? "\033[0m" : "",
	    port->best == NULL ? 0.0 : (double)port->best->took_us / 1000);
	if (port->state != PORT_OPEN)
		printf(" (%s)", words_best_reason(scan, port, why));
	putchar('\n');
}
