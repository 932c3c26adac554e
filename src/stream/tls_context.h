#ifndef TLS_CONTEXT_H
#define TLS_CONTEXT_H

#include <openssl/types.h>

struct tls_config;

/*
 * What all connections of a run share: versions, ciphers, our key, whom to
 * trust. NULL with the reason printed.
 */
SSL_CTX	*tls_context(const struct tls_config *);

#endif
