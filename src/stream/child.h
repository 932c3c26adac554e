#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>

#include "stream/stream.h"

struct address;
struct loop;

/* A command of the user's: through /bin/sh -c, or split at blanks. */
struct child_config {
	const char *command;	/* NULL: none */
	bool	 shell;
	bool	 group;		/* in a process group of its own (-k) */
};

/* A command of which only the end is still awaited. */
struct child;

/*
 * Starts the command with pipes for its stdin and stdout, and with
 * NC_REMOTE_ADDR, NC_REMOTE_PORT, NC_LOCAL_ADDR, NC_LOCAL_PORT and NC_PROTO
 * (NCAT_... likewise) in its environment for the peer, whom socket, here,
 * is connected to. If we die, it gets SIGHUP.
 *
 * The stream is what it says and what it hears. shutdown closes its stdin.
 * What it says ends (IO_EOF) once it has exited with status 0; any other end
 * is IO_FAIL, for then nobody can say that what came is whole. So rfd changes:
 * from the pipe to what tells of the exit. Returns false with the reason
 * printed, and in errno. close leaves a command that runs to child_leave.
 */
bool	child_open(struct stream *, const struct child_config *, int socket,
	    const struct address *here, const struct address *peer);

/*
 * The peer has gone: nothing is read or written any more. A command that goes
 * on gets SIGHUP after a second, and SIGKILL five seconds later. Returns what
 * is to be watched for that, or NULL when the command has ended already, or
 * its end is known. The stream is closed then.
 */
struct child *child_leave(struct stream *);

/* Waits for the end of a command that was left. */
void	child_watch(const struct child *, struct loop *);

/* True when it has ended; the struct is then gone. */
bool	child_step(struct child *, const struct loop *);

#endif
