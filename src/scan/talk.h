#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "scan/results.h"
#include "stream/stream.h"

/*
 * What an open port must do besides: shake hands (TLS), speak (--banner),
 * answer (--send, --expect, --http), stay (--settle).
 */

#define TALK_HEARD	4096	/* bytes of an answer that are looked at */

struct talk {
	enum { TALK_PROXY, TALK_HANDSHAKE, TALK_SAY, TALK_HEAR } state;
	struct stream stream;
	struct tls_facts *facts;	/* or NULL */
	enum io	 wants;
	int	 place;
	char	*words;		/* to say, or NULL */
	size_t	 size, said;
	size_t	 heard;
	int64_t	 until_us;	/* for all but this: */
	int64_t	 stay_us;	/* it must be there then; 0: need not */
	int	 code;		/* an exit code: what TLS came to */
	int	 error;		/* an errno: what the proxy says of the port */
	struct address_query query;	/* what the proxy is asked for */
	size_t	 hop;
	void	*memory;	/* the proxy's */
	struct tls_context *tls;	/* the target's, or NULL */
	char	 buffer[TALK_HEARD + 1];
};

/* Understands --send, --expect and --http. NULL, or what is wrong with it. */
const char *talk_prepare(const struct scan_config *);

/* --send, for a datagram; NULL when there is none. */
const char *talk_words(size_t *size);

/* Whether the bytes (buffer[size] will be 0) are the answer expected. */
bool	talk_is_expected(char *buffer, size_t size);

/* Whether there is anything to do but to connect. */
bool	talk_is_wanted(const struct scan_config *);

/* Takes the descriptor. NULL when there is no memory; it is then closed. */
struct talk *talk_begin(const struct scan_config *, struct target *,
	    uint16_t port, int fd, int64_t until_us);

void	talk_watch(struct talk *, struct loop *);

/* PORT_UNTRIED while it goes on, else what the port is. */
enum port_state talk_step(const struct scan_config *, struct talk *,
	    const struct loop *);

/* The time of all is over: what the port is, so far. */
enum port_state talk_give_up(struct talk *);

/* Closes as one should; what was heard and found goes to the result. */
void	talk_end(const struct scan_config *, struct talk *, struct result *);

/* FIN, not RST, also where bytes were not read. */
void	talk_close_plain(int fd);

#endif
