#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "net/address.h"
#include "net/socket.h"

struct listener_config {
	struct address_query endpoint;	/* host NULL: all; port 0: any */
	const char *invitation;	/* a command for peers, to print, or NULL ... */
	const char *arguments;	/* ... and its end after HOST PORT, or "" */
	int	 output;	/* as in struct listener */
	const struct access_list *allow, *deny;	/* who may connect */
	struct socket_config socket;
	int64_t	 deadline_us;	/* for resolving the host */
};

struct listener {
	int	 fd;
	bool	 datagrams;
	const struct access_list *allow, *deny;
	int	 output; /* accept nobody once its reader is gone; or -1 */
	int	 place, output_place;	/* in the loop */
	int64_t	 next_us;	/* after a failure: no accept(2) before this */
	int64_t	 pause_us;	/* the last pause */
	int	 said;		/* errno of the failure that was printed last */
};

/*
 * Binds to the first of the endpoint's addresses that can be bound, IPv4 before
 * IPv6, prints the invitation, if any, and listens. "Listening on ADDRESS PORT"
 * is printed (-v) once a connect would succeed. A UNIX path is removed when the
 * program ends. Returns EXIT_DONE, or another exit code with the reason
 * printed.
 */
int	listener_open(struct listener *, const struct listener_config *);

/*
 * In a round in which a peer may be accepted: watches the socket, unless it is
 * a pause, and the output. has_news: whether listener_accept should be called.
 */
void	listener_watch(struct listener *, struct loop *);
bool	listener_has_news(const struct listener *, const struct loop *);

/*
 * Accepts a waiting peer without sleeping and prints its address (-v); only in
 * a round with listener_watch. *fd is a new descriptor, the caller's, abortive
 * if TCP; for datagrams the listener's own, with the first one still unread; -1
 * if there is no peer, or it may not connect. Returns EXIT_DONE, EXIT_LOCAL
 * with the reason printed, or EXIT_SIGNAL + SIGPIPE when the output's reader is
 * gone.
 */
int	listener_accept(struct listener *, const struct loop *, int *fd,
	    struct address *peer);

/* The same, sleeping until there is a peer; EXIT_TIME after the deadline. */
int	listener_await(struct listener *, int64_t deadline_us, int *fd,
	    struct address *peer);

/* Closes the socket, and removes its path if it is bound to one. */
void	listener_close(struct listener *);

#endif
