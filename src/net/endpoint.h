#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
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

/*
 * For who connects: the host's addresses as above, told at -vv, and what -s
 * and -p say to come from, of length 0 when they say nothing. Leaves only
 * those hosts that can be reached from there. Returns EXIT_DONE, or an exit
 * code with the reason printed; quiet is only about the host.
 */
int	endpoint_pair(const struct address_query *host,
	    const struct socket_config *, bool quiet, int64_t deadline_us,
	    struct address_list *hosts, struct address *source);

/*
 * Binds the socket to the source, whose path, if it is one, is removed at the
 * program's end. Returns false with the reason printed.
 */
bool	endpoint_bind(int fd, const struct address *source);

/*
 * "localhost (127.0.0.1)", or the address alone when that is what was given.
 * text has ENDPOINT_TEXT bytes.
 */
#define ENDPOINT_TEXT	(ADDRESS_NAME + ADDRESS_TEXT + 4)
const char *endpoint_text(const char *host, const struct address *, char *text);

#endif
