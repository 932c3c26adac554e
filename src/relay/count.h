#ifndef COUNT_H
#define COUNT_H

#include <stdint.h>

struct flow;
struct loop;
struct relay;
struct stream;

/* Octets on their way to a sink, as far as the kernel can tell; else 0. */
uint64_t count_resting(const struct stream *sink, const struct flow *to);

/* The same of both flows. */
uint64_t count_unacknowledged(const struct relay *);

/* Brings the outcome's numbers up to date. */
void	count_take(struct relay *);

/* Calls the watch's tick when it is due, or has been asked for. */
void	count_tick(struct relay *, const struct loop *);

#endif
