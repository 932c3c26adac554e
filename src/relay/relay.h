#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "relay/crlf.h"
#include "relay/flow.h"
#include "relay/outcome.h"
#include "relay/telnet.h"
#include "stream/stream.h"

/*
 * Two streams and two flows: bytes move both ways until the rules of "Ends"
 * (the manual's DATA TRANSFER) say that they are over. A machine on a loop.
 */

/* When to stop; CLOCK_UNSET (any negative) means: no such limit. */
struct relay_rules {
	bool	 forward;	/* between two connections: check_forward.h */
	bool	 no_half_close;	/* our input's end is not passed on */
	bool	 end_at_once;	/* no input: say so at once (-N, -q) */
	bool	 hold_end;	/* our end is said after a silence only */
	bool	 asks;		/* a client: a short input is a question */
	bool	 send_only;	/* over when our input has all arrived (-w0) */
	bool	 keep_output;	/* the local sink serves others after us */
	bool	 crlf;		/* LF to CR LF on the way to the peer */
	bool	 telnet;	/* decline the peer's telnet options */
	bool	 idle_is_end;	/* idle_us ends the run cleanly (UDP) */
	int	 reads;		/* of a stream's peer, then all is over (-W) */
	int64_t	 linger_us;	/* after our input's end, at most (-q) */
	int64_t	 quiet_us;	/* after our input's end without an answer */
	int64_t	 send_rate;	/* bytes a second; 0: no limit */
	int64_t	 receive_rate;
	int64_t	 idle_us;	/* without a byte in either direction */
	int64_t	 line_us;	/* pause after each line sent */
	int64_t	 run_us;	/* the whole run; deadline_us is its end */
	int64_t	 deadline_us;
};

#define RELAY_TAPS	3

/*
 * Who looks on. Whenever every_us have passed (negative: never), or when
 * somebody has asked by SIGUSR1, tick is called with what has moved so far.
 */
struct relay_watch {
	struct tap *sent[RELAY_TAPS], *received[RELAY_TAPS]; /* or NULL */
	void	(*tick)(void *context, const struct outcome *, bool asked);
	void	*context;
	int64_t	 every_us;
};

enum relay_state {
	RELAY_RUN,
	RELAY_CONFIRM,		/* over but for the peer's acknowledgement */
	RELAY_DONE		/* the outcome is known */
};

/* Only relay/ changes anything here, except share. */
struct relay {
	enum relay_state state;
	struct outcome outcome;		/* its numbers are those at the end */
	size_t	 share;		/* most bytes a step moves each way; 0: many */
	const struct relay_rules *rules;
	const struct relay_watch *watch;
	struct stream *local, *peer;
	struct flow send, receive;
	struct crlf crlf;
	struct telnet telnet;
	bool	 peer_watched;		/* keepalive is on */
	bool	 peer_ended, had_all;	/* and it had all that we had sent */
	uint64_t taken_mark;		/* of our input, when the peer ended */
	uint64_t last_taken;		/* arrived when the peer broke; 0: not yet */
	uint64_t moved;			/* all bytes taken and moved so far */
	int64_t	 moved_us;		/* when they changed last */
	int64_t	 begin_deadline_us;	/* for our input's first byte, or keepalive */
	int64_t	 end_deadline_us;	/* for our end to be said */
	int64_t	 linger_deadline_us;	/* -q, once our input has arrived */
	int64_t	 quiet_deadline_us;
	uint64_t received_mark;		/* what quiet_deadline_us counts from */
	int64_t	 idle_deadline_us, idle_look_us;
	uint64_t acknowledged;		/* as it was at the last look */
	int64_t	 acknowledged_us;	/* when that changed last */
	int64_t	 tick_deadline_us;
	uint64_t missing;		/* not acknowledged at the last look */
	int64_t	 confirm_deadline_us;	/* for that to become less */
	int64_t	 look_us, pause_us;	/* when to look again, and after that */
};

/*
 * Begins between two streams that are ready for bytes, and stay the caller's;
 * so do the rules and the watch, which must live as long. Returns false when
 * there is no room for all the taps; the relay must be closed in any case.
 */
bool	relay_open(struct relay *, struct stream *local, struct stream *peer,
	    const struct relay_rules *, const struct relay_watch *);

/* What and until when it waits. */
void	relay_watch(struct relay *, struct loop *);

/*
 * As far as it goes without sleeping. Once it is RELAY_DONE the outcome says
 * how it went (outcome_say); its code is EXIT_SIGNAL + SIGPIPE when the local
 * sink's reader went away. A TCP stream is then abortive exactly when the code
 * is not EXIT_DONE.
 */
void	relay_step(struct relay *, const struct loop *);

/* The next step is worth it, though no descriptor will say so. */
void	relay_wake(struct relay *);

/* Ends it with this code, for a reason that no stream has. */
void	relay_give_up(struct relay *, int code, const char *reason);

/* Gives back what was borrowed. */
void	relay_close(struct relay *);

#endif
