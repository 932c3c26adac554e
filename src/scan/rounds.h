#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct scan;

/* --every: the same ports again and again, and how long that took. */

bool	rounds_open(struct scan *);

/*
 * A round is over: tells and keeps it, and forgets the results. When the next
 * is to begin; 0: it was the last.
 */
int64_t	rounds_end(struct scan *, const struct loop *);

/*
 * Tells least, median, 99th percentile and most of each port. Returns the exit
 * code: EXIT_DONE only if all ports were good in all rounds.
 */
int	rounds_tell(const struct scan *);

void	rounds_close(struct scan *);

#endif
