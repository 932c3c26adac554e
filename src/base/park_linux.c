#include <stdint.h>
#include <sys/epoll.h>

#include "base/park.h"

#define EVENTS	(sizeof(((struct park *)0)->event) / sizeof(void *))

void
park_open(struct park *park)
{
	park->next = park->ready = 0;
	park->fd = epoll_create1(EPOLL_CLOEXEC);
}

bool
park_add(struct park *park, const struct pollfd *set, size_t count, void *who)
{
	struct epoll_event event = { .data.ptr = who };
	size_t i;

	if (park->fd == -1)
		return false;
	for (i = 0; i < count; i++) {
		/* Linux has the same bits for poll(2) and epoll(7). */
		event.events = (uint32_t)set[i].events;
		if (epoll_ctl(park->fd, EPOLL_CTL_ADD, set[i].fd,
		    &event) == -1) {
			park_remove(park, set, i);
			return false;
		}
	}
	return true;
}

void
park_remove(struct park *park, const struct pollfd *set, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		epoll_ctl(park->fd, EPOLL_CTL_DEL, set[i].fd, NULL);
}

void *
park_next(struct park *park)
{
	struct epoll_event event[EVENTS];
	int i, count;

	if (park->next == park->ready && park->fd != -1) {
		count = epoll_wait(park->fd, event, EVENTS, 0);
		park->next = 0;
		park->ready = count > 0 ? (size_t)count : 0;
		for (i = 0; i < count; i++)
			park->event[i] = event[i].data.ptr;
	}
	return park->next < park->ready ? park->event[park->next++] : NULL;
}
