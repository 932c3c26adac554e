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

__attribute__((cold, noinline)) static void
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
loop_add(struct loop *loop, struct pollfd wanted)
{
	size_t i = loop->count, stop = i > NEIGHBOURS ? i - NEIGHBOURS : 0;
	struct pollfd *set = loop->set;

	for (; i > stop; i--)
		if (set[i - 1].fd == wanted.fd) {
			set[i - 1].events |= wanted.events;
			return (int)i - 1;
		}
	if (loop->count == loop->room)
		make_room(loop);
	loop->set[loop->count] = wanted;
	return (int)loop->count++;
}

void
loop_run_once(struct loop *loop)
{
	int64_t left_us = -1;
	size_t i;

	loop_watch(loop, diag_flush(), POLLOUT);
	if (loop->next_us != CLOCK_NEVER) {
		left_us = loop->next_us - clock_now_us();
		left_us = left_us < 0 ? 0 : left_us;
	}
	/* After EINTR or a failure revents is undefined. */
	if (sys_poll(loop->set, loop->count, left_us) == -1)
		for (i = 0; i < loop->count; i++)
			loop->set[i].revents = 0;
	loop->now_us = clock_now_us();
	loop->progress_asked = signals_asked();
}
