#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

struct ports;
struct tls_facts;
struct scan_config;

/*
 * What a scan has found, and who is told: entries are made in any order and
 * told (tell.h) in the order the ports were asked for.
 */

enum finding {
	FINDING_NONE,		/* not asked yet, or not to its end */
	FINDING_DOUBT,		/* silent, but perhaps for too many ICMPs */
	FINDING_OPEN,		/* connected, or (UDP) answered */
	FINDING_CLOSED,		/* refused */
	FINDING_UNREACHABLE,	/* why is in error and icmp */
	FINDING_FILTERED,	/* a firewall's ICMP said so, see there */
	FINDING_SILENT,		/* no answer in time */
	FINDINGS
};

struct entry {
	char	*banner;	/* what an open port said first, or NULL */
	struct tls_facts *facts;	/* of an open port's TLS, or NULL */
	uint32_t took_us;
	int16_t	 error;		/* the errno behind it, or 0 */
	int16_t	 icmp;		/* the ICMP behind it (sys_icmp), or -1 */
	uint8_t	 finding;	/* enum finding */
	bool	 doubt;		/* silent, while ICMP was limited */
	uint8_t	 code;		/* what the visit of an open port came to */
};

/* Neighbours of which the same is to be said. */
struct range {
	uint16_t first, last;	/* 0: none */
	const struct entry *like;
};

#define LEDGER_BANNER	256	/* bytes of it, at most */

struct ledger {
	const struct scan_config *config;
	const struct address_list *list;	/* of the host */

	/* the ledger's own */
	const struct ports *ports;
	struct entry *entry;	/* all ports at the first address, then ... */
	struct range range[ADDRESS_LIST];	/* being gathered */
	size_t	 told;		/* ports */
	size_t	 count[FINDINGS];	/* ports, once ledger_code has looked */
};

/*
 * With config and list set and all else zero: makes room for the entries, none
 * of which is asked yet. False when there is no memory; ledger_close follows in
 * either case.
 */
bool	ledger_open(struct ledger *);

/* By the indices of the port and of the host's address. */
struct entry *ledger_entry(const struct ledger *, size_t port, size_t address);

/* Tells what the order allows. Call it after entries were made. */
void	ledger_tell(struct ledger *);

/*
 * No more is to come: the exit code. EXIT_DONE when all (or, unless all is
 * set, any) of the ports are open; else whether it was time or the network. A
 * visit that found somebody wrong decides.
 */
int	ledger_code(struct ledger *, bool all);

/* After ledger_code: tells the rest and sums up. */
void	ledger_end(struct ledger *, int64_t took_us);

/* Frees the entries with their banners and facts. */
void	ledger_close(struct ledger *);

#endif
