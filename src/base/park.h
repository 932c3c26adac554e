#ifndef PARK_H
#define PARK_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Idle machines wait in an epoll(7) set, which is one descriptor in the loop:
 * poll(2) over 1,000 idle sockets takes 30 us a round, this nothing.
 */
struct park {
	int	 fd;		/* watch it for POLLIN; -1: no epoll(7) here */
	size_t	 next, ready;	/* event[next..ready - 1] is not returned yet */
	void	*event[64];	/* who the events that were fetched are for */
};

/* Where epoll(7) fails, park_add will, and all are polled in each round. */
void	park_open(struct park *);

/*
 * Parks the machine who, which waits for these descriptors. False when one of
 * them cannot be watched (a regular file): nothing is parked then.
 */
bool	park_add(struct park *, const struct pollfd *set, size_t count,
	    void *who);

/* Takes back a machine that was parked with this set. */
void	park_remove(struct park *, const struct pollfd *set, size_t count);

/*
 * A machine one of whose descriptors is ready, perhaps for the second time;
 * NULL: none for now. It stays parked until it is removed.
 */
void	*park_next(struct park *);

#endif
