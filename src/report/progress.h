#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outcome;
struct stream;

/*
 * How far it is, as a line on stderr: on a terminal one that is drawn again
 * and again, as wide as the terminal is at that moment; else a new one.
 */
struct progress {
	bool	 terminal;
	bool	 shared;	/* the output goes to a terminal, too */
	bool	 alone;		/* only drawn when asked for */
	int	 in, out;	/* the local stream's descriptors */
	bool	 many;		/* a sum: how many peers there are is said */
	size_t	 peers;
	int64_t	 sent_before, received_before;	/* in an earlier run */
	int64_t	 send_size;	/* of what is sent; 0: unknown */
	int64_t	 size;		/* of what is more: sent or received */
	int64_t	 since_us, last_us;	/* 0: not looked at yet */
	uint64_t last;		/* bytes at that moment */
	double	 rate;		/* of late, bytes a second */
};

/* How often progress_draw should be called. */
#define PROGRESS_REDRAW	(CLOCK_SECOND / 5)
#define PROGRESS_LINES	(10 * CLOCK_SECOND)
#define PROGRESS_EVERY(p) ((p)->terminal ? PROGRESS_REDRAW : PROGRESS_LINES)

/*
 * Begins with the size expected, 0 for what the input still has if it is a
 * file or a disk. Asked for by a signal only, it is drawn alone: each line ends.
 */
void	progress_begin(struct progress *, int64_t size,
	    const struct stream *local, bool alone);

/* Draws the line; the last one ends. Never waits for the terminal. */
void	progress_draw(struct progress *, const struct outcome *,
	    bool last);

#endif
