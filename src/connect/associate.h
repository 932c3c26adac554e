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
 * UDP ASSOCIATE (RFC 1928, section 7): relays datagrams between a client of our
 * proxy, whose datagrams begin with their destination, and anybody. Only the
 * client's own host is heard, and only those to whom the client has sent.
 * Fragments are dropped. A machine on the loop.
 */
struct associate_config {
	struct address_query query;	/* family, numeric: of destinations */
	struct socket_config socket;	/* towards them */
	const struct access_list *allow, *deny;
};

/*
 * Opens the sockets. control is the client's TCP connection; *bound is set to
 * the address that the client is to send to. NULL with errno set.
 */
struct associate *associate_open(const struct associate_config *, int control,
	    const struct address *client, struct address *bound);
void	associate_close(struct associate *);

void	associate_watch(struct associate *, struct loop *);

/* Relays what is there; true if a datagram was relayed. */
bool	associate_step(struct associate *, const struct loop *);

/*
 * The client's connection has ended: what it has sent before still passes. Over
 * when that has.
 */
void	associate_finish(struct associate *);
bool	associate_is_over(const struct associate *);

/* Bytes relayed so far, without SOCKS headers. */
uint64_t associate_sent(const struct associate *);	/* to the client */
uint64_t associate_received(const struct associate *);

#endif
