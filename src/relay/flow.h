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
	bool	 keep_sink;	/* do not pass the end on to the sink */
	bool	 hold_end;	/* not yet, or never */
	bool	 mute;		/* the source is not to be read */
	bool	 wary;		/* a reset is heard while nothing is read */
	bool	 source_hung;	/* it has hung up, and says no more so */
	struct stream *culprit;	/* whose IO_FAIL broke the flow, or NULL */
	bool	 source_failed;	/* the culprit failed as source, not as sink */
	bool	 sink_gone;	/* it has hung up, and misses nothing yet */
	int64_t	 farewell_us;	/* until then an end makes that good */
	bool	 deaf;		/* it may leave, and has: all is dropped */

	int	 reads;		/* the source still gives; 0: no limit (-W) */
	bool	 read_out;	/* it has given so many */
	uint64_t taken;		/* bytes the source has given */
	uint64_t moved;		/* bytes the sink has taken */

	bool	 bulk;		/* go by splice(2): much is coming */
	bool	 copy_only;	/* splice(2) cannot serve these two */
	bool	 sink_full;	/* nothing rests, but the sink is waited for */
	struct splice splice;	/* bytes at rest in the kernel */
	uint8_t *data;		/* bytes at rest here, head..tail; else NULL */
	size_t	 head, tail;
	enum io	 source_wants;	/* IO_OK, or what its last call asked for */
	enum io	 sink_wants;

	struct taps taps;
	int	 tap_full;	/* descriptor that a tap waits for, or -1 */
	int64_t	 line_us;	/* pause after each line (-i); 0: none */
	int64_t	 hold_us;	/* nothing is drained before this moment */
	struct throttle throttle;	/* a rate to keep */
	int64_t	 pause_us;	/* nothing is filled before this moment */
	size_t	 share;		/* most that a step moves; 0: much */

	bool	 unfinished;	/* the step ended by its share of the time */
	bool	 may_nap;	/* nobody else is kept waiting by a nap */
	bool	 patient;	/* poll wakes us for much only */
	int64_t	 patience_us;	/* but not later than at this moment */

	int	 place[3];	/* of source, sink, tap in the loop, or -1 */
	short	 asked[3];	/* what they are watched for */
	enum io	 ready;		/* the want that poll has just fulfilled */
};

/* Makes a flow that is open, and wants to be stepped. No stream is owned. */
void	flow_open(struct flow *, const char *name, struct stream *source,
	    struct stream *sink);
void	flow_close(struct flow *);

/* Puts a tap behind those that are there. */
bool	flow_add_tap(struct flow *, struct tap *);

/*
 * Says what it waits for. A sink is watched even while it has nothing to take:
 * when it goes away, poll(2) tells by POLLERR or POLLHUP, which cannot be
 * masked.
 */
void	flow_watch(struct flow *, struct loop *);

/* Takes what the loop has found; true when a step is worth it. */
bool	flow_woken(struct flow *, const struct loop *);

/* As far as it goes without sleeping, within a share of the time. */
void	flow_step(struct flow *);

/*
 * Puts bytes of our own between two that have passed, at most a few; false
 * when that cannot be now.
 */
bool	flow_insert(struct flow *, const void *, size_t);

/* What somebody else has read of the source before the flow's first step. */
void	flow_give(struct flow *, const void *, size_t);

/* The source is not asked for more: as if it had ended, for this reason. */
void	flow_end(struct flow *, const char *why);

/* Bytes that wait here for the sink. */
size_t	flow_rests(const struct flow *);

#endif
