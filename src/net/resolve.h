#ifndef RESOLVE_H
#define RESOLVE_H

#include <stdint.h>

#include "net/address.h"

struct loop;

/*
 * From a name to its addresses. The resolver of libc sleeps, so it is asked in
 * threads, at most RESOLVE_THREADS of them; who waits for one of those waits
 * in a queue. What needs no resolver (digits, a path) is answered at once.
 */
#define RESOLVE_THREADS	16

struct question;

/* Not among getaddrinfo's codes: negative, or positive and small. */
#define RESOLVE_TIMED_OUT	10001
#define RESOLVE_PENDING	10002

/* Asks. NULL when there is no memory. The query's texts are copied. */
struct question *resolve_begin(const struct address_query *);

/* Wakes the loop when the answer is there. */
void	resolve_watch(const struct question *, struct loop *);

/*
 * All addresses in getaddrinfo(3)'s order (RFC 6724), each once, or the first
 * ADDRESS_LIST of them. Returns 0, RESOLVE_PENDING or an EAI_ code.
 */
int	resolve_step(struct question *, struct address_list *);

/* Forgets the question; one that is under way is abandoned, not waited for. */
void	resolve_end(struct question *);

/* All of it, asleep, until the deadline (RESOLVE_TIMED_OUT). */
int	resolve_run(const struct address_query *, int64_t deadline_us,
	    struct address_list *);

/* Why it returned this code; for EAI_SYSTEM errno is read. */
const char *resolve_error(int code);

#endif
