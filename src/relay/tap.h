#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

/*
 * Observes or changes the bytes of a flow after they are read. A tap gets every
 * byte once and in order, in pieces of any size.
 */
struct tap {
	/*
	 * Changes bytes: writes what becomes of in to out, which has room for
	 * size * growth bytes. Returns how many it wrote. NULL: it has look.
	 */
	size_t	(*apply)(struct tap *, const uint8_t *in, size_t size,
		    uint8_t *out);
	size_t	 growth;	/* bytes that one byte can become, at most */

	/*
	 * Only looks. Returns false to break the flow, with the reason in the
	 * stream to blame.
	 */
	bool	(*look)(struct tap *, const uint8_t *, size_t size);
	struct stream *blame;

	/*
	 * With look: a pipe's write end, or 0. It allows splice(2), whose bytes
	 * go to the pipe by tee(2) instead of to look. For one tap of a flow.
	 */
	int	 pipe;

	/*
	 * Writes what could not be written at once. *fd is set to the
	 * descriptor to wait for, or -1; meanwhile the flow neither goes on nor
	 * ends. Returns false as look does. NULL: it never waits.
	 */
	bool	(*flush)(struct tap *, int *fd);

	/*
	 * At the end, before the sink is shut down. Returns false, as look
	 * does, to prevent that; may be called again. NULL: does nothing.
	 */
	bool	(*end)(struct tap *);
};

#define TAPS_MOST	6

/* The taps of a flow, in the order in which they get bytes; NULL at the end. */
struct taps {
	struct tap *at[TAPS_MOST + 1];
};

/* Adds a tap at the end; false when there are TAPS_MOST already. */
bool	taps_add(struct taps *, struct tap *);

/* How many bytes one byte can become by all of them. */
size_t	taps_growth(const struct taps *);

/*
 * Gives size bytes of *data to all taps. *data, a buffer of the pool, is
 * replaced by another if a tap changes bytes. Returns the new size; *objects is
 * the tap that breaks the flow, or NULL.
 */
size_t	taps_apply(const struct taps *, uint8_t **data, size_t size,
	    const struct tap **objects);

/* Flushes all: a descriptor to wait for, or -1; *objects as above. */
int	taps_flush(const struct taps *, const struct tap **objects);

/* Ends all. Returns a tap that prevents the end, or NULL. */
const struct tap *taps_end(const struct taps *);

#endif
