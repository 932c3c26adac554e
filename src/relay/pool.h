#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Buffers and pipes, which a flow borrows only while it has bytes to write, so
 * that idle sessions need none. A few free ones are kept.
 */

#define POOL_BUFFER	((size_t)256 << 10)
#define POOL_PIPE	((size_t)1 << 20)

/* POOL_BUFFER bytes, or NULL when there is no memory. */
uint8_t *pool_take_buffer(void);
void	pool_give_buffer(uint8_t *);	/* or NULL */

/*
 * An empty pipe, its read end first, of POOL_PIPE bytes if possible. Returns
 * false if there is none, or only one too small to be faster than copying.
 */
bool	pool_take_pipe(int ends[2]);

/* Gives it back; one that is not empty is closed. */
void	pool_give_pipe(const int ends[2], bool empty);

/*
 * Sets how many pipes are lent at most, of two descriptors each. An
 * unprivileged user can have 63 of this size (pipe(7)).
 */
#define POOL_PIPES	64
void	pool_limit(size_t pipes);

/* Frees what is not lent. */
void	pool_close(void);

/* Enlarges a pipe to POOL_PIPE, or as far as allowed; never shrinks it. */
void	pool_grow_pipe(int fd);

#endif
