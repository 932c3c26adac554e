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
 * stdin and stdout for many peers at once (-k). Each has a stream of its own,
 * a member:
 *
 *  - What stdin gives goes to all who are there. Who is more than HUB_BEHIND
 *    bytes behind while others are not is cut off: nobody gets a hole.
 *  - What they send goes to stdout as it comes. While there is more than one,
 *    a piece without its newline waits for that, for the member's end, or for
 *    HUB_LINE bytes: so no line is torn.
 *  - With relayed set (--broker) it goes to all the others, too; with names set
 *    (--chat) each line then begins with who says it.
 *
 * Members have no descriptors, but for a file of their own: the hub wakes them.
 */
#define HUB_BEHIND	((size_t)1 << 20)
#define HUB_LINE	((size_t)64 << 10)
#define HUB_NAME	160

struct hub_member {
	struct hub *hub;
	struct hub_member *next, *before;
	struct chunk *at;	/* where it reads the log */
	size_t	 offset;	/* in that chunk */
	uint64_t seen;		/* bytes of the log it has passed */
	struct stream *files;	/* of its own, or NULL: the shared ones */
	bool	 own_in, own_out;	/* which half of those is used */
	uint8_t	*line;		/* a piece without its newline, or NULL */
	size_t	 held;		/* bytes of it */
	bool	 waits;		/* for the hub to take what it offers */
	bool	 behind;	/* too far: to be cut off */
	int64_t	 late_us;	/* until then the others wait for it; 0: not late */
	char	 name[HUB_NAME];	/* "<ADDRESS PORT> ", or empty */
	void	(*wake)(void *context);
	void	*context;
};

struct hub {
	struct stream local;	/* stdin and stdout, the hub's to close */
	bool	 in_files, out_files;	/* each member has its own input, output */
	bool	 relayed, names;
	struct hub_member *members;
	size_t	 count;
	struct chunk *oldest, *newest;	/* the log of what goes to members */
	uint64_t said, dropped;	/* bytes of it so far; those that all heard */
	size_t	 waiting;	/* members with waits set */
	bool	 input_over, input_failed;
	uint8_t	*rest;		/* what stdout did not take, whole lines */
	size_t	 rest_head, rest_tail;
	const struct hub_member *open;	/* whose line went out without its end */
	int64_t	 open_us;	/* others wait for that no longer; 0: nobody does */
	int64_t	 late_us;	/* when who is late is waited for no more */
	bool	 failed;	/* stdout has: the reason is local.error */
	int	 in_place, out_place;
};

/*
 * Takes over the local stream; the flags are set by the caller, all else is
 * zero. False when there is no memory.
 */
bool	hub_open(struct hub *, const struct stream *local);

void	hub_watch(struct hub *, struct loop *);

/* Reads stdin, writes what rests, wakes members. */
void	hub_step(struct hub *, const struct loop *);

/*
 * A new member, which must not move while it is one, and its stream: it hears
 * what is said from now on. who is "ADDRESS PORT". files, which may be NULL, has
 * what the hub's flags say is each member's own; it is closed with the member.
 */
void	hub_join(struct hub *, struct hub_member *, struct stream *,
	    const char *who, struct stream *files, void (*wake)(void *),
	    void *context);

#endif
