#ifndef DIAL_H
#define DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/socket.h"

struct dial_config {
	struct address_query endpoint;
	bool	 quiet;		/* a failure is not told: it is tried again */
	struct socket_config socket;
};

/*
 * From a name to a connected socket: resolves the host and tries its addresses
 * by happy eyeballs (RFC 8305: families take turns, a new attempt every 250 ms
 * or as soon as one has failed, the first to connect wins), all within the
 * deadline. Puts the descriptor, which the caller owns, and the peer's
 * address there and returns EXIT_DONE; or an exit code with every address
 * that failed named, unless quiet.
 */
int	dial(const struct dial_config *, int64_t deadline_us, int *fd,
	    struct address *peer);

#endif
