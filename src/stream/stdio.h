#ifndef STDIO_STREAM_H
#define STDIO_STREAM_H

#include <stdbool.h>

#include "base/borrowed.h"
#include "stream/outfile.h"
#include "stream/stream.h"

struct stdio_config {
	bool	 no_input;	/* do not read stdin (-d, --recv-only) */
	bool	 no_output;	/* discard what is received (--send-only) */
	bool	 allow_empty;	/* out: no bytes make an empty file */
	const char *in;		/* a file instead of stdin, or NULL */
	int64_t	 offset;	/* of in, where reading begins */
	const char *prefix;	/* "sha256:HEX" of in before offset, or NULL */
	struct outfile_config out;	/* path NULL: stdout */
};

/*
 * The state of one stream; must stay where it is as long as that. All zeros:
 * no stream is open.
 */
struct stdio {
	struct borrowed in, out;
	const struct stdio_config *config;
	struct outfile file;	/* of --out */
	bool	 shown;		/* the output is a terminal */
	bool	 taken;		/* read from what cannot be read again */
	bool	 written;	/* at least a byte, to the output */
	bool	 ended;		/* the output is closed */
	off_t	 in_size;	/* of a regular file, when it was opened */
};

/*
 * To be called first of all: occupies those of the descriptors 0 to 2 that are
 * closed, so that no socket gets their numbers. Writing to a stdout that was
 * closed still fails with EBADF.
 */
void	stdio_begin(void);

/*
 * Opens the file of --in, and finds out whether that of --out can be created.
 * Returns false with the reason printed.
 */
bool	stdio_prepare(const struct stdio_config *);

/* The descriptor of --in, for pread(2) only; or -1. */
int	stdio_named_input(void);

/* The descriptor of the folder of --out, or -1. */
int	stdio_out_folder(void);

/* The descriptor of the .part that --resume continues, or -1; and its size. */
int	stdio_received(off_t *size);

/*
 * Opens a stream that reads stdin and writes stdout, or the files instead of
 * them. --in is opened for each stream, so that each peer gets all of it; peer
 * is for the name of a file of --out DIR/. Flags of inherited descriptors are
 * never changed (base/borrowed.h). shutdown closes the output and reports
 * errors of that; it completes a file, and fails for one without a byte
 * (unwanted). Returns false with the reason printed, and errno set.
 */
bool	stdio_open(struct stdio *, struct stream *,
	    const struct stdio_config *, const struct address *peer);

/* Whether --out is incomplete, since the peer has not ended; prints that. */
bool	stdio_is_left(const struct stdio *);

/*
 * To be called at the end. If stdout is an inherited TCP connection, it is
 * reset unless good: a failure must not look like its end.
 */
void	stdio_conclude(struct stdio *, bool good);

/*
 * The same without a session, since nobody was reached. The reset comes when
 * the last process closes the connection: a script may try something else on
 * it.
 */
void	stdio_abandon(const struct stdio_config *);

#endif
