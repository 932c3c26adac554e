#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A byte carrier and the five things one can do with it. The local pair
 * stdin/stdout is a stream, as are a child's and a socket.
 */

/* The five answers; what to wait for is part of the answer. */
enum io {
	IO_OK,
	IO_EOF,			/* read: the other side has ended its way */
	IO_WANT_READ,		/* not now: poll rfd for POLLIN */
	IO_WANT_WRITE,		/* not now: poll wfd for POLLOUT */
	IO_FAIL			/* never again: the reason is in error */
};

/* What a stream can do or is, as data. */
enum stream_caps {
	STREAM_ACKNOWLEDGES = 1 << 0,	/* TCP below: can abort, can prove */
	STREAM_DATAGRAMS = 1 << 1,	/* a write is a datagram; no end */
	STREAM_TERMINAL = 1 << 2,	/* a person types what is read */
	STREAM_NO_INPUT = 1 << 3,	/* nothing will ever be read */
	STREAM_ANSWERS = 1 << 4,	/* input may answer our output */
	STREAM_DUPLEX = 1 << 5,		/* a socket: reading tells its end */
	STREAM_RAW_INPUT = 1 << 6,	/* rfd gives what read gives: splice(2) */
	STREAM_RAW_OUTPUT = 1 << 7,	/* wfd takes what write takes */
	STREAM_PIPE_INPUT = 1 << 8,	/* rfd is a pipe */
	STREAM_PIPE_OUTPUT = 1 << 9,	/* wfd is a pipe */
	STREAM_BUFFERS = 1 << 10,	/* holds bytes that poll does not see */
	STREAM_MAY_LEAVE = 1 << 11,	/* who stops reading us does no wrong */
	STREAM_SHARED = 1 << 12		/* one of many: its end is not the others' */
};

#define STREAM_ERROR	256

struct stream;
struct tls_facts;

struct stream_ops {
	/*
	 * Makes the stream ready for bytes, or NULL. Called until it answers
	 * IO_OK or IO_FAIL.
	 */
	enum io	(*handshake)(struct stream *);
	/*
	 * IO_OK: *done > 0 bytes were put into the buffer; or 0, a datagram
	 * without any. Any other answer: *done is 0. Never sleeps.
	 */
	enum io	(*read)(struct stream *, void *, size_t, size_t *done);
	/*
	 * IO_OK: *done > 0 bytes were taken, perhaps fewer. Any other answer:
	 * *done is 0; after a want the same bytes must be offered again. Never
	 * sleeps.
	 */
	enum io	(*write)(struct stream *, const void *, size_t, size_t *done);
	/*
	 * Our way ends: the other side will read to its end. IO_OK, a want
	 * (of wfd, also to read), or IO_FAIL when what was written before is
	 * now known to be lost.
	 */
	enum io	(*shutdown)(struct stream *);
	/*
	 * Gives up descriptors and memory. A TCP connection that is still
	 * abortive is reset (socket_abortive).
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
	size_t	 goodbye;	/* octets of the shutdown, without FIN (TLS) */
	struct tls_facts *facts;	/* to be filled by TLS, or NULL */
	int	 code;		/* exit code of its failure; 0: by its role */
	bool	 broken_pipe;	/* IO_FAIL came as EPIPE */
	bool	 unwanted;	/* all has come, and is not what it should be */
	bool	 refused;	/* one end is not who the other wants */
	int	 why;		/* the errno behind IO_FAIL, or 0 */
	char	 error[STREAM_ERROR];	/* the same in words; the first stays */
};

/* Notes errno as the reason, unless there is one, and returns IO_FAIL. */
enum io	stream_fail(struct stream *, int error);

/* As if it had not failed: what it missed is not missed by anybody. */
void	stream_forgive(struct stream *);

/*
 * Translates the result of read(2) or write(2) and its errno: sets *done,
 * IO_EOF for a read of 0, the wanted one for EAGAIN; EINTR wants it again. A
 * stream that has failed before has no IO_EOF.
 */
enum io	stream_result(struct stream *, long result, enum io want,
	    size_t *done);

/* For a carrier whose descriptors are non-blocking and give what it gives. */
enum io	stream_read(struct stream *, void *, size_t, size_t *done);
enum io	stream_write(struct stream *, const void *, size_t, size_t *done);

/* For a carrier without a way to end, or none that can fail. */
enum io	stream_no_shutdown(struct stream *);

#endif
