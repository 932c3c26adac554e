#ifndef POOL_H
#define POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a flow needs while bytes rest in it, and only then: buffers and pipes
 * are borrowed here. A few that nobody has are kept for the next.
 */

#define POOL_BUFFER	((size_t)256 << 10)
#define POOL_PIPE	((size_t)1 << 20)

/* POOL_BUFFER bytes, or NULL when there is no memory. */
uint8_t *pool_take_buffer(void);
void	pool_give_buffer(uint8_t *);	/* or NULL */

/*
 * An empty pipe, its read end first, of POOL_PIPE bytes if it can be had.
 * Returns false when there is none that is worth it: then bytes are copied.
 */
bool	pool_take_pipe(int ends[2]);

/* Only an empty one serves another flow; any other is closed. */
void	pool_give_pipe(const int ends[2], bool empty);

/*
 * At most so many pipes are made; each is two descriptors. An unprivileged user
 * can have 63 of this size (pipe(7)).
 */
#define POOL_PIPES	64
void	pool_limit(size_t pipes);

/* Frees what is spare. */
void	pool_close(void);

/* Makes a pipe as large as it may be; whoever made it larger had a reason. */
void	pool_grow_pipe(int fd);

#endif
