#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

/*
 * Who may connect: lists of addresses and networks (--allow, --deny). An
 * IPv4-mapped IPv6 address is the IPv4 one (RFC 4291, section 2.5.5.2).
 */

struct network {
	uint8_t	 octet[16];	/* an IPv4 one as IPv4-mapped */
	unsigned bits;		/* of them that count */
};

struct access_list {
	struct network *network;
	size_t	 count;
};

/*
 * Adds ADDRESS[/BITS], several with commas between them, or @FILE, which has
 * one or more in each line, after # a comment. Returns NULL, or what is wrong,
 * valid until the next call. The list stays to the program's end.
 */
const char *access_parse(const char *text, struct access_list *);

/* Whether the address is in one of the list's networks. */
bool	access_matches(const struct access_list *, const struct address *);

/*
 * Whether a peer may connect: not if it is denied; nor, if the allow list has
 * entries, if it is in none of them. A UNIX peer always may.
 */
bool	access_permits(const struct access_list *allow,
	    const struct access_list *deny, const struct address *);

/*
 * The same for the sender of a datagram: if false, drop it unread. Only the
 * first one is reported (-v).
 */
bool	access_hears(const struct access_list *allow,
	    const struct access_list *deny, const struct address *);

#endif
