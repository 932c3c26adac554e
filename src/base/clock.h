#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Time is CLOCK_MONOTONIC in microseconds. A moment is an int64_t named
 * deadline_us or since_us, a duration an int64_t named ..._us. Everything that
 * waits takes a deadline, so that a retry cannot make it longer.
 */

#define CLOCK_NEVER	INT64_MAX	/* no deadline */
#define CLOCK_UNSET	((int64_t)-1)	/* no duration was given */
#define CLOCK_SECOND	((int64_t)1000000)
#define CLOCK_TEXT	32

/* Now, in microseconds since an unspecified moment. */
int64_t	clock_now_us(void);

/* Now plus a duration; CLOCK_NEVER for a negative one (CLOCK_UNSET). */
int64_t	clock_deadline(int64_t duration_us);

/* Whether the deadline is reached; CLOCK_NEVER never is. */
static inline bool
clock_passed(int64_t deadline_us)
{
	return deadline_us != CLOCK_NEVER && clock_now_us() >= deadline_us;
}

/* The earlier of two deadlines (or the shorter of two durations). */
static inline int64_t
clock_earlier(int64_t deadline_us, int64_t other_us)
{
	return deadline_us < other_us ? deadline_us : other_us;
}

/*
 * Reads a duration: digits, perhaps a fraction, perhaps a unit of ms, s, m or
 * h (seconds without one). Returns NULL, or what is wrong with the text.
 */
const char *clock_parse(const char *text, int64_t *duration_us);

/* The duration for a reader, "1.5 s"; text has CLOCK_TEXT bytes. */
const char *clock_text(int64_t duration_us, char *text);

#endif
