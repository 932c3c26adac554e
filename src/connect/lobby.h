#ifndef LOBBY_H
#define LOBBY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "stream/stream.h"

struct listener;
struct tls_context;

#define LOBBY_GUESTS	256

/*
 * Where peers shake hands while others come: one that is slow, or never
 * finishes, keeps nobody waiting. Each has the same time; when there is no
 * room for another, the one who has been here longest goes. All zeros but for
 * the first three is an empty one.
 */
struct lobby {
	struct listener *listener;
	struct tls_context *tls;
	int64_t	 limit_us;	/* time for a handshake */
	size_t	 count;
	struct guest {
		struct stream stream;
		struct address address;
		int64_t	 deadline_us;
		enum io	 wants;
	} guest[LOBBY_GUESTS];	/* the longest here first */
};

/*
 * Waits for the next peer who is ready and takes it out: the stream is the
 * caller's. Others who fail are told of and dropped. Returns EXIT_DONE, or as
 * listener_accept.
 */
int	lobby_admit(struct lobby *, int64_t deadline_us, struct stream *);

/* Drops the guests without a word: for a forked child. */
void	lobby_close(struct lobby *);

#endif
