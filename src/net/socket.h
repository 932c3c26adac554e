#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

struct transport;

/*
 * Creates sockets (close-on-exec, non-blocking, all options set before the
 * first packet) and asks the kernel about them.
 */

#define SOCKET_KEY	80	/* bytes of a TCP MD5 key (tcp(7)) */

/* What to set on a socket; 0 keeps the kernel's value. */
struct socket_config {
	int	 receive_buffer;	/* bytes, SO_RCVBUF */
	int	 send_buffer;		/* bytes, SO_SNDBUF */
	int	 tos;			/* RFC 2474's octet; -1: the kernel's */
	int	 ttl;			/* IP_TTL, or IPv6's hop limit */
	int	 min_ttl;		/* IP_MINTTL: drop what has fewer */
	bool	 broadcast;
	bool	 debug;			/* SO_DEBUG */
	bool	 brief;			/* only to test a port, see below */
	char	*md5_key;		/* RFC 2385, or NULL */
	const char *source_host;	/* to bind to, or NULL */
	uint16_t source_port;		/* to bind to, or 0 */
};

/*
 * Creates a socket with all options set; TCP ones are abortive and keep urgent
 * data inline (see below), as do those that they accept. Returns the
 * descriptor, which the caller owns, or -1 with the reason printed, except for
 * EAFNOSUPPORT. A brief one gets only what the user asked for; if it cannot be
 * created, the reason is in errno (0: it was printed).
 */
int	socket_open(const struct socket_config *, int family,
	    const struct transport *);

/*
 * Sets the MD5 key, if there is one, for a peer, or for all peers when the
 * address is unspecified (tcp(7), TCP_MD5SIG). False with the reason printed.
 */
bool	socket_sign(const struct socket_config *, int fd,
	    const struct address *peer);

/* Wipes the key: no more sockets will be signed. */
void	socket_forget_key(const struct socket_config *);

/*
 * SO_LINGER {1, 0}: when the socket is closed, also because we died, the peer
 * gets RST instead of FIN. To be set to false before a clean end.
 */
void	socket_abortive(int fd, bool abortive);

/* SO_OOBINLINE: read(2) gives urgent octets in their place in the stream. */
void	socket_urgent_inline(int fd);

/* Sends RST now, even if other processes have the socket open. */
void	socket_reset(int fd);

/*
 * Starts to connect. Returns 0 when connected; EINPROGRESS: wait for POLLOUT
 * and ask socket_connected; or another errno.
 */
int	socket_connect(int fd, const struct address *);

/*
 * How a connect ended, by a second connect(2): 0, EINPROGRESS or another errno,
 * after which Linux lets the socket connect elsewhere.
 */
int	socket_reconnect(int fd, const struct address *);

/*
 * How a connect ended: 0 or an errno. A TCP socket that the kernel connected
 * to itself (source port equal to destination, on loopback) is refused.
 */
int	socket_connected(int fd);

/* SO_ERROR: takes the pending error; 0 for none, and for the descriptor -1. */
int	socket_error(int fd);

/* FIONREAD: bytes that have arrived and were not read yet. */
uint64_t socket_unread(int fd);

/* SO_KEEPALIVE: probes after so many idle seconds, and three in all. */
void	socket_keepalive(int fd, int seconds);

/* SO_RCVLOWAT: poll(2) says POLLIN only for so many bytes, or the end. */
void	socket_low_water(int fd, int bytes);

/*
 * Sends the descriptor, made blocking and not abortive, through a UNIX socket
 * (unix(7), SCM_RIGHTS). Returns 0 or an errno: ENOTSOCK if through is not one.
 */
int	socket_pass(int fd, int through);

/*
 * "tcp 127.0.0.1 40000 -> 127.0.0.1 22": the 5-tuple for a reader. text has
 * SOCKET_TEXT bytes.
 */
#define SOCKET_TEXT	(2 * ADDRESS_TEXT + 16)
const char *socket_text(int fd, const struct address *peer, char *text);

/* Our end's address (getsockname(2)); AF_UNSPEC when that fails. */
void	socket_local(int fd, struct address *);

#endif
