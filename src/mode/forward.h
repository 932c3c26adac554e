#ifndef FORWARD_H
#define FORWARD_H

#include "connect/connector.h"
#include "net/address.h"

struct options;
struct session;

/* A session's local end that is dialled (--forward): who, and how. */

/* While it is being dialled: nothing of this is needed later. */
struct dial {
	struct connector connector;
	struct connector_config config;
	char	 host[ADDRESS_NAME + 1];
};

/* What all targets need, once. An exit code, with the reason printed. */
int	forward_prepare(const struct options *);

/* Begins to dial for the session's local stream; NULL without memory. */
struct dial *forward_dial(struct session *);

/* Gives up; NULL will do. */
void	forward_hang_up(struct dial *);

/* The target is ready for bytes; says (-v) who is connected to whom. */
void	forward_ready(struct session *);

#endif
