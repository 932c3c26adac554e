#ifndef STDIO_STREAM_H
#define STDIO_STREAM_H

#include <stdbool.h>

#include "base/borrowed.h"
#include "stream/outfile.h"
#include "stream/stream.h"

struct stdio_config {
	bool	 no_input;	/* leave stdin alone (-d, --recv-only) */
	bool	 no_output;	/* drop what would go to stdout (--send-only) */
	bool	 allow_empty;	/* out: not a byte is a file, too */
	const char *in;		/* a file instead of stdin, or NULL */
	int64_t	 offset;	/* where it is begun; with in only */
	const char *prefix;	/* "sha256:HEX" of what is before, or NULL */
	struct outfile_config out;	/* path NULL: stdout */
};

/*
 * One of them: belongs to a session, and must stay while its stream does. All
 * zeros is none.
 */
struct stdio {
	struct borrowed in, out;
	const struct stdio_config *config;
	struct outfile file;	/* with a name for the output */
	bool	 shown;		/* stdout is a terminal */
	bool	 taken;		/* of an input that cannot be read again */
	bool	 written;	/* to the output */
	bool	 ended;		/* the output is closed */
	off_t	 in_size;	/* of a regular file, when we began */
};

/*
 * To be called first of all: puts something harmless on the descriptors 0 to
 * 2 that were closed when we started, so that no socket gets their numbers. A
 * write to a stdout that was closed still fails with EBADF.
 */
void	stdio_begin(void);

/*
 * Opens the input that has a name, and finds out whether the output can be.
 * Returns false with the reason printed.
 */
bool	stdio_prepare(const struct stdio_config *);

/* The named input's descriptor: only to be looked at, by pread(2); or -1. */
int	stdio_named_input(void);

/* The folder of the output that has a name, or -1. */
int	stdio_out_folder(void);

/* The same of what is there of the output (resume), and its size, or 0. */
int	stdio_received(off_t *size);

/*
 * The stream that reads stdin and writes stdout, or the files in their places;
 * a named input is a descriptor of the stream's own, so that each peer gets
 * all of the file. The flags of descriptors we share with other processes are
 * never changed (base/borrowed.h). shutdown closes the output and tells
 * whether that failed: a file by name is complete then, and one that has not a
 * byte is unwanted. Returns false with the reason printed, and in errno.
 */
bool	stdio_open(struct stdio *, struct stream *,
	    const struct stdio_config *, const struct address *peer);

/*
 * Whether there is an output with a name that was not completed, though all
 * went well; the reason is printed.
 */
bool	stdio_is_left(const struct stdio *);

/*
 * All is over. Where stdout is a TCP connection, no failure may look like its
 * end there: unless it is good, the connection is reset, whoever else has it.
 */
void	stdio_conclude(struct stdio *, bool good);

/*
 * The same where no session has begun, for nobody was reached: the reset comes
 * when the last who has the connection closes it, for another may be tried.
 */
void	stdio_abandon(const struct stdio_config *);

#endif
