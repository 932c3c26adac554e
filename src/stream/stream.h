#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A byte carrier and its five operations. stdin and stdout together are a
 * stream, as are a socket and a command's pipes.
 */

/* The answers of the operations. */
enum io {
	IO_OK,
	IO_EOF,			/* read: the other side has ended its stream */
	IO_WANT_READ,		/* again, once rfd is readable (POLLIN) */
	IO_WANT_WRITE,		/* again, once wfd is writable (POLLOUT) */
	IO_FAIL			/* for good: the reason is in error */
};

/* What a stream is and can do. */
enum stream_caps {
	STREAM_ACKNOWLEDGES = 1 << 0,	/* over TCP: can be reset, can prove */
	STREAM_DATAGRAMS = 1 << 1,	/* a write is a datagram; no EOF */
	STREAM_TERMINAL = 1 << 2,	/* input is typed */
	STREAM_NO_INPUT = 1 << 3,	/* nothing will ever be read */
	STREAM_ANSWERS = 1 << 4,	/* input may depend on our output */
	STREAM_DUPLEX = 1 << 5,		/* a socket: read on after POLLHUP */
	STREAM_RAW_INPUT = 1 << 6,	/* rfd may be spliced from */
	STREAM_RAW_OUTPUT = 1 << 7,	/* wfd may be spliced to */
	STREAM_PIPE_INPUT = 1 << 8,	/* rfd is a pipe */
	STREAM_PIPE_OUTPUT = 1 << 9,	/* wfd is a pipe */
	STREAM_BUFFERS = 1 << 10, /* holds bytes that poll(2) does not see */
	STREAM_MAY_LEAVE = 1 << 11,	/* EPIPE on output is no failure */
	STREAM_SHARED = 1 << 12	/* a member of a hub, which outlives it */
};

#define STREAM_ERROR	256

struct stream;
struct tls_facts;

struct stream_ops {
	/*
	 * Makes the stream ready for bytes; NULL: it is. Called until it
	 * answers IO_OK or IO_FAIL.
	 */
	enum io	(*handshake)(struct stream *);
	/*
	 * IO_OK: *done bytes were read; 0 for an empty datagram. With any other
	 * answer *done is 0. Never sleeps.
	 */
	enum io	(*read)(struct stream *, void *, size_t, size_t *done);
	/*
	 * IO_OK: *done bytes were written, more than 0 but perhaps not all.
	 * With any other answer *done is 0; after a want the same bytes must
	 * be offered again. Never sleeps.
	 */
	enum io	(*write)(struct stream *, const void *, size_t, size_t *done);
	/*
	 * Ends our sending side, as shutdown(2). IO_OK; a want, for which wfd
	 * is to be polled; or IO_FAIL when earlier bytes are lost.
	 */
	enum io	(*shutdown)(struct stream *);
	/*
	 * Closes the descriptors and frees the memory. A connection that is
	 * still abortive is reset (socket_abortive).
	 */
	void	(*close)(struct stream *);
};

struct stream {
	const struct stream_ops *ops;
	void	*priv;		/* belongs to ops */
	int	 rfd, wfd;	/* the same for a socket; -1 when closed */
	unsigned caps;		/* enum stream_caps */
	const char *input;	/* names for messages: "stdin", "peer" */
	const char *output;
	size_t	 goodbye;	/* octets of TLS's close_notify, once sent */
	struct tls_facts *facts;	/* to be filled by TLS, or NULL */
	int	 code;		/* exit code of its failure; 0: by its role */
	bool	 broken_pipe;	/* IO_FAIL came as EPIPE */
	bool	 unwanted;	/* complete, but wrong: a digest, no bytes */
	bool	 refused;	/* authentication failed, on either side */
	int	 why;		/* errno of IO_FAIL, or 0 */
	char	 error[STREAM_ERROR];	/* in words; the first reason stays */
};

/* Sets the reason, unless there is one already. Returns IO_FAIL. */
enum io	stream_fail(struct stream *, int error);

/* Forgets a failure by which nobody loses a byte. */
void	stream_forgive(struct stream *);

/*
 * Translates the result of read(2) or write(2), and its errno, for the
 * operation that want names: sets *done; IO_EOF for a read of 0, want for
 * EAGAIN and EINTR. A stream that has failed gives IO_FAIL instead of IO_EOF.
 */
enum io	stream_result(struct stream *, long result, enum io want,
	    size_t *done);

/* read(2) and write(2), for streams of non-blocking descriptors. */
enum io	stream_read(struct stream *, void *, size_t, size_t *done);
enum io	stream_write(struct stream *, const void *, size_t, size_t *done);

/* A shutdown that does nothing: for datagrams. */
enum io	stream_no_shutdown(struct stream *);

#endif
