#ifndef HUB_H
#define HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/stream.h"

struct chunk;
struct hub;
struct loop;

/*
 * stdin and stdout for many peers at once (-k). Each peer is a member, with a
 * stream of its own:
 *
 *  - Input goes to all members. One that is more than HUB_BEHIND bytes behind
 *    while others are not is cut off; nobody misses bytes in between.
 *  - What members send goes to stdout as it comes. While there are several, a
 *    part of a line waits for its newline, the member's end, or HUB_LINE bytes,
 *    so that lines are not torn.
 *  - With relayed set (--broker) it goes to the other members, too; with names
 *    set (--chat) each line begins with its sender.
 *
 * Members have no descriptors but those of own files: the hub wakes them.
 */
#define HUB_BEHIND	((size_t)1 << 20)
#define HUB_LINE	((size_t)64 << 10)
#define HUB_NAME	160

struct hub_member {
	struct hub *hub;
	struct hub_member *next, *before;
	struct chunk *at;	/* its place in the log */
	size_t	 offset;	/* in that chunk */
	uint64_t seen;		/* bytes of the log it has read or skipped */
	struct stream *files;	/* of its own, as the hub says, or NULL */
	uint8_t	*line;		/* a part without its newline, or NULL */
	size_t	 held;		/* bytes of it */
	bool	 waits;		/* its write was not taken */
	bool	 behind;	/* more than HUB_BEHIND: to be cut off */
	int64_t	 late_us;	/* input is stopped for it until then; 0: not */
	char	 name[HUB_NAME];	/* "<ADDRESS PORT> ", or empty */
	void	(*wake)(void *context);
	void	*context;
};

struct hub {
	struct stream local;	/* stdin and stdout, the hub's to close */
	bool	 in_files, out_files;	/* members have files of their own */
	bool	 relayed, names;	/* see above */
	struct hub_member *members;
	size_t	 count;
	struct chunk *oldest, *newest;	/* the log of what goes to members */
	uint64_t said, dropped;	/* its bytes so far; those that were freed */
	size_t	 waiting;	/* members with waits set */
	bool	 input_over, input_failed;
	uint8_t	*rest;		/* what stdout did not take */
	size_t	 rest_head, rest_tail;
	const struct hub_member *open;	/* who has begun a line on stdout */
	int64_t	 open_us; /* when others stop waiting for it; 0: none does */
	int64_t	 late_us;	/* when input goes on without the late */
	bool	 failed;	/* stdout has: the reason is local.error */
	int	 in_place, out_place;
};

/*
 * Takes over the local stream. The caller sets in_files to names, all else must
 * be zero. False when there is no memory.
 */
bool	hub_open(struct hub *, const struct stream *local);

void	hub_watch(struct hub *, struct loop *);

/* Reads stdin, writes what is kept, wakes members. */
void	hub_step(struct hub *, const struct loop *);

/*
 * Adds a member, which must not move until its stream is closed, and opens that
 * stream; it gets what is sent from now on. who is "ADDRESS PORT", for names.
 * files, or NULL, are the member's own, as the hub's flags say, closed with it.
 * wake is called when reading or writing is worth another try.
 */
void	hub_join(struct hub *, struct hub_member *, struct stream *,
	    const char *who, struct stream *files, void (*wake)(void *),
	    void *context);

#endif
