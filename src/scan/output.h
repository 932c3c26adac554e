#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdbool.h>

#include "base/loop.h"
#include "scan/results.h"

struct scan;

/*
 * Prints a scan's results: as lines on stderr (-v), one for a range of ports
 * with the same result; banners on stdout; or JSON objects on stdout.
 */

/*
 * Prints the new results in the order of the ports, but open ports at once.
 * all: also of ports that are not settled.
 */
void	output_news(struct scan *, bool all);

/* Prints (-v) what --wait waits for. */
void	output_waiting(const struct scan *);

/* Prints the remaining results and the sums. */
void	output_end(struct scan *, const struct results_sum *, int code);

/* Draws the progress when it is due, and lets the loop wake for the next. */
void	output_progress(struct scan *, struct loop *);

/* Prints a port's result in a round of --every, with the time. */
void	output_round(const struct scan *, const struct port *);

#endif
