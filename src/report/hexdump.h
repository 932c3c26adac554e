#ifndef HEXDUMP_H
#define HEXDUMP_H

#include "report/log.h"

/*
 * What passes, for people: each piece under a line with its time, direction
 * and size, and the peer if there are many; then rows of sixteen bytes with the offset in their direction:
 *
 *	# 2026-11-21T06:30:00.123456Z > 6 bytes
 *	> 00000000  68 65 6c 6c 6f 0a                                |hello.|
 *
 * Sixteen bytes are not parted in the middle, so that xxd -r reads the rows
 * of one direction, less its sign.
 */
struct hexdump {
	struct tap tap;		/* first, so that the tap is the hexdump */
	struct log *log;
	char	 sign;		/* '>': sent, '<': received */
	uint64_t offset;
};

/* Both directions may share a log. */
void	hexdump_begin(struct hexdump *, struct log *, char sign);

#endif
