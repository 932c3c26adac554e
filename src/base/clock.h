#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Time is CLOCK_MONOTONIC in microseconds. A moment is an int64_t named
 * deadline_us or since_us, a duration an int64_t named ..._us. Everything that
 * waits takes a deadline, so that a retry cannot make it longer.
 */

#define CLOCK_NEVER	INT64_MAX	/* a deadline that does not come */
#define CLOCK_UNSET	((int64_t)-1)	/* a duration nobody asked for */
#define CLOCK_SECOND	((int64_t)1000000)
#define CLOCK_TEXT	32

/* The moment it is, counted from one that does not matter. */
int64_t	clock_now_us(void);

/* The moment a duration from now; CLOCK_NEVER for a negative one. */
int64_t	clock_deadline(int64_t duration_us);

bool	clock_passed(int64_t deadline_us);

/* The one that comes first. */
int64_t	clock_earlier(int64_t deadline_us, int64_t other_us);

/* What poll(2) wants: milliseconds, rounded up; -1 for CLOCK_NEVER. */
int	clock_poll_ms(int64_t deadline_us);

/*
 * Reads a duration: digits, perhaps a fraction, perhaps a unit of ms, s, m or
 * h (seconds without one). Returns NULL, or what is wrong with the text.
 */
const char *clock_parse(const char *text, int64_t *duration_us);

/* The duration for a reader, "1.5 s"; text has CLOCK_TEXT bytes. */
const char *clock_text(int64_t duration_us, char *text);

#endif
