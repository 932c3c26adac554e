#ifndef STDIO_STREAM_H
#define STDIO_STREAM_H

#include <stdbool.h>

#include "stream/stream.h"

struct stdio_config {
	bool	 no_input;	/* leave stdin alone (-d, --recv-only) */
	bool	 no_output;	/* drop what would go to stdout (--send-only) */
	const char *in, *out;	/* files in their places, or NULL */
};

/*
 * To be called first of all: puts something harmless on the descriptors 0 to
 * 2 that were closed when we started, so that no socket gets their numbers. A
 * write to a stdout that was closed still fails with EBADF.
 */
void	stdio_begin(void);

/*
 * Puts the files that have names into the places of stdin and stdout, as far
 * as that can be before there is a peer. Returns false with the reason printed.
 */
bool	stdio_name(const struct stdio_config *);

/*
 * The stream that reads stdin and writes stdout. The flags of descriptors we
 * share with other processes are never changed: a pipe or terminal is opened
 * again through /proc/self/fd for a description of our own; where that cannot
 * be had, poll(2) is asked before each call and no more is written than a
 * ready pipe must take. shutdown closes stdout and tells whether that failed.
 * Returns false, with the reason printed, when stdout's file cannot be begun.
 */
bool	stdio_open(struct stream *, const struct stdio_config *);

#endif
