#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>
#include <stdint.h>

/* Datagrams that make the service behind a UDP port answer. */

struct probe {
	const uint8_t *data;	/* NULL: no probe */
	size_t	 size;
};

/*
 * A harmless request in the protocol that the port is assigned to; an empty
 * datagram for other ports. Valid until the next call.
 */
struct probe probe_for(uint16_t port);

/*
 * The user's own probe: hexadecimal digits, perhaps with blanks and colons
 * between bytes, or a file's content. Returns NULL or what is wrong. The data
 * is never freed.
 */
const char *probe_parse(const char *hex, struct probe *);
const char *probe_read(const char *path, struct probe *);

#endif
