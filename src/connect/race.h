#ifndef RACE_H
#define RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/socket.h"

struct loop;

struct attempt {
	const struct address *to;
	int	 fd;		/* -1: not begun, or over */
	int	 place;		/* in the loop */
	int	 error;		/* errno of its failure; 0: none (yet) */
	int64_t	 since_us;	/* when it began */
};

/*
 * Happy eyeballs (RFC 8305) over the addresses of one name: families alternate,
 * an attempt begins every 250 ms or as soon as one has failed, the first to
 * connect wins.
 */
struct race {
	struct address_query endpoint;
	const struct socket_config *socket;
	struct address_list list;
	struct address_list source;	/* to bind to */
	/* set by race_begin */
	struct attempt attempt[ADDRESS_LIST];
	size_t	 count, begun;	/* attempts in all; those that have begun */
	struct attempt *winner;
	int64_t	 next_us;	/* when the next attempt may begin */
	bool	 stop;		/* a local failure, printed already */
};

/* Begins; endpoint, socket, list and source must be set. */
void	race_begin(struct race *);

void	race_watch(struct race *, struct loop *);

/* True once it is over: an attempt has won, or all have failed. */
bool	race_step(struct race *, const struct loop *);

/*
 * Ends it: the other attempts are aborted (ETIMEDOUT if none has won). Returns
 * EXIT_DONE, with the winner's descriptor the caller's, or another exit code.
 * Failed addresses are printed unless quiet, or if another has won with -v.
 */
int	race_end(struct race *, bool quiet);

/*
 * Prints (-v) "Connection to HOST (ADDRESS) PORT port [tcp/SERVICE] succeeded!"
 * for transports that connect; the address is NULL behind a proxy.
 */
void	race_announce(const struct address_query *, const struct address *);

#endif
