#ifndef COUNT_H
#define COUNT_H

#include <stdint.h>

struct loop;
struct relay;

/* Octets on their way, as far as the kernel can tell; else 0. */
uint64_t count_unacknowledged(const struct relay *);

/* Bytes that have arrived there. */
uint64_t count_acknowledged(const struct relay *);

/* Brings the outcome's numbers up to date. */
void	count_take(struct relay *);

/* Calls the watch's tick when it is due, or has been asked for. */
void	count_tick(struct relay *, const struct loop *);

#endif
