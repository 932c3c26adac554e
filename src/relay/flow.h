#ifndef FLOW_H
#define FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "relay/splice.h"
#include "relay/tap.h"
#include "relay/throttle.h"
#include "stream/stream.h"

/*
 * One direction: bytes from a source go to a sink. A machine on the loop.
 *
 *	OPEN --source ended--> DRAIN --all written, sink shut down--> CLOSED
 *
 * It reads only when all before is written: so memory is bounded, a slow sink
 * stops the source, and a write offers what one read gave.
 */
enum flow_state {
	FLOW_OPEN,		/* the source may give more */
	FLOW_DRAIN,	/* the source has ended; the sink has not got all */
	FLOW_CLOSED		/* the sink has all, and the end */
};

struct flow {
	const char *name;	/* "send" or "receive", for traces */
	struct stream *source, *sink;
	enum flow_state state;
	bool	 keep_sink;	/* never shut down the sink */
	bool	 hold_end;	/* do not shut it down now */
	bool	 mute;		/* do not read the source */
	bool	 wary;		/* watch the source for resets all the time */
	bool	 source_hung; /* it has POLLHUP, so do not watch it for that */
	struct stream *culprit;	/* whose IO_FAIL broke the flow, or NULL */
	bool	 source_failed;	/* the culprit failed as source, not as sink */
	bool	 sink_gone;	/* it has POLLHUP, but has lost nothing yet */
	int64_t	 farewell_us;	/* EOF until then makes that no failure */
	bool	 deaf;		/* the sink has left, as it may: drop all */

	int	 reads;		/* left for the source (-W); 0: no limit */
	bool	 read_out;	/* that limit was reached */
	uint64_t taken;		/* bytes read from the source */
	uint64_t moved;		/* bytes written to the sink */

	bool	 bulk;		/* use splice(2): much is coming */
	bool	 copy_only;	/* splice(2) cannot be used */
	bool	 sink_full;	/* a direct splice waits for the sink */
	struct splice splice;	/* a pipe, with bytes for the sink */
	uint8_t *data;		/* bytes for the sink: head..tail; or NULL */
	size_t	 head, tail;
	enum io	 source_wants;	/* the last answer of the source */
	enum io	 sink_wants;	/* the last answer of the sink */

	struct taps taps;
	int	 tap_full;	/* descriptor that a tap waits for, or -1 */
	int64_t	 line_us;	/* pause after each line (-i); 0: none */
	int64_t	 hold_us;	/* write nothing before this; 0: no pause */
	struct throttle throttle;	/* --limit-rate */
	int64_t	 pause_us;	/* read nothing before this; 0: no pause */

	bool	 unfinished;	/* the last step ended by its share */
	bool	 may_nap;	/* sleeping for a pipe delays nobody else */
	bool	 patient;	/* SO_RCVLOWAT is set */

	int	 place[3];	/* of source, sink, tap in the loop, or -1 */
	short	 asked[3];	/* events they are watched for */
	int64_t	 wake_us;	/* step it then, whatever poll(2) says */
	enum io	 ready;		/* the want that poll(2) has just fulfilled */
};

/* Opens a flow, which is to be stepped. The streams stay the caller's. */
void	flow_open(struct flow *, const char *name, struct stream *source,
	    struct stream *sink);
void	flow_close(struct flow *);

/* Adds a tap after the others; false if there are too many. */
bool	flow_add_tap(struct flow *, struct tap *);

/*
 * Watches what it waits for. The sink is always watched, also with nothing to
 * write: POLLERR and POLLHUP tell that it has gone.
 */
void	flow_watch(struct flow *, struct loop *);

/* Whether there may be bytes to move that flow_woken has not looked at yet. */
bool	flow_has_news(const struct flow *, const struct loop *);

/* Takes the events of the round; true if the flow is to be stepped. */
bool	flow_woken(struct flow *, const struct loop *);

/* Moves bytes as far as it can without sleeping, at most so many buffers. */
void	flow_step(struct flow *);

/*
 * Inserts a few bytes of our own into the direction; false while others wait to
 * be written.
 */
bool	flow_insert(struct flow *, const void *, size_t);

/* What somebody else has read of the source before the flow's first step. */
void	flow_give(struct flow *, const void *, size_t);

/* Stops reading, as if the source had ended; why is for -vvv. */
void	flow_end(struct flow *, const char *why);

/* Bytes read and not written yet, here or in our pipe. */
size_t	flow_rests(const struct flow *);

#endif
