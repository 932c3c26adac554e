#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <openssl/types.h>
#include <stdbool.h>

struct stream;
struct tls_config;

/* "sha256:" and 64 digits: the name of a certificate's public key. */
#define TLS_PEER_PIN	72

/* Makes the context verify the peer as config says. */
void	tls_peer_begin(SSL_CTX *, const struct tls_config *);

/* What this connection's peer must be called; false when out of memory. */
bool	tls_peer_expect(SSL *, const struct tls_config *);

/*
 * The last look after a handshake: whether the peer has proved what it must.
 * Says who it is (-v), and writes it into the stream's facts. False with the reason in the stream's error.
 */
bool	tls_peer_proved(SSL *, const struct tls_config *, struct stream *);

/* The pin of the certificate's key; text has TLS_PEER_PIN bytes. */
const char *tls_peer_pin(const X509 *, char *text);

#endif
