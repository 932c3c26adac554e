#ifndef LOOP_H
#define LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
void	loop_begin(struct loop *);

/*
 * Watches a descriptor for these events, and as poll(2) always does for
 * POLLERR, POLLHUP and POLLNVAL. Returns its place for loop_revents, which
 * calls in a row for one descriptor share; -1 for the descriptor -1. Exits
 * without memory.
 */
int	loop_watch(struct loop *, int fd, short events);

/* Lets the round end by then; CLOCK_NEVER changes nothing. */
void	loop_until(struct loop *, int64_t at_us);

/* Lets the round end at once: a machine can go on without a descriptor. */
void	loop_hurry(struct loop *);

/* Sleeps until an event, the deadline or a signal, and reads the clock. */
void	loop_run_once(struct loop *);

/*
 * The events at this place, 0 for -1. If it is shared, they may be another's:
 * mask them with your own.
 */
short	loop_revents(const struct loop *, int place);

/* Whether the deadline had passed when this round's sleep ended. */
bool	loop_passed(const struct loop *, int64_t at_us);

#endif
