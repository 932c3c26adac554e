#ifndef FORWARD_H
#define FORWARD_H

#include <stdbool.h>

#include "connect/connector.h"
#include "connect/request.h"
#include "net/proxy_header.h"

struct options;
struct session;

/*
 * A session's connection to its target (--forward, --proxy-server), and what a
 * peer says of it before its first byte. Nothing of this is needed once the
 * relay begins.
 */
struct dial {
	struct connector connector;
	struct connector_config config;
	struct address here;	/* where the peer has come to */
	struct proxy_header header;
	struct request request;
};

/* What all targets need, once. An exit code, with the reason printed. */
int	forward_prepare(const struct options *);

/*
 * The listener is bound. False, with the reason printed, if the target is it: a
 * peer would be led there again and again. What a name leads to is looked at
 * when it is dialled.
 */
bool	forward_leaves(const struct options *, int listener);

/* For a session that needs it; NULL without memory, which is told. */
struct dial *forward_open(const struct options *);
void	forward_close(struct dial *);	/* gives up; may be NULL */

/*
 * Begins to dial for the session's local stream. False with the reason printed.
 */
bool	forward_dial(struct session *);

/* The target is ready for bytes; says (-v) who is connected to whom. */
void	forward_ready(struct session *);

/* The client of a proxy is to be told how it went. */
void	forward_answer(struct session *, bool good);

#endif
