#ifndef LOOP_H
#define LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The one place that sleeps. What takes time is a machine: its _watch says
 * which descriptors and which moment it waits for, its _step goes as far as it
 * can without sleeping. Who owns the machines runs rounds:
 *
 *	loop_begin(&loop);
 *	relay_watch(&relay, &loop);	(and all the others)
 *	loop_run_once(&loop);
 *	relay_step(&relay, &loop);
 *
 * Interest is computed anew each round, so none can be stale.
 */
struct loop {
	struct pollfd *set;	/* the round's descriptors */
	size_t	 count, room;
	int64_t	 now_us;	/* the round's one look at the clock */
	int64_t	 next_us;	/* wake no later than this */
	bool	 progress_asked;	/* SIGUSR1 has come before this round */
};

/* All zeros is a loop, too: this only looks at the clock. */
void	loop_open(struct loop *);
void	loop_close(struct loop *);

/* A round begins: nothing is watched, and there is no moment to wake at. */
void	loop_begin(struct loop *);

/*
 * Watches a descriptor for these events, and for POLLERR, POLLHUP and POLLNVAL
 * as poll(2) always does. Returns its place for loop_revents; neighbours that
 * watch the same descriptor share one. -1 for the descriptor -1.
 */
int	loop_watch(struct loop *, int fd, short events);

/* The round ends at this moment at the latest; CLOCK_NEVER changes nothing. */
void	loop_until(struct loop *, int64_t at_us);

/* The round ends at once: something can go on though no descriptor says so. */
void	loop_hurry(struct loop *);

/* Sleeps until one of these, or a signal; looks at the clock. */
void	loop_run_once(struct loop *);

/*
 * What poll(2) said of this place, all that its sharers asked for: mask it with
 * your own events. 0 for the place -1.
 */
short	loop_revents(const struct loop *, int place);

/* Whether the moment had come when this round's sleep ended. */
bool	loop_passed(const struct loop *, int64_t at_us);

#endif
