#ifndef ATTEMPT_H
#define ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "scan/results.h"
#include "scan/talk.h"

struct scan;

/*
 * A port at an address, being asked: connected to, talked to, settled. Which
 * ones those are, and when, is the scan's; nobody else sees this.
 */

#define ATTEMPT_TRIES	5	/* in a port's time: a packet may be lost */

/*
 * A silent port is asked again and again: what was asked first may still be
 * answered late, so a second socket does that.
 */
struct attempt {
	struct result *result;	/* NULL: it is over */
	struct target *target;
	uint16_t port;
	uint16_t address;	/* its index */
	int	 fd[2];		/* asked first, asked last; -1: none */
	int	 place[2];	/* of these in the round */
	struct talk *talk;	/* once connected, if there is more to do */
	int64_t	 since_us, again_us, until_us;
};

/*
 * Begins to connect, or sends the probe. Returns 0 when that is under way or
 * the port settled, else an errno that says that we have too little
 * (attempt_is_shortage), with nothing left open; sets the scan's broken when
 * it was printed.
 */
int	attempt_begin(struct scan *, struct attempt *);

bool	attempt_is_shortage(int error);

void	attempt_watch(const struct scan *, struct attempt *, struct loop *);

/* Takes answers, asks again, ends what has waited too long. */
void	attempt_step(struct scan *, struct attempt *, const struct loop *);

/* What the port's silence or answer means is known: the attempt is over. */
void	attempt_settle(struct scan *, struct attempt *, enum port_state,
	    int error);

/* Closes the sockets kept to be used again. */
void	attempt_drop_spares(struct scan *);

#endif
