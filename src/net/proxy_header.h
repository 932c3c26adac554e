#ifndef PROXY_HEADER_H
#define PROXY_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

/*
 * The PROXY protocol of haproxy, versions 1 and 2: the first octets of a
 * connection say whose it is.
 */
#define PROXY_HEADER	(16 + 216)

/*
 * Writes one of this version into data, which has PROXY_HEADER bytes: who
 * comes, and whom it reached. Returns its size.
 */
size_t	proxy_header_make(int version, int type, const struct address *from,
	    const struct address *to, uint8_t *data);

struct proxy_header {
	uint8_t	 data[PROXY_HEADER];
	size_t	 heard;
	size_t	 skip;		/* octets behind it that are not looked at */
};

enum proxy_header_answer {
	PROXY_HEADER_MORE,	/* has not all come */
	PROXY_HEADER_GOOD,
	PROXY_HEADER_BAD
};

/*
 * Reads it, exactly, from the socket. The addresses are only changed when the
 * header has some. begin with all zeros.
 */
enum proxy_header_answer proxy_header_read(struct proxy_header *, int fd,
	    struct address *from, struct address *to);

#endif
