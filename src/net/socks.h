#ifndef SOCKS_H
#define SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

/* SOCKS 5 (RFC 1928) in octets, for clients, servers and their datagrams. */

enum {
	SOCKS_NO_PASSWORD = 0, SOCKS_PASSWORD = 2,	/* methods */
	SOCKS_NO_METHOD = 0xff,
	SOCKS_PASSWORD_VERSION = 1,	/* RFC 1929 */
	SOCKS_CONNECT = 1, SOCKS_ASSOCIATE = 3,	/* commands */
	SOCKS_IPV4 = 1, SOCKS_HOST = 3, SOCKS_IPV6 = 4	/* of addresses */
};

/*
 * An address: its type, the octets of that, a port. A host's name begins with
 * its length, so two octets tell the size of all; 0: the type is unknown.
 */
#define SOCKS_ADDRESS	(1 + 1 + 255 + 2)	/* octets of the largest */
size_t	socks_address_size(const uint8_t *);

/* Writes one, IPv4-mapped as IPv4; returns its size. */
size_t	socks_address_put(uint8_t *, const struct address *);

/* The same for a numeric address or a name. */
size_t	socks_host_put(uint8_t *, const char *host, uint16_t port);

/* Reads one; false, with only the port set, for a name. */
bool	socks_address_get(const uint8_t *, struct address *);

/* A word of at most 255 octets after its length; returns the size of both. */
size_t	socks_word_put(uint8_t *, const char *);

/* The reply (section 6) for an errno, and the other way round in words. */
int	socks_reply(int error);
const char *socks_reply_text(int reply, int *error);

#endif
