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
 * Two streams and two flows between them, until both directions are over by the
 * rules of check_end.h. A machine on the loop.
 */

/* What to do, and when to stop; CLOCK_UNSET (any negative): no limit. */
struct relay_rules {
	bool	 forward;	/* between two connections: check_forward.h */
	bool	 no_half_close;	/* never send FIN after EOF on our input */
	bool	 end_at_once;	/* without input, send FIN at once (-N, -q) */
	bool	 hold_end;	/* send FIN only after a silence of the peer */
	bool	 asks;		/* a client: a short input is a request */
	bool	 send_only;	/* over once all is acknowledged (-w0) */
	bool	 keep_output;	/* other sessions use the local output, too */
	bool	 crlf;		/* LF to CR LF towards the peer (-C) */
	bool	 telnet;	/* decline the peer's telnet options (-t) */
	bool	 idle_is_end;	/* idle_us ends the run cleanly (UDP) */
	int	 reads;		/* from the peer, then it is over (-W) */
	int64_t	 linger_us;	/* -q: after EOF on our input, at most */
	int64_t	 quiet_us;	/* datagrams: the same, from the last answer */
	int64_t	 send_rate;	/* bytes a second; 0: no limit */
	int64_t	 receive_rate;
	int64_t	 idle_us;	/* without a byte in either direction */
	int64_t	 line_us;	/* pause after each line sent */
	int64_t	 run_us;	/* the whole run; deadline_us is its end */
	int64_t	 deadline_us;
};

#define RELAY_TAPS	3

/*
 * Observers: taps, and tick, which is called every every_us (negative: never)
 * and after SIGUSR1 with the bytes moved so far.
 */
struct relay_watch {
	struct tap *sent[RELAY_TAPS], *received[RELAY_TAPS]; /* or NULL */
	void	(*tick)(void *context, const struct outcome *, bool asked);
	void	*context;
	int64_t	 every_us;
};

enum relay_state {
	RELAY_RUN,
	RELAY_CONFIRM,		/* over but for acknowledgements */
	RELAY_DONE		/* the outcome is known */
};

/* Others set nothing in it. */
struct relay {
	enum relay_state state;
	struct outcome outcome;		/* its numbers are those at the end */
	const struct relay_rules *rules;
	const struct relay_watch *watch;
	struct stream *local, *peer;
	struct flow send, receive;
	struct crlf crlf;
	struct telnet telnet;
	bool	 peer_watched;		/* SO_KEEPALIVE is on */
	bool	 peer_ended, had_all; /* the latter: it has acknowledged all */
	uint64_t taken_mark;		/* send.taken when the peer ended */
	uint64_t last_taken;	/* what had arrived when it broke; 0: - */
	uint64_t moved;			/* bytes read and written so far */
	int64_t	 moved_us;		/* when that changed last */
	int64_t	 begin_deadline_us;	/* see check_end.c, check_forward.c */
	int64_t	 end_deadline_us;	/* when FIN is sent */
	int64_t	 linger_deadline_us;	/* -q, once our input has arrived */
	int64_t	 quiet_deadline_us;
	uint64_t received_mark;		/* receive.taken when that was set */
	int64_t	 idle_deadline_us, idle_look_us;
	uint64_t acknowledged;		/* bytes, at the last look */
	int64_t	 acknowledged_us;	/* when that changed last */
	int64_t	 tick_deadline_us;
	uint64_t missing;		/* not acknowledged at the last look */
	int64_t	 confirm_deadline_us;	/* for that to decrease */
	int64_t	 look_us, pause_us; /* the next look, and the pause before */
};

/*
 * Begins. The streams must be ready for bytes and stay the caller's; they, the
 * rules and the watch must live as long as the relay. Returns false if there
 * are too many taps; the relay must be closed in any case.
 */
bool	relay_open(struct relay *, struct stream *local, struct stream *peer,
	    const struct relay_rules *, const struct relay_watch *);

void	relay_watch(struct relay *, struct loop *);

/*
 * Goes on as far as it can without sleeping. Once it is RELAY_DONE, the outcome
 * is complete (outcome_say); its code is EXIT_SIGNAL + SIGPIPE when the reader
 * of stdout has gone. TCP streams are then abortive unless it is EXIT_DONE.
 */
void	relay_step(struct relay *, const struct loop *);

/* Makes the next step worth it, for streams without descriptors. */
void	relay_wake(struct relay *);

/* Ends it with this code and reason. */
void	relay_give_up(struct relay *, int code, const char *reason);

/* Returns buffers and pipes to the pool. */
void	relay_close(struct relay *);

#endif
