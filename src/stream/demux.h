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
 * A listener's datagram socket for many peers at once. Each address that sends
 * to it can be a member, with a stream of its own: a read gives one datagram,
 * perhaps an empty one, a write sends one, from the address the peer has sent
 * to. What a member has no room for is lost, as it would be in the kernel.
 *
 * Members have no descriptors: the demultiplexer wakes them for a datagram, and
 * who has to wait to write tries again after a moment.
 */
#define DEMUX_CHAINS	1024

struct demux_member;

struct demux {
	int	 fd;		/* the listener's to close */
	const struct access_list *allow, *deny;
	struct batch *batch;	/* of which a part was not given out */
	bool	 asked;		/* its next one was a stranger's */
	bool	 overrun;	/* datagrams were lost, and it was said */
	struct demux_member *leavers;	/* whose last words wait */
	struct demux_member *waiting;	/* the stranger is one of them */
	int	 place;
	uint32_t seed;
	struct demux_member *chain[DEMUX_CHAINS];
};

/* False without memory. */
bool	demux_open(struct demux *, int fd, const struct access_list *allow,
	    const struct access_list *deny);

void	demux_watch(struct demux *, struct loop *);

/*
 * Gives members what has come for them, and wakes them: one batch a round.
 * True when there is a datagram of a stranger, who is let in: it is theirs if
 * they have joined at the next call, else it is dropped. To be called until it
 * is false.
 */
bool	demux_step(struct demux *, const struct loop *, struct address *);

/*
 * The stranger becomes a member, until their stream is closed. wake is called when
 * reading it is worth it. False without memory, which is told.
 */
bool	demux_join(struct demux *, struct stream *, const struct address *,
	    void (*wake)(void *), void *context);

/* Our address as a member has it, so far as the kernel says. */
void	demux_here(const struct stream *, struct address *);

#endif
