#ifndef FORWARD_H
#define FORWARD_H

#include <stdbool.h>

#include "connect/connector.h"
#include "connect/request.h"
#include "net/proxy_header.h"

struct options;
struct session;

/*
 * A session's connection to its target (--forward, --proxy-server), and the
 * header or request with which the peer begins. Freed when the relay begins.
 */
struct dial {
	struct connector connector;
	struct connector_config config;
	struct address here;	/* where the peer has come to */
	struct proxy_header header;
	struct request request;	/* of --proxy-server alone: large */
};

/* Opens what all targets share, once. An exit code, the reason printed. */
int	forward_prepare(const struct options *);

/*
 * Whether the target is not the listener, which is bound by now: a peer would
 * be forwarded in a circle. Names are checked when they are resolved. False
 * with the reason printed.
 */
bool	forward_leaves(const struct options *, int listener);

/* NULL when there is no memory, which is printed. */
struct dial *forward_open(const struct options *);

/* Aborts connecting, and frees it; may be NULL. */
void	forward_close(struct dial *);

/* Begins to connect session->local to the target. False: reason printed. */
bool	forward_dial(struct session *);

/* To be called once connected: prints (-v) who is connected to what. */
void	forward_ready(struct session *);

/* Prepares the answer to a proxy's client: whether the target is connected. */
void	forward_answer(struct session *, bool good);

#endif
