#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream/sync.h"
#include "sys/sys.h"

struct job {
	int	 fd, tell;	/* closed when it is done */
};

/* A FIFO or a terminal, or a file system without. */
int
sync_now(int fd)
{
	return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ||
	    errno == ENOTSUP || errno == EBADF ? 0 : errno;
}

static void
give_up(struct job *job)
{
	close(job->fd);
	close(job->tell);
	free(job);
}

static void *
work(void *argument)
{
	struct job *job = argument;
	int error = sync_now(job->fd);

	/* Who gave up asking has closed the other end. */
	while (write(job->tell, &error, sizeof(error)) == -1 && errno == EINTR)
		continue;
	give_up(job);
	return NULL;
}

/* Signals are for the thread that waits in poll(2). */
static int
start(struct job *job)
{
	sigset_t all, before;
	pthread_t thread;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&thread, NULL, work, job);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		pthread_detach(thread);
	return error;
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
	if (job->fd != -1 && start(job) == 0)
		return ends[0];
	give_up(job);
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
