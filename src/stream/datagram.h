#ifndef DATAGRAM_H
#define DATAGRAM_H

#include <stdbool.h>

#include "net/address.h"
#include "stream/stream.h"

struct access_list;

struct datagram_config {
	bool	 connected;	/* by connect(2) */
	bool	 any_peer;	/* receive from all, answer the last (-k) */
	bool	 single; /* a read gives one datagram, even an empty one */
	long	 limit;		/* datagrams until EOF (-W); 0: none */
	const struct access_list *allow, *deny;	/* of senders, with any_peer */
	struct address peer;	/* the first peer, unless connected */
};

/*
 * A UDP or UNIX datagram socket: a write is a datagram; reads give whole
 * datagrams of up to 64 KiB, as many as fit. IO_EOF comes only after the limit.
 * Owns the descriptor. Returns false, with nothing owned, without memory.
 */
bool	datagram_open(struct stream *, int fd, const struct datagram_config *);

#endif
