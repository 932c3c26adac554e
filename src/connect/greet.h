#ifndef GREET_H
#define GREET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "stream/stream.h"

struct address;

/* How long a handshake may take when nobody says. */
#define GREET_LIMIT	(30 * CLOCK_SECOND)

/*
 * Brings the stream's handshake, if it has one, to its end by the deadline, or
 * within GREET_LIMIT if that is CLOCK_NEVER. Returns EXIT_DONE; or an exit code
 * with the reason printed, also in the stream's error, and the stream closed.
 * Quiet: what may be better at the next try is not printed.
 */
int	greet(struct stream *, const struct address *peer,
	    int64_t deadline_us, bool quiet);

/*
 * The end of a handshake that gave this answer: as greet returns it. A want
 * means that its time is over.
 */
int	greet_end(struct stream *, const struct address *peer, enum io answer,
	    bool quiet);

#endif
