#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Retries until success or the time is over (--wait), with pauses that double
 * up to a second.
 */

struct retry {
	int64_t	 until_us;	/* deadline of the current try */
	int64_t	 deadline_us;	/* of all tries */
	int64_t	 pause_us;	/* before the next try */
	int64_t	 next_us;	/* when the next try begins */
	bool	 last;		/* no other will follow: say why it failed */
};

/*
 * Retries for duration_us (0: for ever), at most until the deadline.
 * CLOCK_UNSET: a single try, until the deadline.
 */
void	retry_begin(struct retry *, int64_t duration_us, int64_t deadline_us);

/*
 * After a try that failed with this exit code: true if there will be another,
 * for which retry_resume is to be called at next_us. The first time -v says
 * what is waited for: a host, and a port or NULL.
 */
bool	retry_pause(struct retry *, int code, const char *host,
	    const char *port);
void	retry_resume(struct retry *);

#endif
