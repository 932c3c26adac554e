#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "base/loop.h"
#include "scan/results.h"

struct scan;

/*
 * How a scan's results are said: as lines on stderr (-v), where neighbours of
 * which the same is to be said become one, banners on stdout, or as JSON on
 * stdout, an object for each (the manual's -z and --json).
 */

/*
 * What is known by now, in the order asked for; what is open at once. All: what
 * is not known, too.
 */
void	output_news(struct scan *, bool all);

/* What --wait waits for. */
void	output_waiting(const struct scan *);

/* The rest, and the sums. */
void	output_end(struct scan *, const struct results_sum *, int code);

/* Draws how far it is; wakes the loop to do so again. */
void	output_progress(struct scan *, struct loop *);

/* A line of --every, with the time of day. */
void	output_round(const struct scan *, const struct port *);

#endif
