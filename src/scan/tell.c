#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "net/endpoint.h"
#include "net/ports.h"
#include "net/transport.h"
#include "scan/ledger.h"
#include "scan/scan.h"
#include "scan/tell.h"
#include "stream/tls.h"

static bool
is_tcp(const struct ledger *ledger)
{
	return transport_can(&ledger->config->endpoint, TRANSPORT_CONNECTS);
}

static const char *
protocol(const struct ledger *ledger)
{
	return transport_of(&ledger->config->endpoint)->name;
}

/* The service's name, or "*"; name has PORTS_SERVICE bytes. */
static const char *
service(const struct ledger *ledger, uint16_t port, char *name)
{
	return ports_service(port, protocol(ledger),
	    ledger->config->endpoint.numeric, name);
}

/* "localhost (127.0.0.1)"; text has ENDPOINT_TEXT bytes. */
static const char *
target(const struct ledger *ledger, size_t address, char *text)
{
	return endpoint_text(ledger->config->endpoint.host,
	    &ledger->list->item[address], text);
}

/* What a firewall said, where strerror(3) does not; NULL: it does. */
static const char *
prohibition(const struct ledger *ledger, const struct entry *entry)
{
	int code = entry->icmp & 0xff;
	bool six = entry->icmp >> 8 == 1;

	if (entry->finding != FINDING_FILTERED || entry->icmp == -1)
		return NULL;
	if (code == (six ? 4 : 3) && is_tcp(ledger))
		return "Port unreachable";
	return (six ? code == 1 || code >= 5 : code >= 9) ?
	    "Administratively prohibited" : NULL;
}

static const char *
reason(const struct ledger *ledger, const struct entry *entry, char *text,
    size_t size)
{
	const char *firewall = prohibition(ledger, entry);
	size_t length;

	if (entry->finding == FINDING_NONE)
		return "not tested";
	if (entry->facts != NULL && entry->facts->failure[0] != '\0')
		return entry->facts->failure;
	if (entry->finding == FINDING_OPEN)
		return is_tcp(ledger) ? "connected" : "answered";
	if (entry->finding == FINDING_SILENT)
		return is_tcp(ledger) ? "timed out" : entry->doubt ?
		    "gave no answer (open|filtered; ICMP is limited)" :
		    "gave no answer (open|filtered)";
	snprintf(text, size, "%s", firewall != NULL ? firewall :
	    strerror(entry->error));
	length = strlen(text);
	if (entry->icmp != -1)
		snprintf(text + length, size - length,
		    " (ICMP type %d code %d)", entry->icmp >> 8,
		    entry->icmp & 0xff);
	return text;
}

static const char *
finding_text(const struct ledger *ledger, int finding)
{
	static const char *text[FINDINGS] = {
		"not tested", "not tested", "open", "closed", "unreachable",
		"filtered", "filtered"
	};

	return finding == FINDING_SILENT && !is_tcp(ledger) ?
	    "open|filtered" : text[finding];
}

/* One port is worth a line at -v, many at -vv: a range is one line. */
static void
tell_range(struct ledger *ledger, size_t address)
{
	struct range *range = &ledger->range[address];
	char text[ENDPOINT_TEXT], ports[24], why[128];
	bool silent;

	if (range->first == 0)
		return;
	silent = range->like->finding == FINDING_SILENT;
	if (range->first == range->last)
		snprintf(ports, sizeof(ports), " %u", range->first);
	else
		snprintf(ports, sizeof(ports), "s %u-%u", range->first,
		    range->last);
	diag_say(ledger->ports->count > 1 ? 2 : 1,
	    "connect to %s port%s (%s)%s%s", target(ledger, address, text),
	    ports, protocol(ledger), silent ? " " : " failed: ",
	    reason(ledger, range->like, why, sizeof(why)));
	range->first = 0;
}

static void
tell_ranges(struct ledger *ledger)
{
	size_t i;

	for (i = 0; i < ledger->list->count; i++)
		tell_range(ledger, i);
}

