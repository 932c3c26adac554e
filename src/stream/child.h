#ifndef CHILD_H
#define CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/stream.h"

/* A command of the user's: through /bin/sh -c, or split at blanks. */
struct child_config {
	const char *command;	/* NULL: none */
	bool	 shell;
};

/*
 * Starts the command with pipes for its stdin and stdout; the stream is what
 * it says and what it hears. shutdown closes its stdin; close does not
 * wait for its end. Returns false with the reason printed.
 */
bool	child_open(struct stream *, const struct child_config *);

/*
 * Closes the stream. If the run so far was EXIT_DONE, or if always is set,
 * waits for the command's end by the deadline, past which it gets SIGTERM.
 * Returns the run's code, or why the command makes it another, printed.
 */
int	child_end(struct stream *, int64_t deadline_us, int code, bool always);

#endif
