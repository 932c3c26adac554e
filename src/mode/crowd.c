#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mode/crowd.h"

/* Sessions idle for so long are parked, unless no more than FEW are active. */
#define IDLE	(CLOCK_SECOND / 50)
#define FEW	8

/* Those that have left and are kept for the next. */
#define SPARE	64

static bool
list_add(struct crowd_list *list, struct served *served)
{
	size_t room = list->room == 0 ? 16 : 2 * list->room;
	struct served **larger;

	if (list->count == list->room) {
		larger = reallocarray(list->item, room, sizeof(*larger));
		if (larger == NULL)
			return false;
		list->item = larger;
		list->room = room;
	}
	served->index = list->count;
	list->item[list->count++] = served;
	return true;
}

static void
list_remove(struct crowd_list *list, const struct served *served)
{
	struct served *last = list->item[--list->count];

	list->item[served->index] = last;
	last->index = served->index;
}

void
crowd_open(struct crowd *crowd, struct loop *loop)
{
	*crowd = (struct crowd){ .loop = loop, .parked_us = CLOCK_NEVER };
	loop_open(&crowd->scratch);
	park_open(&crowd->park);
}

size_t
crowd_count(const struct crowd *crowd)
{
	return crowd->active.count + crowd->parked.count;
}

struct served *
crowd_add(struct crowd *crowd)
{
	struct served *served = crowd->spare.count > 0 ?
	    crowd->spare.item[--crowd->spare.count] : malloc(sizeof(*served));

	if (served == NULL || !list_add(&crowd->active, served)) {
		free(served);
		return NULL;
	}
	served->crowd = crowd;
	served->parked = served->runnable = served->watched = false;
	served->first = served->after = 0;
	served->came_us = served->used_us = crowd->loop->now_us;
	return served;
}

void
crowd_remove(struct served *served)
{
	struct crowd *crowd = served->crowd;

	list_remove(&crowd->active, served);
	if (crowd->spare.count >= SPARE || !list_add(&crowd->spare, served))
		free(served);
}

void
crowd_watch(struct crowd *crowd)
{
	struct loop *loop = crowd->loop;
	struct served *served;
	size_t i;

	crowd->park_place = loop_watch(loop, crowd->parked.count > 0 ?
	    crowd->park.fd : -1, POLLIN);
	loop_until(loop, crowd->parked_us);
	for (i = 0; i < crowd->active.count; i++) {
		served = crowd->active.item[i];
		served->first = loop->count;
		session_watch(&served->session, loop);
		served->after = loop->count;
		served->watched = true;
		if (served->runnable)
			loop_hurry(loop);
	}
}

static bool
woke(const struct served *served)
{
	const struct loop *loop = served->crowd->loop;
	size_t i;

	for (i = served->first; i < served->after; i++)
		if (loop->set[i].revents != 0)
			return true;
	return served->runnable;
}

bool
crowd_called(struct served *served)
{
	bool called = served->runnable;

	if (woke(served))
		served->used_us = served->crowd->loop->now_us;
	served->runnable = false;
	return called;
}

/* It is stepped in the next round, in which it is watched again. */
void
crowd_unpark(struct served *served)
{
	struct crowd *crowd = served->crowd;

	if (!served->parked)
		return;
	park_remove(&crowd->park, served->wait, served->waits);
	served->parked = served->watched = false;
	served->used_us = crowd->loop->now_us;
	list_remove(&crowd->parked, served);
	list_add(&crowd->active, served);
}

void
crowd_wake(struct served *served)
{
	crowd_unpark(served);
	served->runnable = true;
}

/* Unless it cannot be parked, or will wake soon by itself. */
static void
park(struct crowd *crowd, struct served *served)
{
	struct loop *loop = &crowd->scratch;

	loop_begin(loop);
	session_watch(&served->session, loop);
	if (loop->count > CROWD_WAITS ||
	    loop->next_us < crowd->loop->now_us + IDLE ||
	    !park_add(&crowd->park, loop->set, loop->count, served))
		return;
	memcpy(served->wait, loop->set, loop->count * sizeof(*loop->set));
	served->waits = loop->count;
	served->until_us = loop->next_us;
	served->parked = true;
	list_remove(&crowd->active, served);
	list_add(&crowd->parked, served);
	crowd->parked_us = clock_earlier(crowd->parked_us, loop->next_us);
}

void
crowd_rest(struct served *served)
{
	struct crowd *crowd = served->crowd;

	if (crowd->active.count > FEW && !served->runnable &&
	    crowd->loop->now_us - served->used_us > IDLE)
		park(crowd, served);
}

void
crowd_unpark_some(struct crowd *crowd)
{
	struct served *served;
	size_t i;

	if (loop_revents(crowd->loop, crowd->park_place) != 0)
		while ((served = park_next(&crowd->park)) != NULL)
			crowd_unpark(served);
	if (!loop_passed(crowd->loop, crowd->parked_us))
		return;
	crowd->parked_us = CLOCK_NEVER;
	for (i = crowd->parked.count; i-- > 0;) {
		served = crowd->parked.item[i];
		if (loop_passed(crowd->loop, served->until_us))
			crowd_unpark(served);
		else
			crowd->parked_us = clock_earlier(crowd->parked_us,
			    served->until_us);
	}
}
