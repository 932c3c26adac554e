#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/endpoint.h"
#include "net/ports.h"
#include "net/transport.h"
#include "scan/scan.h"
#include "scan/words.h"
#include "stream/tls.h"

bool
words_is_tcp(const struct scan *scan)
{
	return transport_can(&scan->config->endpoint, TRANSPORT_CONNECTS);
}

const char *
words_protocol(const struct scan *scan)
{
	return transport_of(&scan->config->endpoint)->name;
}

const char *
words_service(const struct scan *scan, uint16_t port, char *name)
{
	return ports_service(port, words_protocol(scan),
	    scan->config->endpoint.numeric, name);
}

const char *
words_port(const struct port *port, char *text)
{
	if (port->target->is_path)
		snprintf(text, WORDS_PORT, "%s", port->target->host);
	else
		snprintf(text, WORDS_PORT, "%s port %u", port->target->host,
		    port->number);
	return text;
}

/* Words for a firewall's ICMP error, where strerror(3)'s do not fit. */
static const char *
prohibition(const struct scan *scan, const struct result *result)
{
	int code = result->icmp & 0xff;
	bool six = result->icmp >> 8 == 1;

	if (result->state != PORT_FILTERED || result->icmp == -1)
		return NULL;
	if (code == (six ? 4 : 3) && words_is_tcp(scan))
		return "Port unreachable";
	return (six ? code == 1 || code >= 5 : code >= 9) ?
	    "Administratively prohibited" : NULL;
}

static const char *
error_reason(const struct scan *scan, const struct result *result, char *text)
{
	const char *words = prohibition(scan, result);
	int length = snprintf(text, WORDS_REASON, "%s", words != NULL ? words :
	    strerror(result->error));

	if (result->icmp != -1)
		snprintf(text + length, (size_t)(WORDS_REASON - length),
		    " (ICMP type %d code %d)", result->icmp >> 8,
		    result->icmp & 0xff);
	return text;
}

const char *
words_reason(const struct scan *scan, const struct result *result, char *text)
{
	char heard[4 * WORDS_HEARD + 8];

	if (result->facts != NULL && result->facts->failure[0] != '\0')
		return result->facts->failure;
	switch (result->state) {
	case PORT_UNTRIED:
		return "not tested";
	case PORT_OPEN:
		if (scan->config->http != NULL && result->heard != NULL)
			return text_quote(result->heard, TEXT_ESCAPED, text,
			    WORDS_REASON);
		return words_is_tcp(scan) ? "connected" : "answered";
	case PORT_WRONG:
		if (result->heard == NULL)
			return "no answer";
		snprintf(text, WORDS_REASON, "wrong answer: %s", text_quote(
		    result->heard, TEXT_ESCAPED, heard, sizeof(heard)));
		return text;
	case PORT_CLOSING:
		return "accepted, then closed at once";
	case PORT_DOUBT:
	case PORT_SILENT:
		return words_is_tcp(scan) ? "timed out" : result->doubt ?
		    "gave no answer (open|filtered; ICMP is limited)" :
		    "gave no answer (open|filtered)";
	default:
		return error_reason(scan, result, text);
	}
}

const char *
words_best_reason(const struct scan *scan, const struct port *port, char *text)
{
	const char *error = port->target->name_error;

	return port->best != NULL ? words_reason(scan, port->best, text) :
	    error != NULL ? error : "not tested";
}

const char *
words_host(const struct scan *scan, const struct target *target,
    const struct result *result, char *text)
{
	return scan->config->pass != NULL ? target->host :
	    endpoint_text(target->host, result_address(target, result), text);
}

const char *
words_state(const struct scan *scan, enum port_state state)
{
	static const char *text[PORT_STATES] = {
		"not tested", "not tested", "open", "wrong", "closing",
		"closed", "unreachable", "filtered", "filtered", "unresolved"
	};

	return state == PORT_SILENT && !words_is_tcp(scan) ? "open|filtered" :
	    text[state];
}

const char *
words_colour(enum port_state state)
{
	return state == PORT_OPEN ? "\033[32m" : state == PORT_WRONG ||
	    state == PORT_CLOSING || state == PORT_CLOSED ? "\033[31m" :
	    "\033[33m";
}

bool
words_coloured(int fd)
{
	const char *no = getenv("NO_COLOR");

	return isatty(fd) && (no == NULL || no[0] == '\0');
}
