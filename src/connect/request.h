#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connect/proxy.h"
#include "net/address.h"
#include "stream/stream.h"

/*
 * The server's side of proxy.h: what a client asks of us as its proxy. SOCKS 4,
 * 4A, 5 and HTTP's CONNECT are recognized by the first octet. What has arrived
 * after the request, in[heard..got], is the target's.
 */
#define REQUEST_ROOM	(8 << 10) /* octets of HTTP's request and headers */

/* The credentials required; user NULL: none. */
struct request_config {
	const char *user, *password;
};

enum request_state {
	REQUEST_FIRST,		/* the octet that tells the protocol */
	REQUEST_METHODS,	/* SOCKS 5: methods of authentication */
	REQUEST_PASSWORD,	/* RFC 1929 */
	REQUEST_TARGET,		/* SOCKS 4 and 5 */
	REQUEST_LINES,		/* HTTP */
	REQUEST_KNOWN,		/* complete: to be answered by the owner */
	REQUEST_ANSWERED
};

struct request {
	enum request_state state;
	const struct request_config *config;
	int	 version;	/* of SOCKS; 0: HTTP */
	char	 host[PROXY_WORD + 1];	/* the target's, without brackets */
	uint16_t port;
	bool	 associate;	/* SOCKS 5: UDP ASSOCIATE instead of CONNECT */
	size_t	 got;		/* octets in in */
	size_t	 heard, wanted;	/* of them: parsed, and needed to go on */
	size_t	 size, said;	/* octets in out; those sent */
	bool	 over;		/* out is the last answer, a refusal */
	char	 why[160];	/* its reason, for a message */
	uint8_t	 out[256];
	uint8_t	 in[REQUEST_ROOM];
};

void	request_begin(struct request *, const struct request_config *);

/*
 * Goes on as far as it can. IO_OK: the target is known; or, after
 * request_answer, the answer is sent. IO_FAIL: the reason is in why, and the
 * client was told it as far as its protocol can.
 */
enum io	request_step(struct request *, struct stream *);

/*
 * Prepares the answer, which request_step sends: 0, or why the target cannot be
 * reached as an errno (EACCES: it is not allowed). bound is our end of the
 * connection to it, or the socket for datagrams; NULL on failure.
 */
void	request_answer(struct request *, int error,
	    const struct address *bound);

#endif
