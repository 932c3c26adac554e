#ifndef SPLICE_H
#define SPLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "relay/pool.h"
#include "stream/stream.h"

/*
 * Most that goes at once, and how large pipes are made: as large as
 * /proc/sys/fs/pipe-max-size lets an unprivileged user have them.
 *
 * What was tried, as a ratio to this with SO_RCVLOWAT of 512 KiB (medians of
 * interleaved runs on loopback with 2 cores, Linux 6.18; file is on tmpfs):
 *
 *				file->null  file->pipe  pipe->pipe  file->file
 *	pipes of 512 KiB	   0.99        0.85        0.85        0.92
 *	pipes of 256 KiB	   0.99        0.44        0.92        0.70
 *	no SO_RCVLOWAT		   0.91        0.57        0.75        1.05
 *	SO_RCVLOWAT 256 KiB	   1.07        1.00        0.92        1.04
 *	SO_RCVLOWAT 128 KiB	   1.10        0.96        0.86        1.02
 *	ask again when short	   0.95        0.99        0.89        1.05
 *	50 us nap at any poll	   0.79        1.16        0.98        0.74
 *	sched_yield before poll	   1.06        1.32        1.08        1.02
 *	blocking calls, no poll	   0.84        0.80        1.01        0.99
 *	read and write, 256 KiB	   0.42        0.44        0.74        0.82
 *	as it is		   1.08        1.00        1.25        1.12
 *
 * As it is: SO_RCVLOWAT 512 KiB before a pipe, else 256 KiB; a nap of 50 us
 * where much comes from a pipe. That is 0.84 from a pipe to a file.
 * sched_yield(2) is not used because it is 0.29 where others want the CPU.
 */
#define SPLICE_SIZE	POOL_PIPE

/*
 * A pipe of our own between two descriptors, so that splice(2) can move bytes
 * without user space seeing them. What is in it is counted: EAGAIN alone does
 * not say whether the source is empty or the pipe full.
 */
struct splice {
	int	 pipe[2];	/* borrowed while bytes are in it; else -1 */
	size_t	 held;		/* bytes in it */
	int	 copy_to;	/* a pipe that gets the same bytes; 0: none */
	size_t	 copied;	/* bytes of those held which it has */
};

/*
 * What splice(2) answers when it cannot serve a descriptor at all (an O_APPEND
 * file, a terminal, no memory for pages). Nothing has been lost then: the same
 * bytes are still in the source, or in the pipe.
 */
#define IO_CANNOT	((enum io)(IO_FAIL + 1))

/* The pipe to copy to has no room: to be tried again in a moment. */
#define IO_WANT_COPY	((enum io)(IO_FAIL + 2))

/* Whether bytes may go from source to sink by splice(2), as far as is known. */
bool	splice_serves(const struct stream *source, const struct stream *sink);

/* Whether one of them is a pipe, so that no other is needed between them. */
bool	splice_is_direct(const struct splice *, const struct stream *source,
	    const struct stream *sink);

/* Makes the pipes we were given as large as ours. */
void	splice_grow(const struct stream *source, const struct stream *sink);

/*
 * Borrows a pipe unless there is one. Returns false when none can be had, and
 * the bytes must be copied.
 */
bool	splice_take_pipe(struct splice *);

/* Gives it back, with what is in it. */
void	splice_give_pipe(struct splice *);

/*
 * Bytes from the source into the pipe, at most limit. IO_EOF only says that
 * the source gave nothing: its read must be asked why.
 */
enum io	splice_fill(struct splice *, struct stream *source, size_t limit,
	    size_t *done);

/* Bytes from the pipe into the sink, copied before if that is asked for. */
enum io	splice_drain(struct splice *, struct stream *sink, size_t *done);

/*
 * When one end is a pipe already: from source to sink in one go. Who failed
 * or is waited for can be either; a want says by its direction which.
 */
enum io	splice_pass(struct stream *source, struct stream *sink, size_t limit,
	    size_t *done);

/* Takes bytes back out, for the copy path to go on with. */
size_t	splice_take_back(struct splice *, void *data, size_t size);

#endif
