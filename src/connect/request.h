#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connect/proxy.h"
#include "net/address.h"
#include "stream/stream.h"

/*
 * The other side of proxy.h: what a client asks of us as its proxy. SOCKS 4, 4A,
 * 5 and HTTP's CONNECT are told apart by the first octet. What has come after
 * the request, in[heard..got], is the target's.
 */
#define REQUEST_ROOM	(8 << 10)	/* octets of HTTP's, all lines */

/* Who may ask; user NULL: anybody. */
struct request_config {
	const char *user, *password;
};

enum request_state {
	REQUEST_FIRST,		/* octets, which say the protocol */
	REQUEST_METHODS,	/* SOCKS 5: of proving who one is */
	REQUEST_PASSWORD,	/* RFC 1929 */
	REQUEST_TARGET,		/* SOCKS 4 and 5 */
	REQUEST_LINES,		/* HTTP */
	REQUEST_KNOWN,		/* what it wants is there: to be answered */
	REQUEST_ANSWERED
};

struct request {
	enum request_state state;
	const struct request_config *config;
	int	 version;	/* of SOCKS; 0: HTTP */
	char	 host[PROXY_WORD + 1];
	uint16_t port;
	bool	 associate;	/* SOCKS 5: it is datagrams that are asked for */
	size_t	 got;		/* octets that are there */
	size_t	 heard, wanted;	/* of them: looked at, and needed to go on */
	size_t	 size, said;	/* of what we say */
	bool	 over;		/* it is the last, and no good one */
	char	 why[160];	/* then: for a message */
	uint8_t	 out[256];
	uint8_t	 in[REQUEST_ROOM];
};

void	request_begin(struct request *, const struct request_config *);

/*
 * As far as it goes: IO_OK when the target is known, or, after
 * request_answer, when all is said. IO_FAIL: nothing can come of it; the
 * reason is in why, and was told the client as far as its protocol can.
 */
enum io	request_step(struct request *, struct stream *);

/*
 * What came of it: 0, or the errno of a target that cannot be reached: EACCES
 * says that it is not allowed. bound is our end of the connection.
 */
void	request_answer(struct request *, int error, const struct address *bound);

#endif
