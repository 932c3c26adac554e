#include "base/clock.h"
#include "relay/throttle.h"

/* Sizes of the buckets, and the least that is moved, as times at the rate. */
#define FINE	5000
#define COARSE	(CLOCK_SECOND / 2)
#define PIECE	2000

/* Bytes times a million that the rate gives in a time; at least one byte. */
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

/* The rate is limited so that the buckets cannot overflow. */
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
	/* At most the time to fill them, or the product could overflow. */
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
