#ifndef TLS_PSK_H
#define TLS_PSK_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#define TLS_PSK_NONCE	16
#define TLS_PSK_PROOF	16

/* A shared key in one role; all zeros is none. The key itself is OpenSSL's. */
struct tls_psk {
	SSL_SESSION *session;
	uint8_t	 host[32];	/* the key of our host's marks */
	uint8_t	 mark[TLS_PSK_NONCE + TLS_PSK_PROOF];	/* the last one sent */
};

/*
 * Reads the key file and lets the context know no other proof than the key.
 * Returns false with the reason printed. The struct must stay where it is.
 */
bool	tls_psk_begin(struct tls_psk *, SSL_CTX *, const char *path);

/* Forgets the key. */
void	tls_psk_end(struct tls_psk *);

#endif
