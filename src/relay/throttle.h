#ifndef THROTTLE_H
#define THROTTLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes may be moved now so that a rate is kept. Two buckets: a fine
 * one bounds every 100 ms to 110 % of the rate, a coarse one the mean to the
 * rate; the fine one fills a little faster, so that what was missed while the
 * processor was with others is made up for. What they hold, in bytes times a
 * million, may fall below nothing: then the next moment is later.
 */
struct throttle {
	int64_t	 rate;		/* bytes a second; 0: as fast as it goes */
	int64_t	 fine, coarse;
	int64_t	 since_us;	/* when they were filled last */
};

/* Begins with a rate, or none (0). */
void	throttle_begin(struct throttle *, int64_t rate);

/* Bytes that may be moved now, 0: not before throttle_deadline. */
size_t	throttle_allows(struct throttle *);
int64_t	throttle_deadline(const struct throttle *);

void	throttle_took(struct throttle *, size_t);

#endif
