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
	 * All has been seen, and the sink has all but the end. Returns false,
	 * as look does, when there must be no end; may be called again. NULL:
	 * has no say.
	 */
	bool	(*end)(struct tap *);
};

#endif
