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
 * A proxy on the way, which is connected to instead of the target and
 * asked to connect on: to the next hop, or to the target.
 */
struct connector_hop {
	struct address_query endpoint;
	/*
	 * Says and hears on the plain stream what brings us to the target;
	 * called until it answers IO_OK (the next byte is the target's),
	 * IO_FAIL with the reason in the stream's error (refused: exit 5), or
	 * what it waits for. *talk, NULL at first, is for what it must remember
	 * in between: one malloc(3), which the connector frees.
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
	int64_t	 try_us;	/* for each try; CLOCK_UNSET: no limit */
	int64_t	 await_us;	/* try again for so long; CLOCK_UNSET: once */
	int64_t	 deadline_us;	/* of all */
	bool	 unsaid;	/* success is told by the owner */
	const struct access_list *allow, *deny;	/* targets; or both NULL */
	const struct address *not;	/* to this listener of ours; or NULL */
	/*
	 * Makes the connected descriptor a stream, which owns it, perhaps with a
	 * handshake still to come. False with the reason printed and the
	 * descriptor closed.
	 */
	bool	 (*wrap)(const void *context, int fd, const struct address *,
		    struct stream *);
	const void *context;
	/* The target's TLS, for what is behind a proxy's; NULL: none. */
	struct tls_context *tls;
};

enum connector_state {
	CONNECTOR_RESOLVE,	/* the name of the first hop or the target */
	CONNECTOR_SOURCE,	/* the name to come from (-s) */
	CONNECTOR_CONNECT,	/* happy eyeballs, race.h */
	CONNECTOR_PROXY,	/* one hop after the other */
	CONNECTOR_HANDSHAKE,
	CONNECTOR_BACKOFF,	/* a try has failed, another will follow */
	CONNECTOR_READY,	/* the stream is the owner's */
	CONNECTOR_FAILED	/* code says how, the reason was printed */
};

/* From a name to a stream that is ready for bytes. */
struct connector {
	enum connector_state state;
	int	 code;			/* of the last try */
	int	 error;			/* errno of an address, why it failed */
	const struct connector_config *config;
	struct stream *stream;		/* the owner's, to be filled */
	struct address peer;		/* whom it is connected to */
	struct question *question;	/* while resolving */
	struct race *race;		/* the same, and while connecting */
	int64_t	 since_us;		/* the question, or the winner */
	struct retry retry;
	int64_t	 until_us;		/* of this try, or of the pause */
	enum io	 wants;
	int	 place;			/* in the round */
	size_t	 hop;
	void	*talk;			/* the hop's memory */
};

/*
 * Begins. The config and the stream must stay until READY or FAILED; the
 * connector itself may be moved.
 */
void	connector_begin(struct connector *, const struct connector_config *,
	    struct stream *);

/* What it waits for; nothing once it is READY or FAILED. */
void	connector_watch(struct connector *, struct loop *);

/* Goes on as far as it can without sleeping. True once READY or FAILED. */
bool	connector_step(struct connector *, const struct loop *);

/*
 * Gives up whatever it holds, in any state: what was begun is aborted. A
 * stream that was handed over is not touched.
 */
void	connector_close(struct connector *);

#endif
