#ifndef DATAGRAM_H
#define DATAGRAM_H

#include <stdbool.h>

#include "net/address.h"
#include "stream/stream.h"

struct access_list;

struct datagram_config {
	bool	 connected;	/* the kernel knows the peer */
	bool	 any_peer;	/* hear everybody, answer the last (-k) */
	bool	 single;	/* a read gives one datagram, perhaps an empty one */
	long	 limit;		/* datagrams until the end; 0: no end (-W) */
	const struct access_list *allow, *deny;	/* of senders, with any_peer */
	struct address peer;	/* the first peer, unless connected */
};

/*
 * A UDP or UNIX datagram socket: a write is a datagram; reads give whole
 * datagrams, as many as fit, taken from the kernel a batch at a time. Each
 * datagram is up to 64 KiB. IO_EOF comes only after the limit. Owns the
 * descriptor. Returns false, with nothing owned, when there is no memory.
 */
bool	datagram_open(struct stream *, int fd, const struct datagram_config *);

#endif
