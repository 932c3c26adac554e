#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "net/endpoint.h"
#include "net/ports.h"
#include "net/socket.h"
#include "net/transport.h"
#include "scan/output.h"
#include "scan/results.h"
#include "scan/scan.h"
#include "stream/tls.h"

#define FEW		64	/* ports: each of several targets has a line */
#define NAMED		8	/* ports in one line, at most */
#define HEARD		256	/* bytes of what a port said */
#define REASON		(4 * HEARD + 64)
#define DRAW		(CLOCK_SECOND / 5)

/* Neighbours of which the same is to be said, at each address. */
static struct range {
	uint16_t first, last;	/* 0: none */
	const struct result *like;
} range[ADDRESS_LIST];

static bool
is_tcp(const struct scan *scan)
{
	return transport_can(&scan->config->endpoint, TRANSPORT_CONNECTS);
}

static const char *
protocol(const struct scan *scan)
{
	return transport_of(&scan->config->endpoint)->name;
}

/* The service's name, or "*"; name has PORTS_SERVICE bytes. */
static const char *
service(const struct scan *scan, uint16_t port, char *name)
{
	return ports_service(port, protocol(scan),
	    scan->config->endpoint.numeric, name);
}

const char *
output_name(const struct target *target, size_t port, char *text)
{
	if (target->is_path)
		snprintf(text, OUTPUT_NAME, "%s", target->host);
	else
		snprintf(text, OUTPUT_NAME, "%s port %u", target->host,
		    target->port[port]);
	return text;
}

/* What a firewall said, where strerror(3) does not; NULL: it does. */
static const char *
prohibition(const struct scan *scan, const struct result *result)
{
	int code = result->icmp & 0xff;
	bool six = result->icmp >> 8 == 1;

	if (result->state != PORT_FILTERED || result->icmp == -1)
		return NULL;
	if (code == (six ? 4 : 3) && is_tcp(scan))
		return "Port unreachable";
	return (six ? code == 1 || code >= 5 : code >= 9) ?
	    "Administratively prohibited" : NULL;
}

static const char *
error_reason(const struct scan *scan, const struct result *result, char *text)
{
	const char *words = prohibition(scan, result);
	int length = snprintf(text, REASON, "%s", words != NULL ? words :
	    strerror(result->error));

	if (result->icmp != -1)
		snprintf(text + length, (size_t)(REASON - length),
		    " (ICMP type %d code %d)", result->icmp >> 8,
		    result->icmp & 0xff);
	return text;
}

/* text has REASON bytes. */
static const char *
reason(const struct scan *scan, const struct result *result, char *text)
{
	char heard[4 * HEARD + 8];

	if (result->facts != NULL && result->facts->failure[0] != '\0')
		return result->facts->failure;
	switch (result->state) {
	case PORT_UNTRIED:
		return "not tested";
	case PORT_OPEN:
		if (scan->config->http != NULL && result->heard != NULL)
			return text_quote(result->heard, TEXT_ESCAPED, text,
			    REASON);
		return is_tcp(scan) ? "connected" : "answered";
	case PORT_WRONG:
		if (result->heard == NULL)
			return "no answer";
		snprintf(text, REASON, "wrong answer: %s", text_quote(
		    result->heard, TEXT_ESCAPED, heard, sizeof(heard)));
		return text;
	case PORT_CLOSING:
		return "accepted, then closed at once";
	case PORT_DOUBT:
	case PORT_SILENT:
		return is_tcp(scan) ? "timed out" : result->doubt ?
		    "gave no answer (open|filtered; ICMP is limited)" :
		    "gave no answer (open|filtered)";
	default:
		return error_reason(scan, result, text);
	}
}

/* With the address, which of what is behind a proxy nobody here knows. */
static const char *
host_text(const struct scan *scan, const struct target *target, size_t address,
    char *text)
{
	return scan->config->pass != NULL ? target->host :
	    endpoint_text(target->host, &target->address[address], text);
}

static const char *
state_text(const struct scan *scan, enum port_state state)
{
	static const char *text[PORT_STATES] = {
		"not tested", "not tested", "open", "wrong", "closing",
		"closed", "unreachable", "filtered", "filtered", "unresolved"
	};

	return state == PORT_SILENT && !is_tcp(scan) ? "open|filtered" :
	    text[state];
}

