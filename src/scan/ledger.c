#include <stdlib.h>

#include "base/diag.h"
#include "net/ports.h"
#include "scan/ledger.h"
#include "scan/scan.h"
#include "scan/tell.h"

struct entry *
ledger_entry(const struct ledger *ledger, size_t port, size_t address)
{
	return &ledger->entry[address * ledger->ports->count + port];
}

bool
ledger_open(struct ledger *ledger)
{
	ledger->ports = ledger->config->ports;
	ledger->entry = calloc(ledger->list->count * ledger->ports->count,
	    sizeof(*ledger->entry));
	return ledger->entry != NULL;
}

/* The entry that stands for the port: the most telling one. */
static size_t
best(const struct ledger *ledger, size_t port)
{
	static const int rank[FINDINGS] = {
		[FINDING_OPEN] = 5,
		[FINDING_NONE] = 4,
		[FINDING_DOUBT] = 3,
		[FINDING_SILENT] = 2,
		[FINDING_FILTERED] = 2,
		[FINDING_UNREACHABLE] = 1,
	};
	size_t i, found = 0;

	for (i = 1; i < ledger->list->count; i++)
		if (rank[ledger_entry(ledger, port, i)->finding] >
		    rank[ledger_entry(ledger, port, found)->finding])
			found = i;
	return found;
}

/* Whether all that can be known of the port is known. */
static bool
is_settled(const struct ledger *ledger, size_t port)
{
	const struct entry *entry;
	size_t i;

	for (i = 0; i < ledger->list->count; i++) {
		entry = ledger_entry(ledger, port, i);
		if (entry->finding == FINDING_OPEN &&
		    !ledger->config->each_address)
			return true;
		if (entry->finding <= FINDING_DOUBT)
			return false;
	}
	return true;
}

static void
tell_port(struct ledger *ledger, size_t port)
{
	size_t address = best(ledger, port), i;
	bool one = !ledger->config->each_address && (ledger->config->json ||
	    ledger_entry(ledger, port, address)->finding == FINDING_OPEN);

	for (i = 0; i < ledger->list->count; i++)
		if (!one || i == address)
			tell(ledger, port, i);
}

void
ledger_tell(struct ledger *ledger)
{
	while (ledger->told < ledger->ports->count &&
	    is_settled(ledger, ledger->told))
		tell_port(ledger, ledger->told++);
}

void
ledger_end(struct ledger *ledger, int64_t took_us)
{
	while (ledger->told < ledger->ports->count)
		tell_port(ledger, ledger->told++);
	tell_end(ledger, took_us);
}

int
ledger_code(struct ledger *ledger, bool all)
{
	size_t i, *count = ledger->count, good = 0;
	const struct entry *entry;
	int code = EXIT_DONE;

	for (i = 0; i < ledger->ports->count; i++) {
		entry = ledger_entry(ledger, i, best(ledger, i));
		count[entry->finding]++;
		good += entry->finding == FINDING_OPEN && entry->code == 0;
		if (entry->code > code)
			code = entry->code;
	}
	if (code == EXIT_IDENTITY)
		return code;
	if (good >= (all ? ledger->ports->count : 1))
		return EXIT_DONE;
	if (code != EXIT_DONE)
		return code;
	return count[FINDING_SILENT] + count[FINDING_FILTERED] +
	    count[FINDING_DOUBT] + count[FINDING_NONE] > 0 ? EXIT_TIME :
	    EXIT_NETWORK;
}

void
ledger_close(struct ledger *ledger)
{
	size_t i, entries = ledger->list->count * ledger->ports->count;

	for (i = 0; ledger->entry != NULL && i < entries; i++) {
		free(ledger->entry[i].banner);
		free(ledger->entry[i].facts);
	}
	free(ledger->entry);
}
