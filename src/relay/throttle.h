#ifndef THROTTLE_H
#define THROTTLE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Limits a rate by two token buckets: a fine one keeps every 100 ms below 110 %
 * of the rate, a coarse one the mean at the rate. The fine one fills 5 %
 * faster, to make up for time in which we had no CPU. Their contents, in bytes
 * times a million, may be negative, which delays the next bytes.
 */
struct throttle {
	int64_t	 rate;		/* bytes a second; 0: no limit */
	int64_t	 fine, coarse;
	int64_t	 since_us;	/* when they were filled last */
};

/* Begins with a rate in bytes a second; 0: no limit. */
void	throttle_begin(struct throttle *, int64_t rate);

/* Bytes that may be moved now; 0: none before throttle_deadline. */
size_t	throttle_allows(struct throttle *);
int64_t	throttle_deadline(const struct throttle *);

/* Takes what was moved from the buckets. */
void	throttle_took(struct throttle *, size_t);

#endif
