#ifndef FLOW_H
#define FLOW_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/conduit.h"
#include "relay/tap.h"
#include "relay/throttle.h"
#include "stream/stream.h"

#define FLOW_TAPS	6

/*
 * One direction: what a source gives goes to a sink. A flow is stepped as far
 * as it goes without sleeping, and says what it waits for.
 *
 *	OPEN --source ended--> DRAIN --nothing rests, sink told--> CLOSED
 *
 * It fills only when nothing rests: so memory is bounded, a slow sink stops
 * the source, and what one read gave is what one write offers.
 */
enum flow_state {
	FLOW_OPEN,		/* the source may give more */
	FLOW_DRAIN,		/* it has ended; what rests goes to the sink */
	FLOW_CLOSED		/* the sink has it all and knows the end */
};

struct flow {
	const char *name;	/* "send" or "receive", for traces */
	struct stream *source, *sink;
	enum flow_state state;
	bool	 keep_sink;	/* the sink is not told of the end */
	bool	 mute;		/* the source is not to be read */
	struct stream *culprit;	/* whose IO_FAIL broke the flow, or NULL */
	bool	 source_failed;	/* the culprit failed as source, not as sink */
	bool	 sink_gone;	/* it has hung up, and misses nothing yet */
	int64_t	 farewell_us;	/* until then the source's end makes that good */
	bool	 deaf;		/* it may leave, and has: all is dropped */

	uint64_t taken;		/* bytes the source has given */
	uint64_t moved;		/* bytes the sink has taken */

	bool	 bulk;		/* go by the conduit: much is coming */
	bool	 copy_only;	/* the conduit cannot serve these two */
	bool	 sink_full;	/* nothing rests, but the sink is waited for */
	struct conduit conduit;	/* bytes at rest in the kernel */
	uint8_t *data;		/* bytes at rest here: head..tail of size */
	size_t	 size, head, tail;
	enum io	 source_wants;	/* IO_OK, or what its last call asked for */
	enum io	 sink_wants;

	struct tap *tap[FLOW_TAPS];	/* applied in order, NULL-ended */
	uint8_t *spare;		/* what is read before taps change it */
	int64_t	 line_us;	/* pause after each line (-i); 0: none */
	int64_t	 hold_us;	/* nothing is drained before this moment */
	struct throttle throttle;	/* a rate to keep */
	int64_t	 pause_us;	/* nothing is filled before this moment */

	bool	 unfinished;	/* the step ended by its share of the time */
	bool	 patient;	/* poll wakes us for much only */
	int64_t	 patience_us;	/* but not later than at this moment */

	struct pollfd wait[2];	/* source and sink, computed each round */
};

/*
 * Makes a flow that is open. Returns false when there is no memory; else
 * flow_close must be called. Neither stream is owned.
 */
bool	flow_open(struct flow *, const char *name, struct stream *source,
	    struct stream *sink);
void	flow_close(struct flow *);

/* Puts a tap behind those that are there. */
bool	flow_add_tap(struct flow *, struct tap *);

/* As far as it goes without sleeping, within a share of the time. */
void	flow_step(struct flow *);

/* The source is not asked for more: as if it had ended, for this reason. */
void	flow_end(struct flow *, const char *why);

/*
 * Computes wait[]. A sink is watched even while it has nothing to take: when
 * it goes away, poll(2) tells by POLLERR or POLLHUP, which cannot be masked.
 */
void	flow_interest(struct flow *);

/*
 * Whether a pipe is all that is waited for (flow_interest has just told), which
 * a moment would let gather more than a few pages.
 */
bool	flow_may_nap(const struct flow *);

/*
 * Handles what poll found in wait[], or that a moment has come; true when a
 * step is worth it.
 */
bool	flow_woken(struct flow *);

/* The next moment at which the flow wants to be stepped in any case. */
int64_t	flow_deadline(const struct flow *);

/* Bytes that wait here for the sink. */
size_t	flow_rests(const struct flow *);

#endif
