#ifndef CONNECTOR_H
#define CONNECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "base/retry.h"
#include "net/address.h"
#include "net/socket.h"
#include "stream/stream.h"

struct access_list;
struct question;
struct race;
struct tls_context;

/*
 * A proxy, which is asked to connect to the next one in the chain, or to the
 * target.
 */
struct connector_hop {
	struct address_query endpoint;
	/*
	 * The proxy's protocol, on a connected stream. Called until it answers
	 * IO_OK (the next byte is the target's) or IO_FAIL (the reason is in
	 * the stream's error; refused: EXIT_IDENTITY); a want is what to wait
	 * for before the next call. *talk, NULL at first, is its state: one
	 * malloc(3), which the connector frees.
	 */
	enum io	(*step)(const struct connector_hop *,
		    const struct address_query *target, struct stream *,
		    void **talk);
	void	*config;	/* the step's own */
};

struct connector_config {
	struct address_query endpoint;	/* the target */
	const char *port_text;	/* its port as the user wrote it, or NULL */
	struct socket_config socket;
	const struct connector_hop *hop;	/* the nearest first */
	size_t	 hops;
	int64_t	 try_us;	/* limit of a try; CLOCK_UNSET: none */
	int64_t	 await_us;	/* retry for so long; CLOCK_UNSET: one try */
	int64_t	 deadline_us;	/* of all tries */
	bool	 unsaid;	/* do not print success: the owner does */
	const struct access_list *allow, *deny; /* targets; allow NULL: all */
	const struct address *not;	/* our own listener, refused; or NULL */
	/*
	 * Makes the connected descriptor a stream, which owns it; a handshake
	 * may follow. Returns false with the reason printed and the descriptor
	 * closed.
	 */
	bool	 (*wrap)(const void *context, int fd, const struct address *,
		    struct stream *);
	const void *context;
	struct tls_context *tls; /* of a target behind a TLS proxy, or NULL */
};

enum connector_state {
	CONNECTOR_RESOLVE,	/* the name of the first hop or the target */
	CONNECTOR_SOURCE,	/* the name to bind to (-s) */
	CONNECTOR_CONNECT,	/* happy eyeballs, race.h */
	CONNECTOR_PROXY,	/* one hop after another */
	CONNECTOR_HANDSHAKE,
	CONNECTOR_BACKOFF,	/* the pause before another try */
	CONNECTOR_READY,	/* the stream is the owner's */
	CONNECTOR_FAILED	/* code says how; the reason was printed */
};

/* From a name to a stream that is ready for bytes. */
struct connector {
	enum connector_state state;
	int	 code;			/* exit code of the last try */
	int	 error;	/* an errno for the last try's failure */
	const struct connector_config *config;
	struct stream *stream;		/* the owner's, set by wrap */
	struct address peer;		/* what the socket is connected to */
	struct question *question;	/* in RESOLVE and SOURCE, or NULL */
	struct race *race;		/* also in CONNECT; else NULL */
	int64_t	 since_us;		/* when the question was asked */
	struct retry retry;
	int64_t	 until_us;		/* end of the try, or of the pause */
	enum io	 wants;	/* the last answer of PROXY, HANDSHAKE */
	int	 place;			/* the stream's, in the loop */
	size_t	 hop;			/* the current one, in PROXY */
	void	*talk;			/* its state */
};

/*
 * Begins. config and stream must stay until READY or FAILED; the connector
 * itself may be moved.
 */
void	connector_begin(struct connector *, const struct connector_config *,
	    struct stream *);

/* Watches what it waits for; nothing once it is READY or FAILED. */
void	connector_watch(struct connector *, struct loop *);

/* Goes on as far as it can without sleeping. True once READY or FAILED. */
bool	connector_step(struct connector *, const struct loop *);

/*
 * Frees what it holds, in any state; connections in progress are aborted. The
 * stream of a READY one is the owner's and stays.
 */
void	connector_close(struct connector *);

#endif
