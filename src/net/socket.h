#ifndef SOCKET_H
#define SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"

struct transport;

/*
 * Creates sockets: close-on-exec, non-blocking, with every option set before
 * the first packet. Asks the kernel about them later.
 */

#define SOCKET_KEY	80	/* bytes of a TCP MD5 key (tcp(7)) */

/* What to set on a socket; zero means: leave the kernel's value. */
struct socket_config {
	int	 receive_buffer;	/* bytes, SO_RCVBUF */
	int	 send_buffer;		/* bytes, SO_SNDBUF */
	int	 tos;			/* the octet, RFC 2474; -1: leave */
	int	 ttl;			/* hops of what we send */
	int	 min_ttl;		/* hops a packet must still have */
	bool	 broadcast;
	bool	 debug;			/* SO_DEBUG */
	bool	 brief;			/* only to test a port, see below */
	char	*md5_key;		/* RFC 2385, at most
					   SOCKET_KEY bytes; or NULL */
	const char *source_host;	/* to bind to, or NULL */
	uint16_t source_port;		/* to bind to, or 0 */
};

/*
 * A new socket with all options set. A TCP one is abortive (see below) from
 * the start. Returns the descriptor, which the caller owns, or -1 with the
 * reason printed. It keeps urgent data where it is among the rest
 * (SO_OOBINLINE), as do those that it accepts. A brief one is as the kernel makes it but for what the user
 * asked for: not abortive; and a want of descriptors is left in errno, not
 * printed, where 0 says that the reason was printed.
 */
int	socket_open(const struct socket_config *, int family,
	    const struct transport *);

/*
 * Gives TCP_MD5SIG the key for one peer, or for any peer when the address is
 * unspecified. Returns false with the reason printed.
 */
bool	socket_sign(const struct socket_config *, int fd,
	    const struct address *peer);

/* Wipes the key: no more sockets will be signed. */
void	socket_forget_key(const struct socket_config *);

/*
 * SO_LINGER {1, 0}: when the descriptor is closed, by us or by the kernel
 * because we died, the peer gets RST instead of FIN. Taken off at a clean end.
 */
void	socket_abortive(int fd, bool abortive);

/* An urgent octet (MSG_OOB) is data as well: read(2) gives it in its place. */
void	socket_urgent_inline(int fd);

/* Sends RST now, whoever else has the socket. */
void	socket_reset(int fd);

/*
 * Starts to connect. Returns 0 when connected, EINPROGRESS when POLLOUT will
 * tell (ask socket_connected), else the errno.
 */
int	socket_connect(int fd, const struct address *);

/*
 * Connecting a second time asks how it went, in one call: 0 when connected,
 * EINPROGRESS, or the errno, after which Linux has made the socket a fresh one
 * that can connect to elsewhere.
 */
int	socket_reconnect(int fd, const struct address *);

/*
 * How a connect ended: 0 or an errno. A TCP socket that the kernel connected
 * to itself (source port equal to destination, on loopback) is refused.
 */
int	socket_connected(int fd);

/* Takes and clears the socket's pending error; 0 for none, and without one. */
int	socket_error(int fd);

/* Bytes that have arrived and were not read yet. */
uint64_t socket_unread(int fd);

/* TCP keepalive: asks after the given idle time whether the peer is there. */
void	socket_keepalive(int fd, int seconds);

/*
 * SO_RCVLOWAT: poll(2) calls a TCP socket readable only once so many bytes are
 * there, or its end.
 */
void	socket_low_water(int fd, int bytes);

/*
 * Hands the descriptor to the process at the other end of a UNIX socket
 * (unix(7), SCM_RIGHTS) as a plain one: blocking, not abortive. Returns 0 or the
 * errno: ENOTSOCK for what is none.
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
