#ifndef TLS_PEER_H
#define TLS_PEER_H

#include <openssl/types.h>
#include <stdbool.h>

struct stream;
struct tls_config;

/* Bytes of "sha256:" and 64 digits, the hash of a public key (RFC 7469). */
#define TLS_PEER_PIN	72

/* Makes the context verify peers as the config says. */
void	tls_peer_begin(SSL_CTX *, const struct tls_config *);

/* Sets the name that the peer must have; false if empty, or without memory. */
bool	tls_peer_expect(SSL *, const struct tls_config *);

/*
 * After a handshake: whether the peer has proved what it must. Prints the
 * session (-v), and fills in the stream's facts. False with the reason in the
 * stream's error.
 */
bool	tls_peer_proved(SSL *, const struct tls_config *, struct stream *);

/* Writes the pin of the certificate's key into text, of TLS_PEER_PIN bytes. */
const char *tls_peer_pin(const X509 *, char *text);

#endif
