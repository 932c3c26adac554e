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
 * One peer, from the first byte to the last: the handshake, the local end
 * (stdin and stdout, a member of the hub, a command, or a connection to a
 * target), the relay, closing both, and the end of the command. A machine on
 * the loop.
 */

enum session_state {
	SESSION_HEADER,		/* reads a PROXY header (--accept-proxy) */
	SESSION_HANDSHAKE,
	SESSION_REQUEST,	/* reads SOCKS or HTTP (--proxy-server) */
	SESSION_CONNECT,	/* to the target; the peer is not read */
	SESSION_ANSWER,		/* answers the request */
	SESSION_RELAY,
	SESSION_ASSOCIATE,	/* relays datagrams of UDP ASSOCIATE */
	SESSION_REAP,		/* waits for the command's end */
	SESSION_DONE		/* code is known, everything is closed */
};

struct session {
	enum session_state state;
	const struct options *options;
	struct hub *hub;		/* NULL: stdin and stdout are its own */
	struct demux *demux;		/* of the peer's datagrams, or NULL */
	int	 fd;			/* the peer's socket, or the demux's */
	struct address address;		/* the peer's */
	struct stream peer, local;
	struct hub_member member;	/* with a hub */
	struct stream files;		/* with a hub: files of its own */
	struct stdio stdio;		/* without a hub, or of files */
	struct relay relay;
	struct report report;
	struct address reached;		/* our address in the PROXY header */
	struct dial *dial;		/* before RELAY, or NULL */
	struct associate *associate;	/* in ANSWER and ASSOCIATE, or NULL */
	struct child *child;		/* in REAP */
	enum io	 wants;			/* in HANDSHAKE, REQUEST, ANSWER */
	int	 place;	/* the peer's in the loop, before RELAY */
	int64_t	 deadline_us;		/* of the states before RELAY */
	void	(*wake)(struct session *);	/* called by hub and demux */
	int	 code;			/* the exit code */
	bool	 starved;		/* it failed for lack of resources */
};

/*
 * Opens what all sessions share, once, before the first connection. Returns
 * EXIT_DONE, or another exit code with the reason printed.
 */
int	session_prepare(const struct options *);

/* The TLS of connections with peers, or NULL. */
struct tls_context *session_tls(void);

/*
 * Makes a stream of a connected descriptor, which it owns; a handshake may
 * follow. context is the options. Returns false with the reason printed and
 * the descriptor closed.
 */
bool	session_wrap(const void *context, int fd, const struct address *peer,
	    struct stream *);

/*
 * Begins a listener's session with an accepted descriptor, which it owns, or a
 * datagram listener's: that one it does not own if demux is set. demux and,
 * with it or a hub, wake must be set before. The session must not move from now
 * on.
 */
void	session_accept(struct session *, const struct options *, int fd,
	    const struct address *peer, struct hub *);

/* Begins a client's: session->peer, which is ready, and address are set. */
void	session_begin(struct session *, const struct options *);

/* Whether it waits for a header, a handshake or a request. */
bool	session_is_unproven(const struct session *);

/* Ends one of those, or one that relays datagrams, for this reason. */
void	session_give_up(struct session *, const char *why);

/* As for all machines; one that is DONE may be dropped. */
void	session_watch(struct session *, struct loop *);
void	session_step(struct session *, const struct loop *);

/* Makes the next step worth it, for hub and demux have no descriptors. */
void	session_wake(struct session *);

/* Adds the bytes moved so far to a sum. */
void	session_count(struct session *, struct outcome *);

/* Runs a round of a loop for it alone; false once it is DONE. */
bool	session_round(struct session *, struct loop *);

/* Runs a session that has begun to its end. Returns its exit code. */
int	session_run(struct session *);

/*
 * Whether a listener's session that is DONE received nothing for --out, and
 * used up no input: a port scan. The listener then waits for another peer.
 */
bool	session_was_nothing(const struct session *);

#endif
