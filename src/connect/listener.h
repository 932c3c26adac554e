#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/socket.h"

struct listener_config {
	struct address_query endpoint;	/* host NULL: all; port 0: any */
	const char *invitation;	/* what a peer's user must type before HOST */
	const char *arguments;	/* and after the port, or "" */
	int	 output;	/* as in struct listener */
	const struct access_list *allow, *deny;	/* who may connect */
	struct socket_config socket;
	int64_t	 deadline_us;	/* for resolving the host */
};

struct listener {
	int	 fd;
	bool	 datagrams;
	const struct access_list *allow, *deny;
	int	 output;	/* without a reader no peer is wanted; or -1 */
	int	 place, output_place;	/* in this round of the loop */
	int64_t	 next_us;	/* accept(2) has failed: not before this */
	int64_t	 pause_us;	/* the last one */
	int	 said;		/* errno of accept(2) that was told last */
};

/*
 * Binds to the first of the endpoint's addresses that can be, IPv4 before
 * IPv6, says the whole invitation if there is one, and listens; `Listening on
 * ADDRESS PORT` is said (-v) once a connect would succeed. A UNIX path is
 * removed at the program's end. Returns EXIT_DONE, or another exit code with
 * the reason printed.
 */
int	listener_open(struct listener *, const struct listener_config *);

/*
 * A round in which a peer is wanted: watches the door, unless accept(2) has
 * just failed, and the output. has_news: whether listener_accept is worth it.
 */
void	listener_watch(struct listener *, struct loop *);
bool	listener_has_news(const struct listener *, const struct loop *);

/*
 * Accepts one waiting peer, without sleeping; prints its address (-v). For a
 * stream socket *fd is a new descriptor, the caller's, abortive if TCP; for a
 * datagram socket it is the listener's own, with the first datagram still to
 * be read; -1 when there is none (now), or it may not connect. Returns
 * EXIT_DONE; or EXIT_LOCAL with the reason printed, or EXIT_SIGNAL + SIGPIPE
 * when the output has lost its reader: no peer will come then. Only in a round
 * that has watched.
 */
int	listener_accept(struct listener *, const struct loop *, int *fd,
	    struct address *peer);

/* Sleeps until there is one, or EXIT_TIME; for who does nothing else. */
int	listener_await(struct listener *, int64_t deadline_us, int *fd,
	    struct address *peer);

/* Closes the socket, and removes its path if it is bound to one. */
void	listener_close(struct listener *);

#endif
