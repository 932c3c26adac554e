#ifndef OUTFILE_H
#define OUTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/*
 * A file that gets its name when it is complete; until then it is NAME.part.
 * Existing files are never written to, only replaced, so a failure harms
 * neither an older file nor what another process has put there.
 */

struct address;

struct outfile_config {
	const char *path;	/* "DIR/": a file of its own for each peer */
	bool	 sparse;	/* zeros become holes */
	bool	 resume;	/* continue an older .part */
	bool	 hashed;	/* only the right hash gets to its end */
	int64_t	 size;	/* bytes to come, exact with resume; 0: unknown */
};

/* The destination, found once for any number of files. */
struct outfile_place {
	int	 folder;	/* descriptor of the folder, or -1 */
	int	 device; /* descriptor, if it is no regular file; else -1 */
	int	 older;	/* descriptor of the .part to continue; else -1 */
	struct stat found;	/* that .part, as it was found */
	bool	 sparse;
	char	 path[PATH_MAX]; /* the folder's with its slash; a device's */
	char	 name[NAME_MAX + 1]; /* empty: each peer's own, or a device */
};

/* One file, for one session. Before outfile_open fd and wait must be -1. */
struct outfile {
	const struct outfile_place *place;
	int	 fd;		/* -1: not created yet, or closed */
	int	 wait;		/* readable once a sync is done; else -1 */
	bool	 finished;	/* renamed; the folder is still to be synced */
	off_t	 length;	/* with sparse */
	char	 name[NAME_MAX + 1], part[NAME_MAX + 1];
};

/*
 * To be called before there is a peer. A device or FIFO is opened, and must
 * have room for size bytes; for a file this finds out whether it can be
 * created, and leaves nothing behind. Symbolic links are followed, also
 * dangling ones. With resume an older .part is locked until outfile_begin
 * continues it; without, a line says that it will be replaced. Returns false
 * with the reason printed.
 */
bool	outfile_find(struct outfile_place *, const struct outfile_config *);

/* Begins a file for a peer, after whose address a file in "DIR/" is named. */
void	outfile_open(struct outfile *, const struct outfile_place *,
	    const struct address *peer);

/*
 * Creates the .part, unless that was done before. It replaces a .part that an
 * earlier run has left, or continues it (ESTALE: it is no longer what was
 * found); if NAME.part cannot be had, it is NAME.LETTERS.part. Returns false
 * with errno set. From now on fd may also be written to directly (splice(2)).
 */
bool	outfile_begin(struct outfile *);

/* As write(2), making holes if sparse; after outfile_begin. */
ssize_t	outfile_write(struct outfile *, const void *, size_t);

/*
 * Completes the file: gives it owner and mode of the file it replaces, syncs,
 * renames and closes it, and syncs the folder. One that was not begun becomes
 * an empty file. Returns 0, errno, or EINPROGRESS: call it again when wait is
 * readable.
 */
int	outfile_commit(struct outfile *);

/* Closes an incomplete file, which stays as its .part. May always be called. */
void	outfile_close(struct outfile *);

/* Path of the .part, if there is one, else of the file; OUTFILE_TEXT bytes. */
#define OUTFILE_TEXT	(PATH_MAX + NAME_MAX)
const char *outfile_text(const struct outfile *, char *text);

#endif
