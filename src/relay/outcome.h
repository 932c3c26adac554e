#ifndef OUTCOME_H
#define OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/stream.h"

#define OUTCOME_REASON	(STREAM_ERROR + 16)

/* The progress and result of a relay. */
struct outcome {
	int	 code;		/* the exit code, at the end */
	uint64_t sent;		/* bytes that the peer's TCP has acknowledged */
	uint64_t received;	/* bytes written to the local output */
	bool	 unwanted;	/* complete, but wrong: see stream.h */
	const char *first; /* what ended first, "stdin" or "peer"; or NULL */
	char	 reason[OUTCOME_REASON];	/* of a failure; else "" */
};

/*
 * Prints the reason of a failure with "; incomplete: ...", the bytes that were
 * moved. Nothing for SIGPIPE, of which any filter dies silently.
 */
void	outcome_say(const struct outcome *);

#endif
