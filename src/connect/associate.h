#ifndef ASSOCIATE_H
#define ASSOCIATE_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/socket.h"

struct access_list;
struct associate;
struct loop;

/*
 * UDP ASSOCIATE (RFC 1928, section 7): a client of a proxy sends datagrams to a
 * socket of ours, each with its destination before it, and hears those who
 * answer. Only the client's own address is heard, and of others only those to
 * whom it has sent. Fragments are dropped. A machine like the others.
 */
struct associate_config {
	struct address_query query;	/* family, numeric: of destinations */
	struct socket_config socket;	/* towards them */
	const struct access_list *allow, *deny;
};

/*
 * control is the client's connection, *bound is set to where it may send. NULL
 * with errno set.
 */
struct associate *associate_open(const struct associate_config *, int control,
	    const struct address *client, struct address *bound);
void	associate_close(struct associate *);

void	associate_watch(struct associate *, struct loop *);

/* Goes on as far as it can: true if a datagram has passed. */
bool	associate_step(struct associate *, const struct loop *);

/*
 * The client's connection has ended: what it has sent before still passes. Over
 * when that has.
 */
void	associate_finish(struct associate *);
bool	associate_is_over(const struct associate *);

/* Bytes of datagrams, without what stands before them. */
uint64_t associate_sent(const struct associate *);	/* to the client */
uint64_t associate_received(const struct associate *);

#endif
