#ifndef RACE_H
#define RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/endpoint.h"
#include "net/socket.h"

struct loop;

struct attempt {
	const struct address *to;
	int	 fd;		/* -1: not begun, or over */
	int	 place;		/* in the round */
	int	 error;		/* why it failed; 0: not (yet) */
	int64_t	 since_us;
};

/*
 * The addresses of one name, tried by happy eyeballs (RFC 8305): families take
 * turns, a new attempt every 250 ms or as soon as one has failed, the first to
 * connect wins.
 */
struct race {
	struct address_query endpoint;
	const struct socket_config *socket;
	struct address_list list;
	struct endpoint_source source;
	/* from here on race_begin fills */
	struct attempt attempt[ADDRESS_LIST];
	size_t	 count, begun;
	struct attempt *winner;
	int64_t	 next_us;	/* when the next attempt may begin */
	bool	 stop;		/* a local failure, printed already */
};

/* The list and the source are there. */
void	race_begin(struct race *);

void	race_watch(struct race *, struct loop *);

/* True when it is over: one has won, or none can any more. */
bool	race_step(struct race *, const struct loop *);

/*
 * Ends it, or what is left of it: those still under way are aborted, for want
 * of time if none has won. Returns EXIT_DONE, with the winner's descriptor the
 * caller's; or an exit code. Every address that failed is named: unless quiet,
 * or with -v when another has won.
 */
int	race_end(struct race *, bool quiet);

/*
 * "Connection to HOST (ADDRESS) PORT port [tcp/SERVICE] succeeded!", with -v
 * and where a connect says so much; the address NULL when it is not known.
 */
void	race_announce(const struct address_query *, const struct address *);

#endif
