#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/stream.h"

/*
 * TLS 1.2 and 1.3 over a stream socket. Only stream/tls*.c know OpenSSL; builds
 * without it have no_tls.c instead.
 */

#define TLS_PINS	8

/* Our identity, and what the peer must prove. Files are PEM. */
struct tls_config {
	bool	 on;
	bool	 listening;	/* we are the server */
	bool	 client_auth;	/* the client must have a certificate */
	bool	 insecure;	/* do not verify */
	const char *name;	/* the server's, for SNI and verification */
	const char *alpn;	/* "h2,http/1.1", or NULL */
	const char *ca;		/* authorities; NULL: the system's */
	const char *cert, *key;	/* NULL: none; a listener generates them */
	const char *psk;	/* file of a shared key, instead of all that */
	const char *pin[TLS_PINS]; /* "sha256:HEX" of the peer's public key */
	size_t	 pins;
};

/*
 * What all connections in one role share: a forwarder may be a server to its
 * peers and a client to its targets.
 */
struct tls_context;

/*
 * Loads OpenSSL and the config's files, asking for the password of an encrypted
 * key. Returns NULL with the reason printed. The config must stay as long as
 * the context.
 */
struct tls_context *tls_context_open(const struct tls_config *);

/* The folder of the system's authorities; after tls_context_open. */
const char *tls_authorities(void);

/* Frees it, after the last of its connections; may be NULL. */
void	tls_context_close(struct tls_context *);

/*
 * The command for the other side, without host and port: NULL unless a key was
 * generated. The context may be NULL.
 */
const char *tls_invitation(const struct tls_context *);

/*
 * Wraps a stream of plain_open, or one that is TLS to a proxy already. The
 * handshake must succeed before the first byte; after it read may answer
 * IO_WANT_WRITE, and write IO_WANT_READ. IO_EOF is the peer's close_notify and
 * nothing else; shutdown sends ours and FIN, close neither. Returns false, with
 * the stream as it was, when there is no memory.
 */
bool	tls_open(struct stream *, struct tls_context *);

/*
 * A session in words; "" for what it has not. A handshake fills in the stream's
 * facts, also the certificate that it has rejected.
 */
struct tls_facts {
	char	 version[16], cipher[48], group[32], alpn[64];
	char	 subject[160], issuer[160];	/* of the peer's certificate */
	char	 pin[72];		/* "sha256:HEX" of its public key */
	char	 valid[32];		/* for how long it is still valid */
	int	 days;	/* the same in days; -1: no certificate */
	const char *proof;		/* what has verified the peer */
	bool	 insecure;		/* it was not verified */
	char	 failure[STREAM_ERROR];	/* why there is no session */
};

/* Creates a key file for --psk. Returns an exit code, the reason printed. */
int	tls_psk_create(const char *path);

#endif
