#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/tls_psk.h"

struct tls_config;

#define TLS_ALPN	255

/* What the connections in one role share (tls.h); for tls*.c alone. */
struct tls_context {
	const struct tls_config *config;
	SSL_CTX	*library;	/* versions, ciphers, our key, whom to trust */
	BIO_METHOD *method;	/* tls.c's way to the socket */
	uint8_t	*spare;		/* room for records that nobody uses now */
	size_t	 spare_size;
	struct tls_psk psk;
	char	 invitation[128];	/* empty: no key was made */
	unsigned char alpn[TLS_ALPN];	/* as the protocol has it */
	unsigned alpn_size;
};

/* Fills in all but the method. False with the reason printed. */
bool	tls_context_fill(struct tls_context *);

#endif
