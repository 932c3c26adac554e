#ifndef PATH_H
#define PATH_H

#include <stdbool.h>

struct address;

/* Paths of UNIX sockets (unix(7)). */

/*
 * Binds to the address. A socket file whose process has died is replaced, by
 * exactly one of several that try it at once. The path is removed when the
 * program ends. Returns false with errno set.
 */
bool	path_bind(int fd, const struct address *);

/*
 * Binds a datagram client to a path, so that it can be answered: in a new
 * directory in path_private_parent that only our user can enter, removed when
 * the program ends. Removes those of processes that have died. Returns false
 * with the reason printed.
 */
bool	path_bind_private(int fd);

/* $TMPDIR; /tmp without it, or where it is too long for a socket's path. */
const char *path_private_parent(void);

/* Removes the path that one of these has bound the socket to, if any. */
void	path_release(int fd);

#endif
