#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outcome;
struct stream;

/*
 * The progress as a line on stderr: on a terminal one that is redrawn in the
 * terminal's current width, else a new one each time.
 */
struct progress {
	bool	 terminal;	/* stderr is one */
	bool	 shared;	/* the output is a terminal, too */
	bool	 alone;		/* only drawn after SIGUSR1 */
	int	 in, out;	/* the local stream's descriptors */
	bool	 many;		/* of all sessions, with the number of peers */
	size_t	 peers;
	int64_t	 sent_before, received_before;	/* in an earlier run */
	int64_t	 send_size;	/* bytes of our input; 0: unknown */
	int64_t	 size;		/* --size; 0: not given */
	int64_t	 since_us;	/* when it began */
	int64_t	 last_us;	/* when rate was updated; 0: never */
	uint64_t last;		/* bytes at that time */
	double	 rate;		/* current, in bytes a second */
};

/* Times between calls of progress_draw. */
#define PROGRESS_REDRAW	(CLOCK_SECOND / 5)
#define PROGRESS_LINES	(10 * CLOCK_SECOND)
#define PROGRESS_EVERY(p) ((p)->terminal ? PROGRESS_REDRAW : PROGRESS_LINES)

/*
 * Begins. size is the number of bytes expected; 0: what is left of the input,
 * if that is a file or a disk. alone: every line ends with a newline.
 */
void	progress_begin(struct progress *, int64_t size,
	    const struct stream *local, bool alone);

/* Draws the line, the last one with a newline. Never waits for the terminal. */
void	progress_draw(struct progress *, const struct outcome *,
	    bool last);

#endif
