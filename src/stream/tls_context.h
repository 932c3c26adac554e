#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/tls_psk.h"

struct tls_config;

#define TLS_ALPN	255

/* See tls.h; for tls*.c only. */
struct tls_context {
	const struct tls_config *config;
	SSL_CTX	*library;	/* versions, ciphers, our key, whom to trust */
	BIO_METHOD *method;	/* tls.c's access to the socket */
	uint8_t	*spare;		/* a buffer for records, not in use; or NULL */
	size_t	 spare_size;
	struct tls_psk psk;
	char	 invitation[128];	/* "": no key was generated */
	unsigned char alpn[TLS_ALPN];	/* in the format of RFC 7301 */
	unsigned alpn_size;
};

/* Sets all but the method from the config. False with the reason printed. */
bool	tls_context_fill(struct tls_context *);

#endif
