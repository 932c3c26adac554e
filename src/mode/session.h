#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "relay/relay.h"
#include "report/report.h"
#include "stream/hub.h"
#include "stream/stdio.h"
#include "stream/stream.h"

struct associate;
struct child;
struct demux;
struct dial;
struct loop;
struct options;
struct tls_context;

/*
 * One peer, from the first byte to the last: shakes hands, opens the local end
 * (stdin and stdout, a membership of the hub, a command, or a connection to a
 * target), relays, closes both, and waits for a command that goes on. A machine like the others:
 * _watch, _step, state.
 */

enum session_state {
	SESSION_HEADER,		/* who it is (--accept-proxy) */
	SESSION_HANDSHAKE,
	SESSION_REQUEST,	/* where it wants to be led (--proxy-server) */
	SESSION_CONNECT,	/* to the target; nothing of the peer is read */
	SESSION_ANSWER,		/* how that went, for the request */
	SESSION_RELAY,
	SESSION_ASSOCIATE,	/* datagrams, in the place of a relay */
	SESSION_REAP,		/* only a command's end is still awaited */
	SESSION_DONE		/* code says how it went; all is closed */
};

struct session {
	enum session_state state;
	const struct options *options;
	struct hub *hub;		/* NULL: stdin and stdout are its own */
	struct demux *demux;		/* which its peer is a member of, or NULL */
	int	 fd;			/* the peer's socket, or the demux's */
	struct address address;		/* the peer's */
	struct stream peer, local;
	struct hub_member member;
	struct stream files;		/* what it has for itself of the hub's */
	struct stdio stdio;		/* instead of both */
	struct relay relay;
	struct report report;
	struct address reached;		/* by it, if its header says so */
	struct dial *dial;		/* before RELAY, or NULL */
	struct associate *associate;	/* to be answered, or in ASSOCIATE */
	struct child *child;		/* in REAP */
	enum io	 wants;			/* in HANDSHAKE, REQUEST, ANSWER */
	int	 place;			/* in the round, before RELAY */
	int64_t	 deadline_us;		/* of HEADER, HANDSHAKE, REQUEST */
	void	(*wake)(struct session *);	/* hub or demux have something */
	int	 code;
	bool	 starved;		/* ... for want of memory or descriptors */
};

/*
 * What all peers need, once, before the first connection. Returns an exit
 * code, with the reason printed unless it is EXIT_DONE.
 */
int	session_prepare(const struct options *);

/* What the peers' TLS shares, or NULL. */
struct tls_context *session_tls(void);

/*
 * Wraps a connected descriptor as a stream, which owns it; its handshake, if
 * it has one, is still to come. Returns false with the reason printed and the
 * descriptor closed. context is the options.
 */
bool	session_wrap(const void *context, int fd, const struct address *peer,
	    struct stream *);

/*
 * Begins with a descriptor that was accepted from this peer, or a datagram
 * listener's, which stays another's where demux is set, as wake then must be.
 * The session must not move from now on.
 */
void	session_accept(struct session *, const struct options *, int fd,
	    const struct address *peer, struct hub *);

/* Begins with session->peer, session->address set: a stream that is ready. */
void	session_begin(struct session *, const struct options *);

/* Nothing of it is served yet: it has to say who it is, or what it wants. */
bool	session_is_unproven(const struct session *);

/* Ends one of those for this reason, or one whose datagrams are relayed. */
void	session_give_up(struct session *, const char *why);

/* As all machines; DONE is left to the owner. */
void	session_watch(struct session *, struct loop *);
void	session_step(struct session *, const struct loop *);

/* The hub or the demux has something for it: the next step is worth it. */
void	session_wake(struct session *);

/* Adds what it has moved so far to a sum. */
void	session_count(struct session *, struct outcome *);

/* A round of its own for a session that has begun; false once it is DONE. */
bool	session_round(struct session *, struct loop *);

/* Runs a session that has begun to its end. Returns its exit code. */
int	session_run(struct session *);

/*
 * Of a listener's session that is DONE: not a byte came for --out, and the
 * next peer misses nothing. It is as if this one had not come.
 */
bool	session_was_nothing(const struct session *);

#endif
