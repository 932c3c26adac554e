#ifndef LISTENER_H
#define LISTENER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/socket.h"

struct listener_config {
	struct address_query endpoint;	/* host NULL: all; port 0: any */
	const char *invitation;	/* what a peer's user must type before HOST */
	int	 output;	/* as in struct listener */
	struct socket_config socket;
	int64_t	 deadline_us;	/* for resolving the host */
};

struct listener {
	int	 fd;
	int	 type;
	int	 output;	/* once nobody reads it no peer is wanted; or -1 */
};

/*
 * Binds to the first of the endpoint's addresses that can be, IPv4 before
 * IPv6, says the whole invitation if there is one, and listens; `Listening on
 * ADDRESS PORT` is said (-v) once a connect would succeed. A UNIX path is
 * removed at the program's end. Returns EXIT_DONE, or another exit code with
 * the reason printed.
 */
int	listener_open(struct listener *, const struct listener_config *);

/* What poll(2) watches while a peer is awaited: the door and the output. */
#define LISTENER_WAITS	2
void	listener_interest(const struct listener *, struct pollfd *);

/*
 * Waits for the next peer and says who it is (-v). For a stream socket *fd is
 * a new descriptor, the caller's, abortive if TCP; for a datagram socket it is
 * the listener's own, with the first datagram still to be read. Returns
 * EXIT_DONE, or EXIT_TIME when the deadline passed, or EXIT_LOCAL with the
 * reason printed, or EXIT_SIGNAL + SIGPIPE when the output has lost its reader.
 */
int	listener_accept(const struct listener *, int64_t deadline_us, int *fd,
	    struct address *peer);

/* No longer listens, and its path is gone. */
void	listener_close(struct listener *);

/* Closes the descriptor alone: for a forked child, whose parent goes on. */
void	listener_leave(struct listener *);

#endif
