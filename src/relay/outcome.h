#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/stream.h"

#define OUTCOME_REASON	(STREAM_ERROR + 16)

/* How a relay goes, and in the end went. */
struct outcome {
	int	 code;		/* base/diag.h; of no meaning before the end */
	uint64_t sent;		/* bytes acknowledged by the peer's TCP */
	uint64_t received;	/* bytes the local sink has taken */
	bool	 unwanted;	/* the reason says all: not incomplete */
	const char *first;	/* "stdin" or "peer": ended first; or NULL */
	char	 reason[OUTCOME_REASON];	/* why it broke; else empty */
};

/*
 * Says it on stderr if it was not a clean end; "; incomplete: ..." belongs to
 * all of these where bytes are missing. The reader of our output going away is no failure to talk of:
 * every filter dies of SIGPIPE.
 */
void	outcome_say(const struct outcome *);

#endif
