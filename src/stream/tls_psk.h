#ifndef TLS_PSK_H
#define TLS_PSK_H

#include <openssl/types.h>
#include <stdbool.h>

/*
 * Reads the key file and lets the context know no other proof than the key.
 * Returns false with the reason printed.
 */
bool	tls_psk_begin(SSL_CTX *, const char *path);

#endif
