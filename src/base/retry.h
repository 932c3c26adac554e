#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Trying again until it works or the time is over (--wait), with pauses that
 * grow up to a second.
 */

struct retry {
	int64_t	 until_us;	/* when the try under way must have ended */
	int64_t	 deadline_us;	/* the end of all tries */
	int64_t	 pause_us, next_us;	/* the next try begins then */
	bool	 last;		/* no other will follow: say why it failed */
};

/*
 * For so long (0: for ever), but not after the deadline. CLOCK_UNSET: there is
 * one try, until the deadline.
 */
void	retry_begin(struct retry *, int64_t duration_us, int64_t deadline_us);

/*
 * After a try that ended with this exit code: true when another is to be made,
 * at next_us; retry_resume is called then. -v says, once, what is waited for (a
 * host, and a port or NULL).
 */
bool	retry_pause(struct retry *, int code, const char *host,
	    const char *port);
void	retry_resume(struct retry *);

/* Both, with the sleep in between. */
bool	retry_next(struct retry *, int code, const char *host,
	    const char *port);

#endif
