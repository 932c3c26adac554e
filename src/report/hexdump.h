#ifndef HEXDUMP_H
#define HEXDUMP_H

#include "report/log.h"

/*
 * A hex dump of what passes: for each piece a line with time, direction, size
 * and, if there are many, the peer; then rows of sixteen bytes with the offset
 * in that direction:
 *
 *	# 2026-11-21T06:30:00.123456Z > 6 bytes
 *	> 00000000  68 65 6c 6c 6f 0a                                |hello.|
 *
 * There is no gap after eight bytes, so that xxd -r can read the rows of one
 * direction without their sign.
 */
struct hexdump {
	struct tap tap;		/* first, so that the tap is the hexdump */
	struct log *log;
	char	 sign;		/* '>': sent, '<': received */
	uint64_t offset;
};

/* Begins one for a direction; both may share a log. */
void	hexdump_begin(struct hexdump *, struct log *, char sign);

#endif
