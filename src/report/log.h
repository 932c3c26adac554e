#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#include "base/borrowed.h"
#include "relay/tap.h"
#include "stream/stream.h"

/*
 * A file that gets what passes, as it is (--output) or as text. Writing never
 * sleeps: what the file does not take is kept, and until that is written the
 * flow does not go on. So no byte is lost, and memory is bounded.
 */
struct log {
	struct stream file;	/* first: whom a tap blames is its log */
	struct tap tap;
	struct borrowed out;
	bool	 append;	/* --append; also once log_begin was called */
	uint8_t	*rest;		/* bytes kept: head..tail of room */
	size_t	 head, tail, room;
};

/*
 * Opens the file, "-" for stderr; it is never closed. Returns false with the
 * reason printed.
 */
bool	log_open(struct log *, const char *path, bool append);

/* When the first peer has come: truncates the file, unless append. */
void	log_begin(struct log *);

/* Writes or keeps all of it; false, with file.error set, on failure. */
bool	log_write(struct log *, const void *, size_t);

/* The flush (tap.h) of all taps that write to, and blame, a log's file. */
bool	log_flush(struct tap *, int *fd);

/*
 * One peer's part of a log of many, in which lines stay whole: a part of a line
 * waits for its newline, the end, or LOG_LINE bytes.
 */
#define LOG_LINE	((size_t)64 << 10)

struct log_part {
	struct tap tap;		/* first, so that the tap is the part */
	struct log *log;
	uint8_t	*line;		/* a part without its newline, or NULL */
	size_t	 held;		/* bytes of it */
};

void	log_part_begin(struct log_part *, struct log *);

/* Writes what waits, also of a peer that was cut off; may be called again. */
bool	log_part_end(struct log_part *);

#endif
