#ifndef BORROWED_H
#define BORROWED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct stat;

/*
 * Descriptors that other processes have, too: stdin, stdout, stderr. They are
 * used without sleeping in them and without changing a flag of theirs.
 */
struct borrowed {
	int	 fd;
	enum {
		BORROWED_PLAIN,		/* a file, or our own description */
		BORROWED_SOCKET,	/* MSG_DONTWAIT */
		BORROWED_TERMINAL,	/* for reading: in its foreground */
		BORROWED_ASK		/* poll first */
	} manner;
};

/*
 * Finds out how fd can be used. A pipe or a terminal is opened again through
 * /proc/self/fd, for a description of our own, which is non-blocking: fd is
 * then another than was given. Where that cannot be had, poll(2) is asked
 * before each call and no more is written than a ready pipe must take.
 */
void	borrowed_open(struct borrowed *, int fd, bool reading);

/* As read(2) and write(2) of what does not block: EAGAIN for "not now". */
ssize_t	borrowed_read(const struct borrowed *, void *, size_t);
ssize_t	borrowed_write(const struct borrowed *, const void *, size_t);

/* An anonymous pipe lives in the kernel's own file system, a FIFO does not. */
bool	borrowed_is_fifo(const struct stat *);

/*
 * Puts something harmless on the descriptor, which is the lowest that is free.
 * Using it by mistake is an error.
 */
void	borrowed_reserve(int fd);

#endif