static const char *
colour(enum port_state state)
{
	return state == PORT_OPEN ? "\033[32m" : state == PORT_WRONG ||
	    state == PORT_CLOSING || state == PORT_CLOSED ? "\033[31m" :
	    "\033[33m";
}

static bool
is_coloured(int fd)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fd) && (no == NULL || no[0] == '\0');
}

/* Lines ************************************************************/

/* One port is worth a line at -v, many at -vv: a range is one line. */
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
	char text[ENDPOINT_TEXT], ports[24], why[REASON];

	if (this->like == NULL)
		return;
	if (this->first == this->last)
		snprintf(ports, sizeof(ports), " %u", this->first);
	else
		snprintf(ports, sizeof(ports), "s %u-%u", this->first,
		    this->last);
	if (target->is_path)
		diag_say(level(scan), "connect to %s failed: %s", target->host,
		    reason(scan, this->like, why));
	else
		diag_say(level(scan), "connect to %s port%s (%s)%s%s",
		    host_text(scan, target, address, text), ports, protocol(scan),
		    this->like->state == PORT_SILENT ? " " : " failed: ",
		    reason(scan, this->like, why));
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
put_failure(const struct scan *scan, const struct target *target, size_t port,
    size_t address)
{
	struct range *this = &range[address];
	const struct result *result = result_at(target, port, address);
	uint16_t number = target->port[port];

	if (this->like != NULL && this->last + 1 == number &&
	    this->like->state == result->state &&
	    this->like->error == result->error &&
	    this->like->doubt == result->doubt &&
	    this->like->icmp == result->icmp && result->heard == NULL) {
		this->last = number;
		return;
	}
	put_range(scan, target, address);
	*this = (struct range){ .first = number, .last = number,
	    .like = result };
}

static void
put_banner(const struct scan *scan, const struct target *target, size_t port,
    const struct result *result)
{
	const struct targets *targets = scan->config->targets;
	char text[4 * HEARD + 8];

	if (targets->count > 1)
		printf("%s ", target->host);
	if (targets->ports > 1)
		printf("%u ", target->port[port]);
	puts(text_quote(result->heard, TEXT_ESCAPED, text, sizeof(text)));
}

static void
put_open(const struct scan *scan, const struct target *target, size_t port,
    size_t address)
{
	const struct result *result = result_at(target, port, address);
	uint16_t number = target->port[port];
	char text[ENDPOINT_TEXT], name[PORTS_SERVICE], why[REASON];

	if (diag_wants(1) && target->is_path)
		diag_line(1, "Connection to %s port [unix/*] succeeded!",
		    target->host);
	else if (diag_wants(1))
		diag_line(1, "Connection to %s %u port [%s/%s] succeeded!",
		    host_text(scan, target, address, text), number,
		    protocol(scan), service(scan, number, name));
	if (scan->config->http != NULL)
		diag_say(1, "%s: %s", output_name(target, port, text),
		    reason(scan, result, why));
	else if (scan->config->banner_us != CLOCK_UNSET &&
	    result->heard != NULL)
		put_banner(scan, target, port, result);
}

/* Whoever looks at a terminal has columns, if there are several targets. */
static bool
put_row(const struct scan *scan, const struct target *target, size_t port,
    const struct result *result)
{
	const struct targets *targets = scan->config->targets;
	char text[ENDPOINT_TEXT], why[REASON], clean[REASON];
	bool coloured = is_coloured(STDERR_FILENO);
	enum port_state state = result_state(target, port);

	if (targets->count < 2 || !isatty(STDERR_FILENO))
		return false;
	if (diag_wants(state == PORT_OPEN ? 1 : level(scan))) {
		snprintf(clean, sizeof(clean), "%s", result == NULL ?
		    target->name_error : reason(scan, result, why));
		text_clean(clean, '?');
		diag_end_line();
		dprintf(STDERR_FILENO, "%-32s %s%-13s%s %s\n",
		    output_name(target, port, text), coloured ? colour(state) :
		    "", state_text(scan, state), coloured ? "\033[0m" : "",
		    clean);
	}
	return true;
}

/* JSON *************************************************************/

