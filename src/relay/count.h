#ifndef COUNT_H
#define COUNT_H

#include <stdbool.h>
#include <stdint.h>

struct flow;
struct relay;
struct stream;

/* Octets sent to the sink and not acknowledged; 0 where that is unknown. */
uint64_t count_resting(const struct stream *sink, const struct flow *to);

/* The same of both flows. */
uint64_t count_unacknowledged(const struct relay *);

/* Updates the outcome's bytes to those that have arrived. */
void	count_take(struct relay *);

/* Calls the watch's tick, and sets the next; asked: it was by SIGUSR1. */
void	count_tick(struct relay *, bool asked);

#endif
