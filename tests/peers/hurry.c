/*
 * Preloaded into the program under test: its clock runs $HURRY times as fast,
 * and so do its sleeps. What takes a minute can so be waited for.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define SECOND	1000000000LL

static double
times(void)
{
	const char *hurry = getenv("HURRY");

	return hurry != NULL ? atof(hurry) : 1;
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	static int (*next)(clockid_t, struct timespec *);
	static int64_t begin;
	int64_t ns;
	int result;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
	result = next(clock, now);
	if (result == -1 || clock != CLOCK_MONOTONIC)
		return result;
	ns = now->tv_sec * SECOND + now->tv_nsec;
	if (begin == 0)
		begin = ns;
	ns = begin + (int64_t)((double)(ns - begin) * times());
	*now = (struct timespec){ ns / SECOND, ns % SECOND };
	return result;
}

int
ppoll(struct pollfd *set, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask)
{
	static int (*next)(struct pollfd *, nfds_t, const struct timespec *,
	    const sigset_t *);
	struct timespec sooner;
	int64_t ns;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "ppoll");
	if (timeout != NULL) {
		ns = (int64_t)((double)(timeout->tv_sec * SECOND +
		    timeout->tv_nsec) / times());
		sooner = (struct timespec){ ns / SECOND, ns % SECOND };
		timeout = &sooner;
	}
	return next(set, count, timeout, mask);
}

int
poll(struct pollfd *set, nfds_t count, int timeout_ms)
{
	static int (*next)(struct pollfd *, nfds_t, int);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "poll");
	/* At least 1 ms: who is woken too early by less asks again. */
	if (timeout_ms > 0)
		timeout_ms = 1 + (int)(timeout_ms / times());
	return next(set, count, timeout_ms);
}

/* By these names fortified programs call them. */
int	__ppoll_chk(struct pollfd *, nfds_t, const struct timespec *,
	    const sigset_t *, size_t);
int	__poll_chk(struct pollfd *, nfds_t, int, size_t);

int
__ppoll_chk(struct pollfd *set, nfds_t count, const struct timespec *timeout,
    const sigset_t *mask, size_t size)
{
	(void)size;
	return ppoll(set, count, timeout, mask);
}

int
__poll_chk(struct pollfd *set, nfds_t count, int timeout_ms, size_t size)
{
	(void)size;
	return poll(set, count, timeout_ms);
}