static void
put_json(const char *name, const char *text)
{
	char quoted[6 * HEARD + 8];

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

static void
put_object(const struct scan *scan, const struct target *target, size_t port,
    const struct result *result, const struct address *address)
{
	char text[ADDRESS_TEXT], name[PORTS_SERVICE], why[REASON];
	uint16_t number = target->port[port];

	printf("\"port\":%u", number);
	put_json("protocol", target->is_path ? "unix" : protocol(scan));
	put_json("host", target->host);
	if (address != NULL && !target->is_path && scan->config->pass == NULL)
		put_json("address", address_text(address, text));
	if (!target->is_path && strcmp(service(scan, number, name), "*") != 0)
		put_json("service", name);
	put_json("state", state_text(scan, result != NULL ? result->state :
	    result_state(target, port)));
	put_json("reason", result != NULL ? reason(scan, result, why) :
	    target->name_error != NULL ? target->name_error : "not tested");
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
tell_tls_failure(const struct scan *scan, const struct target *target,
    size_t port, size_t address)
{
	const struct result *result = result_at(target, port, address);
	struct address to = target->address[address];
	char text[ADDRESS_TEXT];

	if (result->code == EXIT_DONE || result->error == EACCES || (result->code != EXIT_IDENTITY &&
	    scan->config->await_us != CLOCK_UNSET))
		return;
	address_set_port(&to, target->port[port]);
	diag_error("TLS with %s: %s", address_port_text(&to, text),
	    result->facts != NULL ? result->facts->failure : "no memory");
}

/* Once the name is not resolved there is one line for all its ports. */
static void
tell_unresolved(const struct scan *scan, const struct target *target,
    size_t port)
{
	if (scan->config->json) {
		putchar('{');
		put_object(scan, target, port, NULL, NULL);
	}
	if (port == 0 && !put_row(scan, target, port, NULL) &&
	    target->name_error != NULL)
		diag_say(level(scan), "getaddrinfo for host \"%s\" port %u: "
		    "%s", target->host, target->port[0], target->name_error);
}

static void
tell(const struct scan *scan, const struct target *target, size_t port,
    size_t address)
{
	struct result *result = result_at(target, port, address);

	result->told = true;
	tell_tls_failure(scan, target, port, address);
	if (scan->config->json) {
		putchar('{');
		put_object(scan, target, port, result,
		    &target->address[address]);
	} else if (put_row(scan, target, port, result))
		return;
	else if (result->state == PORT_OPEN)
		put_open(scan, target, port, address);
	else
		put_failure(scan, target, port, address);
}

static void
tell_port(const struct scan *scan, const struct target *target, size_t port,
    bool in_order)
{
	size_t best, i;
	bool one;

	if (target->addresses == 0) {
		tell_unresolved(scan, target, port);
		return;
	}
	best = result_best(target, port);
	if (result_at(target, port, best)->told)
		return;
	one = !scan->config->each_address && (scan->config->json ||
	    result_at(target, port, best)->state == PORT_OPEN);
	if (in_order && result_at(target, port, best)->state == PORT_OPEN)
		put_ranges(scan, target);
	for (i = 0; i < target->addresses; i++)
		if (!one || i == best)
			tell(scan, target, port, i);
}

/* What is open does not wait for a silent one before it. */
static void
tell_open(struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	const struct target *target;
	size_t i, port = scan->told_port;

	for (i = scan->told_target; i < targets->count; i++, port = 0) {
		target = &targets->item[i];
		for (; target->addresses > 0 && port < target->ports; port++)
			if (result_state(target, port) == PORT_OPEN &&
			    (scan->config->await_us == CLOCK_UNSET ||
			    result_good(scan->config, target, port)))
				tell_port(scan, target, port, false);
	}
	scan->news = 0;
}

void
output_news(struct scan *scan, bool all)
{
	const struct targets *targets = scan->config->targets;
	const struct target *target;
	bool waits = scan->config->await_us != CLOCK_UNSET;

	while ((all || !waits) && scan->told_target < targets->count) {
		target = &targets->item[scan->told_target];
		if (scan->told_port == target->ports) {
			put_ranges(scan, target);
			scan->told_target++;
			scan->told_port = 0;
			continue;
		}
		if (!all && !result_settled(scan->config, target,
		    scan->told_port))
			break;
		tell_port(scan, target, scan->told_port++, true);
	}
	if (scan->news > 0 && !scan->config->json &&
	    !scan->config->each_address)
		tell_open(scan);
}

/* The ports that are not as they should be, and why if wanted. */
static void
list_missing(const struct scan *scan, bool with_reason, char *text, size_t size)
{
	const struct targets *targets = scan->config->targets;
	char name[OUTPUT_NAME], why[REASON];
	const struct target *target;
	const char *reasons;
	size_t i, port, length, named = 0;

	text[0] = '\0';
	for (i = 0; i < targets->count; i++)
		for (port = 0; port < targets->item[i].ports; port++) {
			target = &targets->item[i];
			if (result_good(scan->config, target, port) ||
			    named++ >= NAMED)
				continue;
			reasons = target->addresses > 0 ? reason(scan,
			    result_at(target, port, result_best(target, port)),
			    why) : target->name_error;
			length = strlen(text);
			snprintf(text + length, size - length, with_reason &&
			    targets->ports > 1 ? "%s%s (%s)" : "%s%s",
			    named > 1 ? ", " : "", output_name(target, port,
			    name), reasons != NULL ? reasons : "not tested");
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

/* In one line, also without -v: it is a container's log that has it. */
static void
tell_given_up(const struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	const struct target *target = &targets->item[0];
	char text[1024], took[CLOCK_TEXT], why[REASON];
	int64_t us = clock_now_us() - scan->since_us;
	int64_t await_us = scan->config->await_us;
	bool one = targets->ports == 1;

	list_missing(scan, true, text, sizeof(text));
	clock_text(await_us > 0 && us >= await_us ? await_us : us, took);
	diag_error("gave up waiting for %s%s after %s%s%s", text,
	    scan->config->closed ? " to be closed" : "", took,
	    one ? ": " : "", !one ? "" : target->addresses == 0 ?
	    target->name_error : reason(scan, result_at(target, 0,
	    result_best(target, 0)), why));
}

static void
tell_sums(const struct scan *scan, const struct results_sum *sum)
{
	const struct targets *targets = scan->config->targets;
	const size_t *count = sum->count;
	char name[40], extra[128] = "";
	size_t i, length;

	snprintf(name, sizeof(name), "%zu targets", targets->count);
	for (i = 0; i < PORT_STATES; i++) {
		length = strlen(extra);
		if ((i == PORT_SILENT && !is_tcp(scan)) || (count[i] > 0 &&
		    (i == PORT_WRONG || i == PORT_CLOSING ||
		    i == PORT_UNRESOLVED)))
			snprintf(extra + length, sizeof(extra) - length,
			    "%zu %s, ", count[i],
			    state_text(scan, (enum port_state)i));
	}
	diag_say(1, "%s: %zu open, %zu closed, %zu unreachable, %s%zu filtered"
	    ", %zu not tested of %zu ports in %.3f s", targets->count == 1 ?
	    targets->item[0].host : name, count[PORT_OPEN],
	    count[PORT_CLOSED], count[PORT_UNREACHABLE], extra,
	    count[PORT_FILTERED] + (is_tcp(scan) ? count[PORT_SILENT] : 0),
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
output_round(const struct scan *scan, const struct target *target, size_t port)
{
	const struct result *result = target->addresses == 0 ? NULL :
	    result_at(target, port, result_best(target, port));
	bool coloured = is_coloured(STDOUT_FILENO);
	enum port_state state = result_state(target, port);
	char text[OUTPUT_NAME], why[REASON], date[32];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	if (scan->config->json) {
		printf("{\"time\":\"%s.%03ldZ\",", date,
		    now.tv_nsec / 1000000);
		put_object(scan, target, port, result, result == NULL ? NULL :
		    &target->address[result_best(target, port)]);
		return;
	}
	printf("%s.%03ldZ %s %s%s%s %.3f ms", date, now.tv_nsec / 1000000,
	    output_name(target, port, text), coloured ? colour(state) : "",
	    state_text(scan, state), coloured ? "\033[0m" : "",
	    result == NULL ? 0.0 : (double)result->took_us / 1000);
	if (state != PORT_OPEN)
		printf(" (%s)", result != NULL ? reason(scan, result, why) :
		    target->name_error);
	putchar('\n');
}
