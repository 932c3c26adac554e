#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "stream/stream.h"

struct tap;

/*
 * Two streams, two flows, one poll: bytes move both ways until the rules of
 * "Ends" (the manual's DATA TRANSFER) say that they are over.
 */

/* When to stop; CLOCK_UNSET (any negative) means: no such limit. */
struct relay_rules {
	bool	 no_half_close;	/* our input's end is not passed on */
	bool	 end_at_once;	/* no input: say so at once (-N, -q) */
	bool	 send_only;	/* over when our input has all arrived (-w0) */
	bool	 keep_output;	/* the local sink serves others after us */
	bool	 crlf;		/* LF to CR LF on the way to the peer */
	bool	 telnet;	/* decline the peer's telnet options */
	bool	 idle_is_end;	/* idle_us ends the run cleanly (UDP) */
	int64_t	 linger_us;	/* after our input's end, at most (-q) */
	int64_t	 quiet_us;	/* after our input's end without an answer */
	int64_t	 send_rate;	/* bytes a second; 0: no limit */
	int64_t	 receive_rate;
	int64_t	 idle_us;	/* without a byte in either direction */
	int64_t	 line_us;	/* pause after each line sent */
	int64_t	 run_us;	/* the whole run; deadline_us is its end */
	int64_t	 deadline_us;
};

#define RELAY_REASON	(STREAM_ERROR + 16)

/* How it went, for whoever wants to report it. */
struct relay_count {
	uint64_t sent;		/* bytes acknowledged by the peer's TCP */
	uint64_t received;	/* bytes the local sink has taken */
	const char *first;	/* "stdin" or "peer": ended first; or NULL */
	char	 reason[RELAY_REASON];	/* why it broke; empty while it has not */
};

#define RELAY_TAPS	3

/*
 * Who looks on. Whenever every_us have passed (negative: never), or when
 * somebody has asked by SIGUSR1, tick is called with what has moved so far.
 */
struct relay_watch {
	struct tap *sent[RELAY_TAPS], *received[RELAY_TAPS]; /* or NULL */
	void	(*tick)(void *context, const struct relay_count *, bool asked);
	void	*context;
	int64_t	 every_us;
};

/*
 * Runs to the end. Returns an exit code (base/diag.h) with the reason printed
 * unless it is EXIT_DONE; EXIT_SIGNAL + SIGPIPE when the local sink's reader
 * went away. Both streams are then still the caller's to close: a TCP one is
 * abortive exactly when the result is not EXIT_DONE.
 */
int	relay_run(struct stream *local, struct stream *peer,
	    const struct relay_rules *, const struct relay_watch *,
	    struct relay_count *);

#endif
