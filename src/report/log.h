#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#include "base/borrowed.h"
#include "relay/tap.h"
#include "stream/stream.h"

/*
 * A file that gets what passes, as it is (--output) or as text. It never
 * sleeps: what the file does not take at once waits here, and while anything
 * waits nothing more is taken. So no byte is lost, and memory is bounded.
 */
struct log {
	struct tap tap;		/* first, so that the tap is the log */
	struct stream file;	/* its names, and why it failed */
	struct borrowed out;
	bool	 append;
	uint8_t	*rest;		/* bytes that wait: head..tail of room */
	size_t	 head, tail, room;
};

/*
 * Opens the file, "-" for stderr. Returns false with the reason printed. It is
 * closed with the process.
 */
bool	log_open(struct log *, const char *path, bool append);

/* A peer is there: what the file has goes, but with append. Once. */
void	log_begin(struct log *);

/* Takes all of it; false when the file has failed: the stream says why. */
bool	log_write(struct log *, const void *, size_t);

/* As the tap's, for another one that writes here. */
bool	log_flush(struct log *, int *fd);

/*
 * One peer's part in a log of many, whose lines stay whole: a piece without
 * its newline waits for that, for the end, or for LOG_LINE bytes.
 */
#define LOG_LINE	((size_t)64 << 10)

struct log_part {
	struct tap tap;		/* first, so that the tap is the part */
	struct log *log;
	uint8_t	*line;		/* what waits, or NULL */
	size_t	 held;		/* bytes of it */
};

void	log_part_begin(struct log_part *, struct log *);

/* What waits goes out. Also when the peer was cut off; may be called again. */
bool	log_part_end(struct log_part *);

#endif
