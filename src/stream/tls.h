#ifndef TLS_H
#define TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "stream/stream.h"

/*
 * TLS 1.2 and 1.3 over a stream socket. Only the files stream/tls*.c know
 * OpenSSL; built without it, no_tls.c stands in their place.
 */

#define TLS_PINS	8

/* Who we are, and who the peer must be. Files are PEM. */
struct tls_config {
	bool	 on;
	bool	 listening;	/* we are the server */
	bool	 client_auth;	/* the client must have a certificate */
	bool	 insecure;	/* do not verify */
	const char *name;	/* the server's, to ask for and to check */
	const char *alpn;	/* "h2,http/1.1", or NULL */
	const char *ca;		/* authorities; NULL: the system's */
	const char *cert, *key;	/* NULL: none, or made for this run */
	const char *psk;	/* a shared key's file, instead of all that */
	const char *pin[TLS_PINS];	/* "sha256:HEX" of the peer's key */
	size_t	 pins;
};

/*
 * What all connections in one role share: a forwarder may be a server to some
 * and a client to others.
 */
struct tls_context;

/*
 * Loads the library and all that the config names, asks for the password of
 * an encrypted key; before any connection. Returns NULL with the reason
 * printed. The config must stay as long as the context.
 */
struct tls_context *tls_context_open(const struct tls_config *);

/*
 * The folder of the system's authorities, in which one is looked up when it is
 * asked for; once a context is open.
 */
const char *tls_authorities(void);

/* After the last of its connections; may be NULL. */
void	tls_context_close(struct tls_context *);

/*
 * What the other side's user must type to find us, without the host: NULL
 * unless a key was made for this run. The context may be NULL.
 */
const char *tls_invitation(const struct tls_context *);

/*
 * Wraps a stream that plain_open made, or one through TLS to a proxy, whose
 * handshake is done. Its own handshake must be done before the first byte; read may then answer IO_WANT_WRITE and write the other.
 * IO_EOF is the peer's close_notify and nothing else; shutdown sends ours,
 * and FIN; close sends neither. Returns false when there is no memory.
 */
bool	tls_open(struct stream *, struct tls_context *);

/*
 * Of a session, in words; "" where there is none. A handshake fills those its
 * stream points to, also with the certificate for which it fails.
 */
struct tls_facts {
	char	 version[16], cipher[48], group[32], alpn[64];
	char	 subject[160], issuer[160];	/* of the peer's certificate */
	char	 pin[72], valid[32];	/* "sha256:HEX"; for how long still */
	int	 days;			/* the same, whole ones; -1: no such */
	const char *proof;		/* what verified the peer */
	bool	 insecure;		/* nothing did */
	char	 failure[STREAM_ERROR];	/* why there is no session */
};

/* Makes a key file for --psk. Returns an exit code, a reason printed. */
int	tls_psk_create(const char *path);

#endif
