#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>

#include "stream/stream.h"

struct address;
struct options;
struct tls_context;

/*
 * What all peers need, once, before the first connection. Returns an exit
 * code, with the reason printed unless it is EXIT_DONE.
 */
int	session_begin(const struct options *);

/* What the peers' TLS shares, or NULL. */
struct tls_context *session_tls(void);

/*
 * One peer from the first byte to the last: opens the local end (stdin and
 * stdout, or the command), relays, closes both. Returns an exit code.
 */
int	session_run(const struct options *, struct stream *peer);

/*
 * Wraps a connected descriptor as a stream, which owns it; its handshake, if
 * it has one, is still to come (link/greet.h). Returns false with the reason
 * printed and the descriptor closed.
 */
bool	session_wrap(const struct options *, int fd,
	    const struct address *peer, struct stream *);

#endif