static void
tell_failure(struct ledger *ledger, size_t port, size_t address)
{
	struct range *range = &ledger->range[address];
	const struct entry *entry = ledger_entry(ledger, port, address);
	uint16_t number = ledger->ports->port[port];

	if (range->first != 0 && range->last + 1 == number &&
	    range->like->finding == entry->finding &&
	    range->like->error == entry->error &&
	    range->like->doubt == entry->doubt &&
	    range->like->icmp == entry->icmp) {
		range->last = number;
		return;
	}
	tell_range(ledger, address);
	*range = (struct range){ .first = number, .last = number,
	    .like = entry };
}

static void
tell_open(struct ledger *ledger, size_t port, size_t address)
{
	const struct entry *entry = ledger_entry(ledger, port, address);
	uint16_t number = ledger->ports->port[port];
	char text[ENDPOINT_TEXT], name[PORTS_SERVICE];
	char banner[4 * LEDGER_BANNER + 8];

	tell_ranges(ledger);
	if (diag_wants(1))
		diag_line(1, "Connection to %s %u port [%s/%s] succeeded!",
		    target(ledger, address, text), number, protocol(ledger),
		    service(ledger, number, name));
	if (entry->banner == NULL)
		return;
	if (ledger->ports->count > 1)
		printf("%u ", number);
	puts(text_quote(entry->banner, TEXT_ESCAPED, banner, sizeof(banner)));
}

static void
put_json(const char *name, const char *text)
{
	char quoted[6 * LEDGER_BANNER + 8];

	printf(",\"%s\":%s", name,
	    text_quote(text, TEXT_JSON, quoted, sizeof(quoted)));
}

static void
put_facts(const struct entry *entry)
{
	printf(",\"verified\":%s", entry->code == EXIT_DONE &&
	    !entry->facts->insecure ? "true" : "false");
	if (entry->code == EXIT_DONE) {
		put_json("tls", entry->facts->version);
		put_json("cipher", entry->facts->cipher);
		put_json("group", entry->facts->group);
	}
	if (entry->facts->subject[0] == '\0')
		return;
	put_json("subject", entry->facts->subject);
	put_json("issuer", entry->facts->issuer);
	put_json("pin", entry->facts->pin);
	printf(",\"days\":%d", entry->facts->days);
}

static void
tell_json(const struct ledger *ledger, size_t port, size_t address)
{
	const struct entry *entry = ledger_entry(ledger, port, address);
	uint16_t number = ledger->ports->port[port];
	char text[ADDRESS_TEXT], name[PORTS_SERVICE], why[128];

	printf("{\"port\":%u", number);
	put_json("protocol", protocol(ledger));
	put_json("host", ledger->config->endpoint.host);
	put_json("address", address_text(&ledger->list->item[address], text));
	if (strcmp(service(ledger, number, name), "*") != 0)
		put_json("service", name);
	put_json("state", finding_text(ledger, entry->finding));
	put_json("reason", reason(ledger, entry, why, sizeof(why)));
	if (entry->banner != NULL)
		put_json("banner", entry->banner);
	if (entry->facts != NULL)
		put_facts(entry);
	printf(",\"milliseconds\":%.3f}\n", (double)entry->took_us / 1000);
}

void
tell(struct ledger *ledger, size_t port, size_t address)
{
	if (ledger->config->json)
		tell_json(ledger, port, address);
	else if (ledger_entry(ledger, port, address)->finding == FINDING_OPEN)
		tell_open(ledger, port, address);
	else
		tell_failure(ledger, port, address);
}

void
tell_end(struct ledger *ledger, int64_t took_us)
{
	const size_t *count = ledger->count;
	char silent[48] = "";

	tell_ranges(ledger);
	if (!is_tcp(ledger))
		snprintf(silent, sizeof(silent), "%zu open|filtered, ",
		    count[FINDING_SILENT]);
	if (ledger->ports->count > 1)
		diag_say(1, "%s: %zu open, %zu closed, %zu unreachable, "
		    "%s%zu filtered, %zu not tested of %zu ports in %.3f s",
		    ledger->config->endpoint.host,
		    count[FINDING_OPEN], count[FINDING_CLOSED],
		    count[FINDING_UNREACHABLE], silent,
		    count[FINDING_FILTERED] +
		    (is_tcp(ledger) ? count[FINDING_SILENT] : 0),
		    count[FINDING_NONE], ledger->told,
		    (double)took_us / (double)CLOCK_SECOND);
}
