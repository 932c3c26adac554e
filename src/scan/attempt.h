#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "scan/results.h"
#include "scan/talk.h"

struct scan;

/* The test of one port at one address; for scan.c only. */

#define ATTEMPT_TRIES	5	/* in a port's time: packets may be lost */

/*
 * A silent port is tried again by a second TCP socket, since the first may
 * still get a late answer; over UDP by another datagram.
 */
struct attempt {
	struct result *result;	/* NULL: it is over */
	struct target *target;
	uint16_t port;
	uint16_t address;	/* its index in the target */
	int	 fd[2];		/* the first socket and the second; -1: none */
	int	 place[2];	/* of these in the loop */
	struct talk *talk;	/* once connected, if there is more to do */
	int64_t	 since_us, again_us, until_us;	/* begun, next try, deadline */
};

/*
 * Starts to connect, or sends the probe. Returns 0 when it is in progress or
 * settled; else the errno of a shortage (attempt_is_shortage), with no socket
 * left open. Sets the scan's broken after a failure that it has printed.
 */
int	attempt_begin(struct scan *, struct attempt *);

/* Whether the errno tells that we lack descriptors, ports or memory. */
bool	attempt_is_shortage(int error);

void	attempt_watch(const struct scan *, struct attempt *, struct loop *);

/* Handles answers, tries again, and settles it at its deadline. */
void	attempt_step(struct scan *, struct attempt *, const struct loop *);

/* Ends the attempt, with this state, and the errno behind it, as result. */
void	attempt_settle(struct scan *, struct attempt *, enum port_state,
	    int error);

/* Closes the sockets that were kept for reuse. */
void	attempt_drop_spares(struct scan *);

#endif
