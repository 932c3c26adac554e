#ifndef TLS_PSK_H
#define TLS_PSK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define TLS_PSK_NONCE	16
#define TLS_PSK_PROOF	16

/* A shared key in one role; all zeros: none. OpenSSL has the key itself. */
struct tls_psk {
	SSL_SESSION *session;
	uint8_t	 host[32];	/* the key for our host's marks */
	uint8_t	 mark[TLS_PSK_NONCE + TLS_PSK_PROOF];	/* the last one sent */
};

/*
 * Reads the key file, and makes it the context's only authentication. Returns
 * false with the reason printed. The struct must not move.
 */
bool	tls_psk_begin(struct tls_psk *, SSL_CTX *, const char *path);

/* Frees and erases the key. */
void	tls_psk_end(struct tls_psk *);

#endif
