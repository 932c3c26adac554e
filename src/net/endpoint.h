#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

struct socket_config;

/* Both ends of a connection before there is one: names become addresses. */

/*
 * The host's addresses; a UNIX path is its own. Returns EXIT_DONE, or an exit
 * code with the reason printed, unless quiet.
 */
int	endpoint_find(const struct address_query *, bool quiet,
	    int64_t deadline_us, struct address_list *);

/* The same from what resolve.h has answered. */
int	endpoint_check(const struct address_query *, int answer, bool quiet);

/* Says (-vv) how many addresses there are, and how long that took. */
void	endpoint_found(const struct address_query *host,
	    const struct address_list *, int64_t since_us);

/* Where to come from: at most one address of a family; none: anywhere. */
struct endpoint_source {
	size_t	 count;
	struct address item[2];
};

/* The address to bind to for a host of this family, or NULL. */
const struct address *endpoint_source(const struct endpoint_source *,
	    int family);

/* Whether -s names a host, and the question that finds it. */
bool	endpoint_source_query(const struct address_query *host,
	    const struct socket_config *, struct address_query *);

/* Without -s: any address, but this port, if it is not 0. */
void	endpoint_any(uint16_t port, struct endpoint_source *);

/*
 * With -s: of what was found for the name, an address for each family of the
 * hosts. Leaves only those hosts that can be reached from there. Returns
 * EXIT_DONE, or an exit code with the reason printed.
 */
int	endpoint_match(const struct address_query *host, const char *name,
	    struct address_list *hosts, const struct address_list *found,
	    struct endpoint_source *);

/*
 * All of that, asleep: the host's addresses and where to come from. Returns
 * EXIT_DONE, or an exit code with the reason printed; quiet is only about the
 * host.
 */
int	endpoint_pair(const struct address_query *host,
	    const struct socket_config *, bool quiet, int64_t deadline_us,
	    struct address_list *hosts, struct endpoint_source *);

/*
 * Binds the socket to the source, whose path, if it is one, is removed at the
 * program's end. Returns false with the reason printed.
 */
bool	endpoint_bind(int fd, const struct address *source);

/*
 * For who listens: the host's addresses, IPv4 first; without a host all there
 * are. Returns as endpoint_find.
 */
int	endpoint_here(const struct address_query *, int64_t deadline_us,
	    struct address_list *);

/*
 * Binds a listener's socket to one of them; "::" takes IPv4 too, unless only
 * IPv6 was asked for. Returns false with errno set.
 */
bool	endpoint_serve(const struct address_query *, int fd,
	    const struct address *);

/* " (what may help)" when the address gave this errno, or "". */
const char *endpoint_hint(const struct address *, int error);

/* The same for an address of ours that cannot be bound to. */
const char *endpoint_bind_hint(const struct address *, int error);

/*
 * "localhost (127.0.0.1)", or the address alone when that is what was given.
 * text has ENDPOINT_TEXT bytes.
 */
#define ENDPOINT_TEXT	(ADDRESS_NAME + ADDRESS_TEXT + 4)
const char *endpoint_text(const char *host, const struct address *, char *text);

#endif
