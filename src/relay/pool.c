#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/pool.h"
#include "sys/sys.h"

#define PIPE_LEAST	(128 << 10)	/* no attempt at less */
#define SPARE		8		/* free ones kept, of each */

static struct {
	uint8_t	*buffer[SPARE];
	int	 pipe[SPARE][2];
	int	 buffers, pipes;	/* free ones */
	size_t	 lent;			/* pipes that are lent */
	size_t	 most;			/* their limit */
} pool = { .most = POOL_PIPES };

void
pool_limit(size_t pipes)
{
	pool.most = pipes;
}

uint8_t *
pool_take_buffer(void)
{
	return pool.buffers > 0 ? pool.buffer[--pool.buffers] :
	    malloc(POOL_BUFFER);
}

void
pool_give_buffer(uint8_t *buffer)
{
	if (buffer != NULL && pool.buffers < SPARE)
		pool.buffer[pool.buffers++] = buffer;
	else
		free(buffer);
}

void
pool_grow_pipe(int fd)
{
	int size, has = sys_pipe_size(fd, 0);

	for (size = POOL_PIPE; size >= PIPE_LEAST && size > has; size /= 2)
		if (sys_pipe_size(fd, size) != -1)
			return;
}

static void
close_pipe(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static bool
make_pipe(int ends[2])
{
	if (sys_pipe(ends, true) == -1)
		return false;
	pool_grow_pipe(ends[0]);
	if (sys_pipe_size(ends[0], 0) >= PIPE_LEAST / 2)
		return true;
	close_pipe(ends);
	return false;
}

bool
pool_take_pipe(int ends[2])
{
	if (pool.pipes > 0)
		memcpy(ends, pool.pipe[--pool.pipes], sizeof(pool.pipe[0]));
	else if (pool.lent >= pool.most || !make_pipe(ends))
		return false;
	pool.lent++;
	return true;
}

void
pool_give_pipe(const int ends[2], bool empty)
{
	pool.lent--;
	if (empty && pool.pipes < SPARE)
		memcpy(pool.pipe[pool.pipes++], ends, sizeof(pool.pipe[0]));
	else
		close_pipe(ends);
}

void
pool_close(void)
{
	while (pool.pipes > 0)
		close_pipe(pool.pipe[--pool.pipes]);
	while (pool.buffers > 0)
		free(pool.buffer[--pool.buffers]);
}
