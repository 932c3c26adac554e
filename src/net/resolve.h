#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdint.h>

#include "net/address.h"

struct loop;

/*
 * From a name to its addresses. getaddrinfo(3) sleeps, so threads call it, at
 * most RESOLVE_THREADS at once; more questions wait in a queue. What needs no
 * resolver (digits, a path) is answered at once.
 */
#define RESOLVE_THREADS	16

struct question;

/* getaddrinfo(3)'s codes are negative, or positive and small. */
#define RESOLVE_TIMED_OUT	10001
#define RESOLVE_PENDING	10002

/* Asks; the host's text is copied. NULL when there is no memory. */
struct question *resolve_begin(const struct address_query *);

/* Wakes the loop when the answer is there. */
void	resolve_watch(const struct question *, struct loop *);

/*
 * Returns RESOLVE_PENDING, an EAI_ code (for EAI_SYSTEM with errno set), or 0
 * with the addresses in getaddrinfo(3)'s order (RFC 6724), each once and at
 * most ADDRESS_LIST.
 */
int	resolve_step(struct question *, struct address_list *);

/* Frees the question; a thread that is asking is abandoned, not waited for. */
void	resolve_end(struct question *);

/* All of this, sleeping until the deadline at most (RESOLVE_TIMED_OUT). */
int	resolve_run(const struct address_query *, int64_t deadline_us,
	    struct address_list *);

/* The code in words; for EAI_SYSTEM errno is read. */
const char *resolve_error(int code);

#endif
