#ifndef GREET_H
#define GREET_H

#include <stdbool.h>

#include "base/clock.h"
#include "stream/stream.h"

struct address;

/* Limit for a handshake, in microseconds, where the user has set none. */
#define GREET_LIMIT	(30 * CLOCK_SECOND)

/*
 * Judges the last answer of a handshake; IO_WANT_READ and IO_WANT_WRITE mean
 * that it ran out of time. Returns EXIT_DONE; or another exit code with the
 * reason printed and in the stream's error, and the stream closed. quiet: print
 * only what a retry cannot change, a wrong identity.
 */
int	greet_end(struct stream *, const struct address *peer, enum io answer,
	    bool quiet);

#endif
