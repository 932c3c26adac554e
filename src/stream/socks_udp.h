#ifndef SOCKS_UDP_H
#define SOCKS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "net/socks.h"
#include "stream/stream.h"

/*
 * Datagrams through a SOCKS 5 proxy (RFC 1928, section 7), each after a header
 * with the target's address. The connection on which the proxy was asked is
 * kept open: when it ends, so does the association.
 */
#define SOCKS_UDP_HEAD	(3 + SOCKS_ADDRESS) /* octets of the largest header */

/* The length of the header; 0 if there is none, or for a fragment. */
size_t	socks_udp_head(const uint8_t *datagram, size_t size);

/*
 * Turns the plain stream to the proxy into one of datagrams. relay is where the
 * proxy receives datagrams; head, of size octets, is the header of all of ours.
 * Returns false with the reason in the stream's error.
 */
bool	socks_udp_open(struct stream *, const struct address *relay,
	    const uint8_t *head, size_t size);

#endif
