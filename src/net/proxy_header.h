#ifndef PROXY_HEADER_H
#define PROXY_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

/*
 * haproxy's PROXY protocol, versions 1 and 2 (proxy-protocol.txt): the first
 * octets of a connection tell the original addresses of client and server.
 */
#define PROXY_HEADER	(16 + 216)	/* octets of the largest */

/*
 * Writes a header for a client that came from one address to another, of
 * SOCK_STREAM or SOCK_DGRAM, into data, of PROXY_HEADER bytes. Returns its
 * size.
 */
size_t	proxy_header_make(int version, int type, const struct address *from,
	    const struct address *to, uint8_t *data);

struct proxy_header {
	uint8_t	 data[PROXY_HEADER];
	size_t	 heard;		/* octets in data */
	size_t	 skip;		/* octets of TLVs read and dropped */
};

enum proxy_header_answer {
	PROXY_HEADER_MORE,	/* incomplete: wait for POLLIN */
	PROXY_HEADER_GOOD,
	PROXY_HEADER_BAD
};

/*
 * Reads a header, and no octet more, from the socket into the struct, which is
 * all zeros at first. Sets the addresses if the header has some.
 */
enum proxy_header_answer proxy_header_read(struct proxy_header *, int fd,
	    struct address *from, struct address *to);

#endif
