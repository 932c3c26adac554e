#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "scan/results.h"
#include "stream/stream.h"

/*
 * What an open port must do besides: a TLS handshake, send a line (--banner),
 * answer (--send, --expect, --http), stay connected (--settle).
 */

#define TALK_HEARD	4096	/* bytes of an answer that are examined */

struct talk {
	enum { TALK_PROXY, TALK_HANDSHAKE, TALK_SAY, TALK_HEAR } state;
	struct stream stream;
	struct tls_facts *facts;	/* with TLS, or NULL */
	enum io	 wants;		/* the last answer of the stream */
	int	 place;		/* in the loop */
	char	*words;		/* to send, or NULL */
	size_t	 size, said;	/* bytes of them; those sent */
	size_t	 heard;		/* bytes in buffer */
	int64_t	 until_us;	/* deadline for all but --settle */
	int64_t	 stay_us;	/* must be connected then; 0: need not */
	int	 code;		/* exit code of TLS */
	int	 error;		/* the proxy's answer, as an errno */
	struct address_query query;	/* the target, for the proxy */
	size_t	 hop;		/* see struct scan_config, pass */
	void	*memory;
	struct tls_context *tls;	/* the target's, or NULL */
	char	 buffer[TALK_HEARD + 1];
};

/* Parses --send, --expect and --http. NULL, or what is wrong with --expect. */
const char *talk_prepare(const struct scan_config *);

/* What --send sends, for a datagram; NULL without it. */
const char *talk_words(size_t *size);

/* Whether it is the expected answer; sets buffer[size] to 0, replaces NULs. */
bool	talk_is_expected(char *buffer, size_t size);

/* Whether a test does more than to connect. */
bool	talk_is_wanted(const struct scan_config *);

/* Takes over the descriptor. NULL without memory, with it closed. */
struct talk *talk_begin(const struct scan_config *, struct target *,
	    uint16_t port, int fd, int64_t until_us);

void	talk_watch(struct talk *, struct loop *);

/* PORT_UNTRIED while it is in progress, else the port's state. */
enum port_state talk_step(const struct scan_config *, struct talk *,
	    const struct loop *);

/* The port's state when the whole scan's time is over. */
enum port_state talk_give_up(struct talk *);

/* Moves what was found into the result, closes cleanly and frees the talk. */
void	talk_end(const struct scan_config *, struct talk *, struct result *);

/* Closes with FIN: unread bytes, which would make it RST, are read. */
void	talk_close_plain(int fd);

#endif
