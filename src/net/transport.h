#ifndef TRANSPORT_H
#define TRANSPORT_H

#include <stdbool.h>

struct address;
struct address_query;

/*
 * What carries the bytes, as a table: a new transport is a row. What one can
 * do is asked of its row, never of a family or a type.
 */
enum transport_caps {
	TRANSPORT_CONNECTS = 1 << 0,	/* listen(2), accept(2) */
	TRANSPORT_ABORTS = 1 << 1,	/* the peer sees a reset as one */
	TRANSPORT_PROVES = 1 << 2,	/* tells what was acknowledged */
	TRANSPORT_MESSAGES = 1 << 3,	/* a write is a datagram; no end */
	TRANSPORT_PORTS = 1 << 4,	/* an address is a host and a port */
	TRANSPORT_BINDS = 1 << 5	/* unbound, nobody can answer us */
};

struct transport {
	const char *name;	/* "tcp": in messages, and of services(5) */
	const char *label;	/* "TCP": for a command's environment */
	int	 family;	/* AF_UNSPEC: IPv4 and IPv6 */
	int	 type, protocol;
	unsigned caps;		/* enum transport_caps */
	/* An address from its text, or NULL: the resolver is asked. */
	bool	 (*parse)(const char *, struct address *);
};

/* The query's; never NULL. */
const struct transport *transport_of(const struct address_query *);

/* The socket's; never NULL. */
const struct transport *transport_of_socket(int fd);

/* Whether the query's has all these caps. */
bool	transport_can(const struct address_query *, unsigned caps);

#endif
