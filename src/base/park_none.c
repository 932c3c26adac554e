#include "base/park.h"

/* Without epoll(7) nobody is parked: each is polled in each round. */

void
park_open(struct park *park)
{
	park->fd = -1;
}

bool
park_add(struct park *park, const struct pollfd *set, size_t count, void *who)
{
	(void)park;
	(void)set;
	(void)count;
	(void)who;
	return false;
}

void
park_remove(struct park *park, const struct pollfd *set, size_t count)
{
	(void)park;
	(void)set;
	(void)count;
}

void *
park_next(struct park *park)
{
	(void)park;
	return NULL;
}
