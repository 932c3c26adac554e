#include "base/clock.h"
#include "relay/throttle.h"

#define FINE	5000			/* microseconds worth of the rate */
#define COARSE	(CLOCK_SECOND / 2)
#define PIECE	2000			/* less is not worth a system call */

/* So much of the rate as comes in a time, but a byte at least. */
static int64_t
worth(const struct throttle *throttle, int64_t time_us)
{
	int64_t bytes = throttle->rate * time_us;

	return bytes < CLOCK_SECOND ? CLOCK_SECOND : bytes;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What half a second of such a rate holds can still be counted. */
void
throttle_begin(struct throttle *throttle, int64_t rate)
{
	*throttle = (struct throttle){
		.rate = least(rate, INT64_MAX / 4 / COARSE),
	};
}

size_t
throttle_allows(struct throttle *throttle)
{
	int64_t now_us = clock_now_us(), full_us, gain;

	if (throttle->since_us == 0)
		throttle->since_us = now_us;
	/* No longer than until they are full, or the product overflows. */
	full_us = COARSE - least(throttle->coarse, 0) / throttle->rate;
	gain = throttle->rate * least(now_us - throttle->since_us, full_us);
	throttle->since_us = now_us;
	throttle->coarse = least(throttle->coarse + gain,
	    worth(throttle, COARSE));
	throttle->fine = least(throttle->fine + gain + gain / 20,
	    worth(throttle, FINE));
	gain = least(throttle->fine, throttle->coarse);
	return gain < worth(throttle, PIECE) ? 0 :
	    (size_t)(gain / CLOCK_SECOND);
}

int64_t
throttle_deadline(const struct throttle *throttle)
{
	int64_t missing = worth(throttle, PIECE) -
	    least(throttle->fine, throttle->coarse);

	return throttle->since_us + missing / throttle->rate + 1;
}

void
throttle_took(struct throttle *throttle, size_t bytes)
{
	throttle->fine -= (int64_t)bytes * CLOCK_SECOND;
	throttle->coarse -= (int64_t)bytes * CLOCK_SECOND;
}
