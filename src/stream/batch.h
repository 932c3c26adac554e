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
 * Datagrams received by one call (recvmmsg(2)). A slot uses memory only as far
 * as datagrams have filled it.
 */
#define BATCH	64
#define SLOT	65536

/* IP_PKTINFO or IPV6_PKTINFO: a datagram's destination, or source to use. */
struct batch_control {
	_Alignas(struct cmsghdr)
	uint8_t	 room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct batch {
	unsigned next, count;	/* not used yet: [next] to [count - 1] */
	struct sys_message head[BATCH];
	struct iovec part[BATCH];
	struct address from[BATCH];
	struct batch_control control[BATCH];
	uint8_t	 slot[BATCH][SLOT];
};

/* NULL when there is no memory; to be freed by free(3). */
struct batch *batch_new(void);

/* Receives at most so many; false with errno set when there are none. */
bool	batch_fetch(struct batch *, int fd, unsigned most);

/* Whether the next one is truncated, since it was larger than a slot. */
bool	batch_is_cut(const struct batch *);

/*
 * A queue of datagrams for one reader, of 1 MiB at most; all queues together
 * have 64 MiB.
 */
struct packet;

struct packets {
	struct packet *first, **last;	/* all zeros is an empty one */
	size_t	 held;		/* bytes */
};

/* Adds a copy; false if there is no room for it. */
bool	packets_put(struct packets *, const void *, size_t size);

/* A stream's read; datagrams that do not fit are dropped, which is printed. */
enum io	packets_read(struct packets *, void *data, size_t size, size_t *done);

/* Empties the queue. */
void	packets_drop(struct packets *);

/* Whether all queues together are half full. */
bool	packets_are_many(void);

#endif
