#ifndef BATCH_H
#define BATCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/address.h"
#include "stream/stream.h"
#include "sys/sys.h"

/*
 * Datagrams that were taken from the kernel by one call. Pages of
 * a slot are touched only when a datagram is that large.
 */
#define BATCH	64
#define SLOT	65536

/* What the kernel says of where a datagram went, or is told to send from. */
struct batch_control {
	_Alignas(struct cmsghdr)
	uint8_t	 room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct batch {
	unsigned next, count;	/* those not given out: [next] to [count - 1] */
	struct sys_message head[BATCH];
	struct iovec part[BATCH];
	struct address from[BATCH];
	struct batch_control control[BATCH];
	uint8_t	 slot[BATCH][SLOT];
};

/* NULL without memory; to be freed by free(3). */
struct batch *batch_new(void);

/* Takes at most so many; false with errno set when there are none. */
bool	batch_fetch(struct batch *, int fd, unsigned most);

/* The next one was larger than a slot, and is not whole. */
bool	batch_is_cut(const struct batch *);

/*
 * Datagrams that wait here for one reader, in their order. All such queues
 * together hold 64 MiB at most, one of them 1 MiB.
 */
struct packet;

struct packets {
	struct packet *first, **last;	/* all zeros is an empty one */
	size_t	 held;		/* bytes */
};

/* False: there is no room, and the datagram is lost. */
bool	packets_put(struct packets *, const void *, size_t size);

/* As a stream's read: one that does not fit into data is dropped, and said. */
enum io	packets_read(struct packets *, void *data, size_t size, size_t *done);

void	packets_drop(struct packets *);

/* So much is in all of them that no more should be taken than is needed. */
bool	packets_are_many(void);

#endif
