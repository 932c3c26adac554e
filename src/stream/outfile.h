#ifndef OUTFILE_H
#define OUTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A file that has its name when it is complete: until then it is NAME.part.
 * Nothing that exists is ever opened to be written, so neither a complete file
 * nor what another has put there can come to harm.
 */

struct address;

struct outfile_config {
	const char *path;	/* "DIR/": a file of its own for each peer */
	bool	 sparse;	/* zeros become holes */
	bool	 resume;	/* goes on with an older .part */
	int64_t	 size;		/* bytes to come; 0: unknown */
};

/* Where they go, found once: may serve any number of them. */
struct outfile_place {
	int	 folder;	/* descriptor of the folder */
	int	 device;	/* of what is no regular file; else -1 */
	int	 older;		/* the .part to go on with; else -1 */
	off_t	 there;		/* bytes of it */
	bool	 sparse;
	char	 path[PATH_MAX];	/* the folder's with its slash; a device's */
	char	 name[NAME_MAX + 1];	/* empty: each peer's own, or a device */
};

/* One of them: belongs to a session. All zeros but for fd and wait -1 is none. */
struct outfile {
	const struct outfile_place *place;
	int	 fd;		/* -1: not there yet, or not any more */
	int	 wait;		/* readable once a sync is done; else -1 */
	bool	 finished;	/* has its name, but for the folder's sync */
	off_t	 length;	/* with sparse: holes at the end count */
	char	 name[NAME_MAX + 1], part[NAME_MAX + 1];
};

/*
 * To be called before there is a peer. What is no regular file is opened, and
 * must be as large as what is to come; of a regular one it is found out
 * whether it could be made, and nothing is left behind. A link is followed,
 * also one that leads nowhere yet. With resume an older .part is locked until
 * outfile_begin goes on with it. Returns false with the reason printed.
 */
bool	outfile_find(struct outfile_place *, const struct outfile_config *);

/* A peer is there, by whose address a file of "DIR/" is called. */
void	outfile_open(struct outfile *, const struct outfile_place *,
	    const struct address *peer);

/*
 * A byte is there: makes the .part, with owner and rights of what it will
 * replace. An older one of ours that nobody writes goes; if the name is taken
 * otherwise, it is NAME.LETTERS.part. Returns false with errno set; true, too,
 * when it was made before. From now on fd may be written to by others.
 */
bool	outfile_begin(struct outfile *);

/* As write(2), for what may be sparse; outfile_begin must have been called. */
ssize_t	outfile_write(struct outfile *, const void *, size_t);

/*
 * All is there: synced, closed, named, and the name synced. An outfile that
 * was not begun becomes an empty file. Returns 0, errno, or EINPROGRESS: to be
 * called again when wait is readable.
 */
int	outfile_commit(struct outfile *);

/*
 * Gives it up: what there is stays in the .part; what is no regular file stays
 * open. May always be called.
 */
void	outfile_close(struct outfile *);

/*
 * The path of what there is, or will be; text has PATH_MAX bytes. The .part's
 * once it was made, until it is committed.
 */
#define OUTFILE_TEXT	(PATH_MAX + NAME_MAX)
const char *outfile_text(const struct outfile *, char *text);

#endif
