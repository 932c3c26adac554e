#ifndef CROWD_H
#define CROWD_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/park.h"
#include "mode/session.h"

/* Descriptors that one session may wait for: of peer, command, its end. */
#define CROWD_WAITS	4

struct crowd;

/* A session among others. */
struct served {
	struct session session;	/* first, so that a session is its served */
	struct crowd *crowd;
	size_t	 index;		/* in the list active or parked */
	size_t	 first, after;	/* its places in the loop: first..after - 1 */
	int64_t	 came_us;	/* when it began */
	int64_t	 used_us;	/* when it was last woken */
	int64_t	 until_us;	/* while parked: its deadline */
	bool	 parked;
	bool	 runnable;	/* woken by hub or demux */
	bool	 watched;	/* in this round: only then may it be stepped */
	struct pollfd wait[CROWD_WAITS]; /* while parked: what it waits for */
	size_t	 waits;
};

struct crowd_list {
	struct served **item;
	size_t	 count, room;
};

/* All sessions of a server: those that are active, and idle ones, parked. */
struct crowd {
	struct loop *loop, scratch;
	struct park park;
	int	 park_place;
	struct crowd_list active, parked, spare;
	int64_t	 parked_us;	/* the earliest deadline of those parked */
};

void	crowd_open(struct crowd *, struct loop *);
size_t	crowd_count(const struct crowd *);

/* A new one, active, whose session is to be begun; NULL: no memory. */
struct served *crowd_add(struct crowd *);

/* Forgets one whose session is over. */
void	crowd_remove(struct served *);

/* Watches the active ones, and for events of the parked ones. */
void	crowd_watch(struct crowd *);

/* Lets it be stepped in the next round, for a reason that poll(2) misses. */
void	crowd_wake(struct served *);

/* Before each step: whether crowd_wake was called, which is then forgotten. */
bool	crowd_called(struct served *);

/* Parks it if it has been idle for long, and there are many. */
void	crowd_rest(struct served *);

/* A parked one is active again. */
void	crowd_unpark(struct served *);

/* The same for all who have an event, or whose deadline has passed. */
void	crowd_unpark_some(struct crowd *);

#endif
