#ifndef ENDPOINT_H
#define ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

struct socket_config;

/* From names to the addresses that a socket connects to and is bound to. */

/*
 * Resolves the host, sleeping; a UNIX path is its own address. Returns
 * EXIT_DONE, or another exit code with the reason printed.
 */
int	endpoint_find(const struct address_query *, int64_t deadline_us,
	    struct address_list *);

/* The exit code for resolve.h's answer; the reason is printed unless quiet. */
int	endpoint_check(const struct address_query *, int answer, bool quiet);

/* Says (-vv) how many addresses were found, and how long that took. */
void	endpoint_found(const struct address_query *host,
	    const struct address_list *, int64_t since_us);

/* What to bind to (-s) for a host of this family: the first that has it. */
const struct address *endpoint_source(const struct address_list *source,
	    int family);

/* Whether there is a source host (-s); sets the query that resolves it. */
bool	endpoint_source_query(const struct address_query *host,
	    const struct socket_config *, struct address_query *);

/* The unspecified addresses of a family, or of both for AF_UNSPEC. */
void	endpoint_any(int family, uint16_t port, struct address_list *);

/*
 * Removes the hosts of a family that name, the source, has no address of.
 * Returns EXIT_DONE, or another exit code with the reason printed.
 */
int	endpoint_match(const struct address_query *host, const char *name,
	    struct address_list *hosts, const struct address_list *source);

/*
 * Binds the socket to the source; a path is removed when the program ends.
 * Returns false with the reason printed.
 */
bool	endpoint_bind(int fd, const struct address *source);

/*
 * What a listener binds to: the host's addresses, IPv4 first; without a host
 * the unspecified ones. Returns as endpoint_find.
 */
int	endpoint_here(const struct address_query *, int64_t deadline_us,
	    struct address_list *);

/*
 * Binds a listener's socket to one of them; "::" takes IPv4 too, unless the
 * query is for IPv6 only (-6). Returns false with errno set.
 */
bool	endpoint_serve(const struct address_query *, int fd,
	    const struct address *);

/* " (what may help)" after connecting to the address failed so, or "". */
const char *endpoint_hint(const struct address *, int error);

/* The same after bind(2). */
const char *endpoint_bind_hint(const struct address *, int error);

/*
 * "localhost (127.0.0.1)", or the address alone when that is what was given.
 * text has ENDPOINT_TEXT bytes.
 */
#define ENDPOINT_TEXT	(ADDRESS_NAME + ADDRESS_TEXT + 4)
const char *endpoint_text(const char *host, const struct address *, char *text);

#endif
