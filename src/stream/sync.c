#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/signals.h"
#include "stream/sync.h"
#include "sys/sys.h"

struct job {
	int	 fd;	/* a copy, so that the caller may close its own */
	int	 tell;		/* the write end of the pipe for the result */
};

/* These errors mean that the file, or its file system, needs no sync. */
int
sync_now(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ||
	    errno == ENOTSUP || errno == EBADF ? 0 : errno;
}

static void *
work(void *argument)
{
	struct job *job = argument;
	int error = sync_now(job->fd);

	/* First: the next peer may be waiting for a descriptor. */
	close(job->fd);
	/* EPIPE: nobody waits any more. */
	while (write(job->tell, &error, sizeof(error)) == -1 && errno == EINTR)
		continue;
	close(job->tell);
	free(job);
	return NULL;
}

int
sync_begin(int fd)
{
	struct job *job = malloc(sizeof(*job));
	int ends[2];

	if (job == NULL || sys_pipe(ends, false) == -1) {
		free(job);
		return -1;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	job->tell = ends[1];
	job->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (job->fd != -1 && signals_thread(NULL, work, job) == 0)
		return ends[0];
	close(job->fd);
	close(job->tell);
	free(job);
	close(ends[0]);
	return -1;
}

int
sync_end(int wait)
{
	int error;
	ssize_t got = read(wait, &error, sizeof(error));

	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return EINPROGRESS;
	close(wait);
	return got == sizeof(error) ? error : EIO;
}
