#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/quantity.h"

int64_t
clock_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

int64_t
clock_deadline(int64_t duration_us)
{
	return duration_us < 0 ? CLOCK_NEVER : clock_now_us() + duration_us;
}

const char *
clock_parse(const char *text, int64_t *duration_us)
{
	static const struct unit units[] = {
		{ "", CLOCK_SECOND },
		{ "ms", CLOCK_SECOND / 1000 },
		{ "s", CLOCK_SECOND },
		{ "m", 60 * CLOCK_SECOND },
		{ "h", 3600 * CLOCK_SECOND },
		{ NULL, 0 },
	};

	return quantity_parse(text, units,
	    "use seconds like 5 or 0.5, or 500ms, 2m, 1h", duration_us);
}

const char *
clock_text(int64_t duration_us, char *text)
{
	snprintf(text, CLOCK_TEXT, "%g s",
	    (double)duration_us / (double)CLOCK_SECOND);
	return text;
}
