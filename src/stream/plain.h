#ifndef PLAIN_H
#define PLAIN_H

#include "stream/stream.h"

struct transport;

/*
 * A connected stream socket, TCP or UNIX. The stream owns the descriptor,
 * which must be non-blocking.
 */
void	plain_open(struct stream *, int fd, const struct transport *);

#endif
