#ifndef PLAIN_H
#define PLAIN_H

#include "stream/stream.h"

struct transport;

/* A connected, non-blocking stream socket, which the stream owns. */
void	plain_open(struct stream *, int fd, const struct transport *);

#endif
