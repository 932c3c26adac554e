#ifndef PROBE_H
#define PROBE_H

#include <stddef.h>
#include <stdint.h>

/* What to say to a UDP port so that the service behind it answers. */

struct probe {
	const uint8_t *data;	/* NULL: none of the user's own */
	size_t	 size;
};

/*
 * A harmless request of the protocol the port is known for; an empty datagram
 * for any other. Valid until the next call.
 */
struct probe probe_for(uint16_t port);

/*
 * The user's own: as hexadecimal digits, blanks and colons between bytes
 * allowed, or a whole file. Returns NULL or what is wrong; the data stays to
 * the program's end.
 */
const char *probe_parse(const char *hex, struct probe *);
const char *probe_read(const char *path, struct probe *);

#endif
