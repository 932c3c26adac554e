#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connect/connector.h"
#include "stream/tls.h"

/*
 * Proxies as hops of the connector: SOCKS 4 ("SOCKS: A protocol for TCP proxy
 * across firewalls"), 4A, 5 (RFC 1928, RFC 1929) and HTTP's CONNECT (RFC 9110,
 * 9.3.6). Each reads exactly its answer: the next byte is the target's.
 */

enum proxy_kind {
	PROXY_SOCKS4,
	PROXY_SOCKS4A,
	PROXY_SOCKS5,
	PROXY_CONNECT,
	PROXY_HTTPS		/* CONNECT through TLS */
};

#define PROXY_WORD	255	/* longest user name or password, in bytes */

struct proxy_config {
	enum proxy_kind kind;
	const char *user;	/* or NULL */
	const char *password;	/* with a user, except for SOCKS 4 */
	bool	 at_once;	/* HTTP: authenticate before or after a 407 */
	struct tls_config tls;	/* HTTPS: how the proxy is verified */
	struct tls_context *context;	/* opened from tls */
};

/* Sets the hop's step and config; its endpoint is the caller's to set. */
void	proxy_hop(struct connector_hop *, struct proxy_config *);

/*
 * Goes through all hops; called and answers like a step of struct
 * connector_hop. *at, 0 at first, is the current hop.
 */
enum io	proxy_pass(const struct connector_hop *, size_t hops,
	    const struct address_query *target, struct stream *, size_t *at,
	    void **memory);

/*
 * Base64 of "USER:PASSWORD" for HTTP's Basic authentication (RFC 7617) into to,
 * of 4 * PROXY_WORD bytes. Returns its length.
 */
size_t	proxy_basic(const char *user, const char *password, char *to);

/*
 * For proxy_*.c only: the protocol as a series of exchanges, each a message and
 * an answer of known size.
 */
#define PROXY_ROOM	2048

struct proxy_talk {
	int	 state;		/* the protocol's own */
	const char *what;	/* the exchange, for messages */
	size_t	 size, said;	/* octets of the message; those sent */
	size_t	 wanted, heard;	/* octets of the answer; those received */
	uint8_t	 in[4 + 1 + 255 + 2];
	uint8_t	 out[PROXY_ROOM];
	/* HTTP's */
	size_t	 total, column;	/* octets of the answer, and of its line */
	uint8_t	 first;		/* octet of the line */
	char	 line[512];	/* the status line, truncated */
};

/* The talk in *memory, allocated at first; NULL with the stream failed. */
struct proxy_talk *proxy_talk(void **memory, struct stream *);

/* Begins an exchange: size octets in out, an answer of wanted octets in in. */
void	proxy_ask(struct proxy_talk *, const char *what, size_t size,
	    size_t wanted);

/* IO_OK once the message is sent and the answer received. */
enum io	proxy_exchange(struct proxy_talk *, struct stream *);

/*
 * Fails with "WHAT: reason" as the stream's error. error is what the reason
 * means for the target as an errno, or 0. EACCES: the proxy wants a user or
 * rejected ours; EAGAIN: authenticate in a new connection.
 */
enum io	proxy_fail(struct proxy_talk *, struct stream *, int error,
	    const char *format, ...)
	    __attribute__((format(printf, 4, 5)));

/* The same for an answer that is not in the expected protocol. */
enum io	proxy_is_other(struct proxy_talk *, struct stream *,
	    const char *expected, const void *begin);

/* The steps of struct connector_hop. */
enum io	proxy_socks4(const struct connector_hop *,
	    const struct address_query *, struct stream *, void **);
enum io	proxy_socks5(const struct connector_hop *,
	    const struct address_query *, struct stream *, void **);
enum io	proxy_connect(const struct connector_hop *,
	    const struct address_query *, struct stream *, void **);

#endif
