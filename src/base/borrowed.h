#ifndef BORROWED_H
#define BORROWED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stat;

/*
 * stdin, stdout and stderr, whose open file description (open(2)) other
 * processes share: used without blocking and without changing its flags.
 */
struct borrowed {
	int	 fd;
	enum {
		BORROWED_PLAIN,		/* read(2) and write(2) do not block */
		BORROWED_SOCKET,	/* they get MSG_DONTWAIT */
		BORROWED_TERMINAL,	/* read only in the foreground */
		BORROWED_ASK		/* poll(2) before each call */
	} manner;
};

/*
 * Finds out how fd can be used. A pipe or a terminal is opened again through
 * /proc/self/fd, as a description of our own that is non-blocking; the struct's
 * fd is then a new one, the caller's to close. Where that fails, poll(2) comes
 * before each call, and at most PIPE_BUF bytes are written.
 */
void	borrowed_open(struct borrowed *, int fd, bool reading);

/* As read(2) and write(2) of a non-blocking descriptor, with EAGAIN. */
ssize_t	borrowed_read(const struct borrowed *, void *, size_t);
ssize_t	borrowed_write(const struct borrowed *, const void *, size_t);

/* Whether it is a FIFO with a name, and no pipe(2), by its file system. */
bool	borrowed_is_fifo(const struct stat *);

/*
 * Occupies fd, which must be the lowest free descriptor, so that no other file
 * gets its number. Reading or writing it fails.
 */
void	borrowed_reserve(int fd);

#endif
