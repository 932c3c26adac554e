#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream;

/*
 * What may look at or change the bytes of a flow between fill and drain. A
 * tap sees every byte once and in order, in pieces of any size, so what it
 * must remember between two pieces it keeps in its own state.
 */
struct tap {
	/*
	 * For one that changes them: reads size bytes of in and writes what
	 * becomes of them to out, which has room for size * growth bytes.
	 * Returns how many it wrote.
	 */
	size_t	(*apply)(struct tap *, const uint8_t *in, size_t size,
		    uint8_t *out);
	size_t	 growth;	/* bytes that one byte can become; at least 1 */

	/*
	 * For one that only looks, in place of apply: nothing is copied.
	 * Returns false when the flow must break: the reason is then in the
	 * stream to blame.
	 */
	bool	(*look)(struct tap *, const uint8_t *, size_t size);
	struct stream *blame;

	/*
	 * Of one that looks: a pipe's write end, or 0. With it splice(2) stays
	 * in use; what goes that way is not shown to look, but put into the
	 * pipe by tee(2). Only one tap of a flow can have it.
	 */
	int	 pipe;

	/*
	 * Of one that writes what it saw: goes on with what could not be
	 * written at once. Sets *fd to what has no room for the rest, else to
	 * -1: until then nothing more is shown, and there is no end. Returns
	 * false as look does. NULL: nothing ever waits.
	 */
	bool	(*flush)(struct tap *, int *fd);

	/*
	 * All has been seen, and the sink has all but the end. Returns false,
	 * as look does, when there must be no end; may be called again. NULL:
	 * has no say.
	 */
	bool	(*end)(struct tap *);
};

#define TAPS_MOST	6

/* Those of one flow, applied in order; a NULL ends them. */
struct taps {
	struct tap *at[TAPS_MOST + 1];
};

/* Puts a tap behind those that are there; false when there is no room. */
bool	taps_add(struct taps *, struct tap *);

/* How many bytes one byte can become. */
size_t	taps_growth(const struct taps *);

/*
 * Shows size bytes of *data to all taps; *data, which is of the pool, is
 * changed for another buffer when one of them changes bytes. Returns the new
 * size, and sets *objects to the tap that breaks the flow, if one does.
 */
size_t	taps_apply(const struct taps *, uint8_t **data, size_t size,
	    const struct tap **objects);

/* Lets all write. Returns what has no room, or -1; *objects as above. */
int	taps_flush(const struct taps *, const struct tap **objects);

/* All has passed. Returns the tap that says it may not end so, or NULL. */
const struct tap *taps_end(const struct taps *);

#endif
