#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
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
	bool	 all;		/* every port must be good; else one */
	bool	 closed;	/* good means not open */
	bool	 assume_open;	/* UDP: silent is good */
	bool	 each_address;	/* test all addresses of a name */
	bool	 json;
	bool	 progress;	/* draw it */
	int	 parallel;	/* ports tested at once; 0: the default */
	int64_t	 port_us;	/* limit of a port; CLOCK_UNSET: the kernel's */
	int64_t	 interval_us;	/* pause between two ports */
	int64_t	 await_us;	/* --wait; 0: for ever; CLOCK_UNSET: no */
	int64_t	 every_us;	/* --every; CLOCK_UNSET: no */
	int	 count;		/* of its rounds; 0: no limit */
	struct probe probe;	/* the datagram to send, if data is not NULL */
	/* what an open port must do besides, see talk.h */
	struct tls_context *tls;	/* a handshake, or NULL */
	const struct tls_config *host_tls;	/* for a name each; NULL: one */
	int64_t	 banner_us;	/* limit of --banner; CLOCK_UNSET: no */
	int64_t	 settle_us;	/* --settle; CLOCK_UNSET: no */
	const char *send;	/* --send, or NULL */
	const char *expect;	/* --expect, or NULL */
	const char *http;	/* path of --http, or NULL */
	struct socket_config socket;
	/*
	 * Through a proxy, which is connected to instead of each target: brings
	 * the stream to the target; NULL: no proxy. Called until it answers
	 * IO_OK or IO_FAIL, with the reason in the stream. *memory and *hop,
	 * NULL and 0 at first, are its state; the caller frees *memory.
	 */
	enum io	 (*pass)(const void *way, const struct address_query *target,
		    struct stream *, size_t *hop, void **memory);
	const void *way;
	struct address_query proxy;
};

/*
 * Tests all ports of all targets at their addresses, many at once, and prints
 * the results (output.h). A machine on the loop; scan/ alone uses the fields.
 */
struct scan {
	const struct scan_config *config;
	struct socket_config socket;
	struct address_list source;	/* to bind to */

	struct attempt *attempt;	/* in progress, in the order begun */
	size_t	 busy, room;		/* how many, and at most */
	size_t	 lookups;		/* names being resolved */
	bool	 named;			/* all lookups have begun */

	/* the next port to test: for each address, all targets' ports */
	size_t	 address, target, port;	/* indices */
	size_t	 addresses;	/* of the target that has most */
	unsigned wanted;	/* bits of the states to test */
	int64_t	 begin_us;	/* not before this (-i, a shortage) */
	int64_t	 turn_us;	/* nor this (is_early) */
	int64_t	 stuck_us;	/* since when nothing can be begun, or 0 */

	/* UDP: Linux sends one ICMP error a second */
	bool	 limited;	/* ICMP errors came, so some may be missing */
	size_t	 refusals;	/* ICMP errors in this pass */
	int64_t	 pass_us;	/* limit of a port in this pass */
	int64_t	 patience_us;	/* no pass begins after this */

	/* --wait */
	int64_t	 again_us, pause_us;	/* the next pass; pause before it */
	bool	 waits_said;	/* that it waits was printed */

	/* what is printed: in order, but open ports at once */
	struct port told;	/* the first one not printed in order */
	bool	 all_told;
	size_t	 news;		/* open ports not printed yet */
	size_t	 settled, open;	/* results, for --progress */
	size_t	 checked;	/* settled, when --wait checked last */
	int64_t	 draw_us;	/* when to redraw the progress */

	struct rounds *rounds;	/* --every, or NULL */
	int	 end_fd;	/* signals_take_end, or -1 */
	int	 spare[64];	/* sockets for reuse: the port had refused */
	size_t	 spares;
	int	 spare_family;
	int64_t	 since_us, deadline_us;
	bool	 refused;	/* a peer has failed verification */
	bool	 broken;	/* a local failure, printed already */
	bool	 over;
};

/* Begins. Returns EXIT_DONE, or another exit code with the reason printed. */
int	scan_begin(struct scan *, const struct scan_config *,
	    int64_t deadline_us);

void	scan_watch(struct scan *, struct loop *);

/* Goes on as far as it can without sleeping. True when it is over. */
bool	scan_step(struct scan *, const struct loop *);

/* Prints the rest and the sums, and frees it. Returns the exit code. */
int	scan_end(struct scan *);

#endif
