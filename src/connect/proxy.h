#ifndef PROXY_H
#define PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "connect/connector.h"
#include "stream/tls.h"

/*
 * Proxies as hops of the connector: SOCKS 4, 4A (OpenSSH's "SOCKS: A protocol
 * for TCP proxy across firewalls" and its extension), 5 (RFC 1928, RFC 1929) and
 * HTTP's CONNECT (RFC 9110, 9.3.6). Each of them reads exactly its answer: the
 * next byte is the target's.
 */

enum proxy_kind {
	PROXY_SOCKS4,
	PROXY_SOCKS4A,
	PROXY_SOCKS5,
	PROXY_CONNECT,
	PROXY_HTTPS		/* the same through TLS */
};

#define PROXY_WORD	255	/* bytes of a user's name, or of a password */

struct proxy_config {
	enum proxy_kind kind;
	const char *user;	/* NULL: nobody is asked for */
	const char *password;	/* with a user, but not of SOCKS 4 */
	bool	 at_once;	/* HTTP: told unasked; set by its asking (407) */
	struct tls_config tls;	/* HTTPS: how the proxy is proven */
	struct tls_context *context;	/* made of it */
};

/* The hop's step and config; its endpoint is the caller's. */
void	proxy_hop(struct connector_hop *, struct proxy_config *);

/*
 * Passes one hop after the other; all as a step of struct connector_hop. *at, 0
 * at first, is the hop under way.
 */
enum io	proxy_pass(const struct connector_hop *, size_t hops,
	    const struct address_query *target, struct stream *, size_t *at,
	    void **memory);

/* HTTP's Basic (RFC 7617): into to, with 4 * PROXY_WORD bytes; its length. */
size_t	proxy_basic(const char *user, const char *password, char *to);

/*
 * For proxy_*.c alone: one exchange after another, each a message and an answer
 * of known size.
 */
#define PROXY_ROOM	2048

struct proxy_talk {
	int	 state;		/* the protocol's own */
	const char *what;	/* the exchange, for messages */
	size_t	 size, said;	/* of the message */
	size_t	 wanted, heard;	/* of the answer */
	uint8_t	 in[4 + 1 + 255 + 2];
	uint8_t	 out[PROXY_ROOM];
	/* HTTP's */
	size_t	 total, column;	/* octets of the answer, and of its line */
	uint8_t	 first;		/* octet of the line */
	char	 line[512];	/* the status line, cut */
};

/* The talk in *memory, made of zeros at first; NULL when there is no memory. */
struct proxy_talk *proxy_talk(void **memory, struct stream *);

/* Begins an exchange whose message is in out. */
void	proxy_ask(struct proxy_talk *, const char *what, size_t size,
	    size_t wanted);

/* IO_OK when the message is said and the answer heard. */
enum io	proxy_exchange(struct proxy_talk *, struct stream *);

/*
 * Ends it: "WHAT: reason". The errno is what the reason means of the target, 0
 * when nothing; EACCES means that the proxy wants to know who we are, or does
 * not like the answer, EAGAIN that it will be told by another connection.
 */
enum io	proxy_fail(struct proxy_talk *, struct stream *, int error,
	    const char *format, ...)
	    __attribute__((format(printf, 4, 5)));

/* The same for an answer that is not in the protocol expected. */
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
