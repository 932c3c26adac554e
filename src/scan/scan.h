#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/socket.h"
#include "scan/probe.h"
#include "scan/results.h"
#include "stream/stream.h"

struct attempt;
struct rounds;
struct tls_config;
struct tls_context;

struct scan_config {
	struct targets *targets;
	struct address_query endpoint;	/* family, type and numeric of all */
	bool	 all;		/* every port must be good */
	bool	 closed;	/* good are those that are not open */
	bool	 assume_open;	/* UDP: silence is good */
	bool	 each_address;	/* a result for each address of the name */
	bool	 json;
	bool	 progress;	/* shown while it lasts */
	int	 parallel;	/* ports asked at once; 0: as many as is sane */
	int64_t	 port_us;	/* for each port; CLOCK_UNSET: the kernel's */
	int64_t	 interval_us;	/* between two ports */
	int64_t	 await_us;	/* until good; CLOCK_UNSET: once; 0: for ever */
	int64_t	 every_us;	/* from round to round; CLOCK_UNSET: one */
	int	 count;		/* rounds; 0: no end */
	struct probe probe;	/* what to say (UDP), if data is not NULL */
	/* what an open port must do besides, see talk.h */
	struct tls_context *tls;	/* shake hands, or NULL */
	const struct tls_config *host_tls;	/* NULL: one name for all */
	int64_t	 banner_us;	/* to speak; CLOCK_UNSET: need not */
	int64_t	 settle_us;	/* to stay; CLOCK_UNSET: need not */
	const char *send;	/* with C's escapes, or NULL */
	const char *expect;	/* a POSIX extended regular expression */
	const char *http;	/* the path to ask for, or NULL */
	struct socket_config socket;
	/*
	 * Through a proxy, which is connected to instead of each target:
	 * brings the stream to the target, or is NULL. Called until it answers
	 * IO_OK or IO_FAIL, with the reason in the stream; *memory and *hop,
	 * NULL and 0 at first, are its own, and free(3) ends the one.
	 */
	enum io	 (*pass)(const void *way, const struct address_query *target,
		    struct stream *, size_t *hop, void **memory);
	const void *way;
	struct address_query proxy;
};

/*
 * A scan: tests all ports of all targets at all of their addresses, many at
 * once, and tells what was found (output.h). The struct is the scan's own.
 */
struct scan {
	const struct scan_config *config;
	struct socket_config socket;
	struct endpoint_source source;	/* to bind to */

	struct attempt *attempt;	/* under way, in the order begun */
	size_t	 busy, room;		/* of them, and how many may be */
	size_t	 lookups;		/* names being resolved */
	bool	 named;			/* all were begun with */

	/* what is begun next: address by address, of each all targets */
	size_t	 address, target, port;
	size_t	 addresses;	/* of the target that has most */
	unsigned wanted;	/* states of those that are asked, as bits */
	int64_t	 begin_us;	/* not before this */
	int64_t	 turn_us;	/* nor this: an earlier address is asked */
	int64_t	 stuck_us;	/* since when nothing goes on, or 0 */

	/* UDP: Linux sends one ICMP a second */
	bool	 limited;	/* ICMP is heard, so may run dry */
	size_t	 refusals;	/* by ICMP in this pass */
	int64_t	 pass_us;	/* for each port of it */
	int64_t	 patience_us;	/* no pass begins after this */

	/* --wait */
	int64_t	 again_us, pause_us;	/* when all that failed is tried */
	bool	 waits_said;

	/* what is told: in order, but for what is open */
	struct port told;	/* the first one not yet told in order */
	bool	 all_told;
	size_t	 news;		/* found open, and not told yet */
	size_t	 settled, open;	/* results, for --progress */
	size_t	 checked;	/* of them, when --wait looked last */
	int64_t	 draw_us;

	struct rounds *rounds;	/* --every */
	int	 end_fd;	/* then: SIGINT or SIGTERM has come; or -1 */
	int	 spare[64];	/* sockets that were refused, for another use */
	size_t	 spares;
	int	 spare_family;
	int64_t	 since_us, deadline_us;
	bool	 refused;	/* a peer is another than he should be */
	bool	 broken;	/* a local failure, printed already */
	bool	 over;
};

/* Returns an exit code; unless it is EXIT_DONE the reason was printed. */
int	scan_begin(struct scan *, const struct scan_config *,
	    int64_t deadline_us);

void	scan_watch(struct scan *, struct loop *);

/* Goes on as far as it can. True when there is nothing left to do. */
bool	scan_step(struct scan *, const struct loop *);

/* Tells the rest, sums up, gives up what it holds. Returns the exit code. */
int	scan_end(struct scan *);

#endif
