#ifndef DEMUX_H
#define DEMUX_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "stream/stream.h"

struct access_list;
struct batch;
struct loop;

/*
 * Divides a listener's datagram socket among all addresses that send to it:
 * each can be a member, with a stream of its own. A read gives one datagram,
 * even an empty one; a write sends one, from the address that the peer has sent
 * to. When a member's queue is full, datagrams are lost, as in the kernel.
 *
 * Members have no descriptors: they are woken for datagrams, and after
 * IO_WANT_WRITE they are to try again after a moment.
 */
#define DEMUX_CHAINS	1024

struct demux_member;

struct demux {
	int	 fd;		/* the listener's to close */
	const struct access_list *allow, *deny;
	struct batch *batch;	/* the datagrams received last */
	bool	 asked;		/* its next one's sender was returned */
	bool	 overrun;	/* datagrams were lost, as was reported */
	struct demux_member *leavers;	/* closed with unread packets */
	struct demux_member *waiting;	/* the leaver that was returned */
	int	 place;		/* in the loop */
	uint32_t seed;		/* of the hash */
	struct demux_member *chain[DEMUX_CHAINS];
};

/* False when there is no memory. */
bool	demux_open(struct demux *, int fd, const struct access_list *allow,
	    const struct access_list *deny);

void	demux_watch(struct demux *, struct loop *);

/*
 * Queues a batch for the members, and wakes them. True for a datagram of an
 * address that is allowed and no member: it is dropped, unless that has joined
 * at the next call. To be called until it is false.
 */
bool	demux_step(struct demux *, const struct loop *, struct address *);

/*
 * Makes the address a member until its stream is closed. wake is called when
 * there is something to read. False when there is no memory, which is printed.
 */
bool	demux_join(struct demux *, struct stream *, const struct address *,
	    void (*wake)(void *), void *context);

/* Our address, to which the member has sent, as far as the kernel tells. */
void	demux_here(const struct stream *, struct address *);

#endif
