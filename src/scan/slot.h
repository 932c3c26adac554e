#ifndef SLOT_H
#define SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/endpoint.h"
#include "net/socket.h"
#include "scan/ledger.h"

struct pollfd;
struct scan_config;

/*
 * A port under way: asked, listened to, settled. Which ports those are, and
 * when, is scan.c's; nobody but scan.c sees this.
 */

#define SLOT_TRIES	5	/* in a port's time: a packet may be lost */
#define SLOT_SPARES	64

/*
 * A silent port is asked again and again: what was asked first may still be
 * answered late, so a second socket does that.
 */
struct slot {
	size_t	 job;		/* index of the ledger's entry */
	int	 fd[2];		/* asked first, asked last; -1: none */
	int64_t	 since_us, again_us, until_us;
	size_t	 heard;		/* bytes of the banner */
};

struct scan {
	const struct scan_config *config;
	struct socket_config socket;
	struct ledger ledger;
	struct address_list list;
	struct endpoint_source source;	/* to bind to */
	struct slot *slot;
	struct pollfd *wait;	/* two for each slot */
	size_t	 busy, room;	/* slots in use, and to be used */
	size_t	 jobs, next;	/* next to begin */
	enum finding wanted;	/* entries that this pass asks */
	int64_t	 pass_us;	/* for each port of it */
	int64_t	 begin_us;	/* not before this */
	int64_t	 turn_us;	/* nor this, while an earlier address is asked */
	int64_t	 stuck_us;	/* since when nothing goes on, or 0 */
	int64_t	 deadline_us;
	int	 spare[SLOT_SPARES];	/* refused, to be used again */
	size_t	 spares, spare_address;
	size_t	 refusals;	/* by ICMP in this pass */
	bool	 limited;	/* ICMP is heard, so may run dry */
	bool	 retried;	/* nothing is told until the end */
	bool	 broken;	/* a local failure, printed already */
};

/*
 * Begins to connect, or sends the probe; *fd is -1 or what was asked before.
 * Returns 0 when that is under way, else an errno, with no descriptor left
 * open; sets broken when that was printed.
 */
int	slot_ask(struct scan *, size_t job, int *fd);

/* Whether this errno says that we have too little, and not how the port is. */
bool	slot_is_shortage(int error);

/*
 * After poll(2) of its two sockets: takes answers, asks again, ends what has
 * waited too long. A slot that is over is replaced by the last one.
 */
void	slot_look(struct scan *, struct slot *, const struct pollfd *wait,
	    int64_t now_us);

/* What the port's silence or answer means is known: the slot is over. */
void	slot_settle(struct scan *, struct slot *, enum finding, int error);

/* Closes the sockets kept to be used again. */
void	slot_drop_spares(struct scan *);

#endif
