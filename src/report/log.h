#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#include "relay/tap.h"
#include "stream/stream.h"

/* A file that gets what passes, as it is (--output) or as text. */
struct log {
	struct tap tap;		/* first, so that the tap is the log */
	struct stream file;	/* its wfd, and why it failed */
};

/*
 * Opens the file, "-" for stderr; what it has is kept with append. Returns
 * false with the reason printed. It is closed with the process.
 */
bool	log_open(struct log *, const char *path, bool append);

/* Writes all of it; false when that failed: the stream then says why. */
bool	log_write(struct stream *blame, int fd, const void *, size_t);

#endif
