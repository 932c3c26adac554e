#ifndef PATH_H
#define PATH_H

#include <stdbool.h>

struct address;

/* Names of UNIX sockets in the file system, and who may take them. */

/*
 * Binds to the address. A socket file that a process has left behind is
 * replaced, by exactly one of those who try to at once. The path is removed at
 * the program's end. Returns false with errno set.
 */
bool	path_bind(int fd, const struct address *);

/*
 * Binds a datagram socket to a name at which it can be answered, in a directory
 * of its own that nobody else can enter ($TMPDIR, or /tmp). Those that were left
 * behind by processes of ours that died are removed. Returns false with the
 * reason printed.
 */
bool	path_bind_private(int fd);

/* $TMPDIR, or /tmp. */
const char *path_private_parent(void);

/* Removes the path now that one of these has bound the socket to, if any. */
void	path_release(int fd);

#endif
