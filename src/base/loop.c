#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "base/signals.h"
#include "sys/sys.h"

/* Entries that loop_watch compares: a machine watches its own in a row. */
#define NEIGHBOURS	4

void
loop_open(struct loop *loop)
{
	*loop = (struct loop){ .now_us = clock_now_us(),
	    .next_us = CLOCK_NEVER };
}

void
loop_close(struct loop *loop)
{
	free(loop->set);
	*loop = (struct loop){ .set = NULL };
}

void
loop_begin(struct loop *loop)
{
	loop->count = 0;
	loop->next_us = CLOCK_NEVER;
}

static void
make_room(struct loop *loop)
{
	size_t room = loop->room == 0 ? 8 : 2 * loop->room;
	struct pollfd *set = reallocarray(loop->set, room, sizeof(*set));

	if (set == NULL) {
		diag_error("out of memory: %zu descriptors", room);
		diag_exit(EXIT_LOCAL);
	}
	loop->set = set;
	loop->room = room;
}

int
loop_watch(struct loop *loop, int fd, short events)
{
	size_t i = loop->count, stop = i > NEIGHBOURS ? i - NEIGHBOURS : 0;

	if (fd == -1)
		return -1;
	while (i-- > stop)
		if (loop->set[i].fd == fd) {
			loop->set[i].events |= events;
			return (int)i;
		}
	if (loop->count == loop->room)
		make_room(loop);
	loop->set[loop->count] = (struct pollfd){ .fd = fd, .events = events };
	return (int)loop->count++;
}

void
loop_until(struct loop *loop, int64_t at_us)
{
	if (at_us < loop->next_us)
		loop->next_us = at_us;
}

void
loop_hurry(struct loop *loop)
{
	loop->next_us = 0;
}

void
loop_run_once(struct loop *loop)
{
	int64_t left_us = loop->next_us - clock_now_us();
	size_t i;

	loop_watch(loop, diag_flush(), POLLOUT);
	if (left_us < 0)
		left_us = 0;
	/* After EINTR or a failure revents is undefined. */
	if (sys_poll(loop->set, loop->count,
	    loop->next_us == CLOCK_NEVER ? -1 : left_us) == -1)
		for (i = 0; i < loop->count; i++)
			loop->set[i].revents = 0;
	loop->now_us = clock_now_us();
	loop->progress_asked = signals_asked();
}

short
loop_revents(const struct loop *loop, int place)
{
	return place == -1 ? 0 : loop->set[place].revents;
}

bool
loop_passed(const struct loop *loop, int64_t at_us)
{
	return at_us != CLOCK_NEVER && loop->now_us >= at_us;
}
