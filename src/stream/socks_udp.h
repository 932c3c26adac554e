#ifndef SOCKS_UDP_H
#define SOCKS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "stream/stream.h"

/*
 * Datagrams through a SOCKS 5 proxy (RFC 1928, 7): each has the target's address
 * before it. The plain stream, on which the proxy was asked, becomes one of
 * datagrams and keeps its connection, whose end is the end of all.
 */
#define SOCKS_UDP_HEAD	(4 + 1 + 255 + 2)

/*
 * How long what stands before a datagram is; 0 for what is none, or a fragment.
 */
size_t	socks_udp_head(const uint8_t *datagram, size_t size);

/*
 * The relay is where the proxy takes datagrams; head[0..size] is what stands
 * before each of ours. Returns false with the reason in the stream's error.
 */
bool	socks_udp_open(struct stream *, const struct address *relay,
	    const uint8_t *head, size_t size);

#endif
