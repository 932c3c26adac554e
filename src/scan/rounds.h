#ifndef ROUNDS_H
#define ROUNDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"

struct scan;

/* --every: tests the same ports repeatedly, and keeps the times. */

/* Allocates scan->rounds; false when there is no memory. */
bool	rounds_open(struct scan *);

/*
 * Ends a round: prints and keeps its results, and resets them. Returns when the
 * next round begins; 0: this was the last.
 */
int64_t	rounds_end(struct scan *, const struct loop *);

/*
 * Prints each port's minimum, median, 99th percentile and maximum. Returns the
 * exit code: EXIT_DONE only if all ports were good in all rounds.
 */
int	rounds_tell(const struct scan *);

void	rounds_close(struct scan *);

#endif
