#ifndef LOOP_H
#define LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

/*
 * The only place that sleeps. What takes time is a state machine: its _watch
 * adds the descriptors and the deadline it waits for, its _step goes on as far
 * as it can without sleeping. Their owner runs rounds:
 *
 *	loop_begin(&loop);
 *	relay_watch(&relay, &loop);	(and all the others)
 *	loop_run_once(&loop);
 *	relay_step(&relay, &loop);
 *
 * What is watched is computed anew each round, so none of it can be stale.
 */
struct loop {
	struct pollfd *set;	/* the round's descriptors */
	size_t	 count, room;
	int64_t	 now_us;	/* the time at which poll(2) returned */
	int64_t	 next_us;	/* wake no later than this */
	bool	 progress_asked;	/* SIGUSR1 came in this round */
};

/* A loop with nothing watched; loop_close frees its memory. */
void	loop_open(struct loop *);
void	loop_close(struct loop *);

/* Begins a round: forgets what was watched, and the deadline. */
static inline void
loop_begin(struct loop *loop)
{
	loop->count = 0;
	loop->next_us = CLOCK_NEVER;
}

/* For loop_watch alone. */
int	loop_add(struct loop *, struct pollfd);

/*
 * Watches a descriptor for these events, and as poll(2) always does for
 * POLLERR, POLLHUP and POLLNVAL. Returns its place for loop_revents, which
 * calls in a row for one descriptor share; -1 for the descriptor -1. Exits
 * without memory.
 */
static inline int
loop_watch(struct loop *loop, int fd, short events)
{
	return fd == -1 ? -1 : loop_add(loop,
	    (struct pollfd){ .fd = fd, .events = events });
}

/* Lets the round end by then; CLOCK_NEVER changes nothing. */
static inline void
loop_until(struct loop *loop, int64_t at_us)
{
	loop->next_us = clock_earlier(loop->next_us, at_us);
}

/* Lets the round end at once: a machine can go on without a descriptor. */
static inline void
loop_hurry(struct loop *loop)
{
	loop->next_us = 0;
}

/* Sleeps until an event, the deadline or a signal, and reads the clock. */
void	loop_run_once(struct loop *);

/*
 * The events at this place, 0 for -1. If it is shared, they may be another's:
 * mask them with your own.
 */
static inline short
loop_revents(const struct loop *loop, int place)
{
	return place == -1 ? 0 : loop->set[place].revents;
}

/* Whether the deadline had passed when this round's sleep ended. */
static inline bool
loop_passed(const struct loop *loop, int64_t at_us)
{
	return at_us != CLOCK_NEVER && loop->now_us >= at_us;
}

#endif
