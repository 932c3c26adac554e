#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>

#include "stream/stream.h"

struct address;
struct loop;

struct child_config {
	const char *command;	/* NULL: none */
	bool	 shell;		/* by /bin/sh -c; else split at blanks */
	bool	 group;		/* in a process group of its own (-k) */
};

/* A command that runs on after its stream was closed. */
struct child;

/*
 * Starts the command with pipes for its stdin and stdout, and in its
 * environment NC_REMOTE_ADDR, NC_REMOTE_PORT, NC_LOCAL_ADDR, NC_LOCAL_PORT and
 * NC_PROTO (and NCAT_...): the peer's address, ours (here) and the socket's
 * transport. If we die, it gets SIGHUP.
 *
 * The stream reads its stdout and writes its stdin, which shutdown closes.
 * IO_EOF comes only once it has exited with status 0; any other end is IO_FAIL,
 * since its output may be incomplete. For that rfd changes from the pipe to
 * what tells of the exit. Returns false with the reason printed, and errno set.
 */
bool	child_open(struct stream *, const struct child_config *, int socket,
	    const struct address *here, const struct address *peer);

/*
 * Closes the stream. A command that still runs is returned, to be watched and
 * stepped: it gets SIGHUP after a second, and SIGKILL five seconds later.
 * Returns NULL if it has ended.
 */
struct child *child_leave(struct stream *);

void	child_watch(const struct child *, struct loop *);

/* True when it has ended; the struct is then freed. */
bool	child_step(struct child *, const struct loop *);

#endif
