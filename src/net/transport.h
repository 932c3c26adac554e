#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stdbool.h>

struct address;
struct address_query;

/*
 * The transports, as a table: a new one is a row. What a transport can do is
 * looked up in its row, never concluded from a family or a type.
 */
enum transport_caps {
	TRANSPORT_CONNECTS = 1 << 0,	/* has listen(2) and accept(2) */
	TRANSPORT_ABORTS = 1 << 1,	/* can reset a connection */
	TRANSPORT_PROVES = 1 << 2,	/* knows what was acknowledged */
	TRANSPORT_MESSAGES = 1 << 3,	/* a write is a datagram; no end */
	TRANSPORT_PORTS = 1 << 4,	/* an address is a host and a port */
	TRANSPORT_BINDS = 1 << 5	/* clients must bind to be answered */
};

struct transport {
	const char *name;	/* "tcp": in messages, and of services(5) */
	const char *label;	/* "TCP": for a command's environment */
	int	 family;	/* AF_UNSPEC: IPv4 and IPv6 */
	int	 type, protocol;
	unsigned caps;		/* enum transport_caps */
	/* Makes an address of a text; NULL: it is resolved (resolve.h). */
	bool	 (*parse)(const char *, struct address *);
};

/* The transport of a query or a socket; never NULL. */
const struct transport *transport_of(const struct address_query *);
const struct transport *transport_of_socket(int fd);

/* Whether the query's transport has all these caps. */
bool	transport_can(const struct address_query *, unsigned caps);

#endif
