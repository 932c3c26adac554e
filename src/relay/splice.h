#ifndef SPLICE_H
#define SPLICE_H

#include <stdbool.h>
#include <stddef.h>

#include "relay/pool.h"
#include "stream/stream.h"

/*
 * The most that one splice(2) moves, and the size of pipes: the largest that
 * /proc/sys/fs/pipe-max-size allows an unprivileged user.
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
 * A pipe of our own between two descriptors, since splice(2) needs one at one
 * end. The bytes in it are counted: EAGAIN alone does not tell whether the
 * source is empty or the pipe full.
 */
struct splice {
	int	 pipe[2];	/* borrowed while it has bytes; else -1 */
	size_t	 held;		/* bytes in it */
	int	 copy_to;	/* a pipe that gets them by tee(2); 0: none */
	size_t	 copied;	/* of those held, bytes that it has got */
};

/*
 * An answer besides enum io: splice(2) cannot be used with a descriptor (an
 * O_APPEND file, a terminal). Nothing is lost: the bytes are still in the
 * source, or in the pipe.
 */
#define IO_CANNOT	((enum io)(IO_FAIL + 1))

/* Another: copy_to is full; try again after a pause. */
#define IO_WANT_COPY	((enum io)(IO_FAIL + 2))

/* Whether splice(2) may be used between the two, as far as is known. */
bool	splice_serves(const struct stream *source, const struct stream *sink);

/* Whether one of them is a pipe, so that none of ours is needed. */
bool	splice_is_direct(const struct splice *, const struct stream *source,
	    const struct stream *sink);

/* Enlarges those of the two that are pipes. */
void	splice_grow(const struct stream *source, const struct stream *sink);

/* Borrows a pipe unless there is one. False when there is none to borrow. */
bool	splice_take_pipe(struct splice *);

/* Gives it back; bytes in it are lost. */
void	splice_give_pipe(struct splice *);

/*
 * Splices at most limit bytes from the source into the pipe. IO_EOF: the source
 * gave nothing; only its read tells why.
 */
enum io	splice_fill(struct splice *, struct stream *source, size_t limit,
	    size_t *done);

/* Copies the pipe's bytes to copy_to, if set, and splices them to the sink. */
enum io	splice_drain(struct splice *, struct stream *sink, size_t *done);

/*
 * Splices directly, when one end is a pipe. IO_WANT_READ and failures may be
 * the source's, IO_WANT_WRITE and failures the sink's: see their error.
 */
enum io	splice_pass(struct stream *source, struct stream *sink, size_t limit,
	    size_t *done);

/* Reads bytes from the pipe, to be copied; 0 with errno set on failure. */
size_t	splice_take_back(struct splice *, void *data, size_t size);

#endif
