#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/address.h"

/*
 * Who may connect: lists of addresses and networks (--allow, --deny). An
 * IPv4-mapped IPv6 address is the IPv4 one (RFC 4291, section 2.5.5.2).
 */

struct network {
	struct in6_addr host;	/* IPv4 as IPv4-mapped IPv6 */
	unsigned bits;		/* prefix length in these 128 bits */
};

struct access_list {
	struct network *network;
	size_t	 count;
};

/*
 * Adds ADDRESS[/BITS], several separated by commas, or those in @FILE, one or
 * more a line with comments after #. Returns NULL, or what is wrong, valid
 * until the next call. Lists are never freed.
 */
const char *access_parse(const char *text, struct access_list *);

/* Whether the address is in one of the list's networks. */
bool	access_matches(const struct access_list *, const struct address *);

/*
 * Whether a peer may connect: it must not be in deny and, unless allow is
 * empty, must be in allow. UNIX peers always may.
 */
bool	access_permits(const struct access_list *allow,
	    const struct access_list *deny, const struct address *);

/*
 * The same for the sender of a datagram, which is to be dropped if false. Only
 * the first refusal is reported (-v).
 */
bool	access_hears(const struct access_list *allow,
	    const struct access_list *deny, const struct address *);

#endif
