#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/borrowed.h"
#include "sys/sys.h"

bool
borrowed_is_fifo(const struct stat *file)
{
	struct stat anonymous;
	int ends[2];

	if (!S_ISFIFO(file->st_mode) || sys_pipe(ends, false) == -1)
		return false;
	if (fstat(ends[0], &anonymous) == -1)
		anonymous.st_dev = file->st_dev;
	close(ends[0]);
	close(ends[1]);
	return anonymous.st_dev != file->st_dev;
}

/*
 * A FIFO is not opened again for reading: after its writers have gone a new
 * description would see no EOF, but wait for other writers.
 */
void
borrowed_open(struct borrowed *borrowed, int fd, bool reading)
{
	struct stat file;
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE;

	*borrowed = (struct borrowed){ .fd = fd, .manner = BORROWED_PLAIN };
	if (fstat(fd, &file) == -1)
		return;
	if (S_ISSOCK(file.st_mode))
		borrowed->manner = BORROWED_SOCKET;
	else if (reading && S_ISCHR(file.st_mode) && !isatty(fd))
		borrowed->manner = BORROWED_ASK;
	else if (reading && isatty(fd))
		borrowed->manner = BORROWED_TERMINAL;
	if (!S_ISFIFO(file.st_mode) && !isatty(fd))
		return;
	if (reading && borrowed_is_fifo(&file))
		fd = -1;
	else
		fd = sys_reopen(fd, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd != -1)
		borrowed->fd = fd;
	else if (borrowed->manner != BORROWED_TERMINAL)
		borrowed->manner = BORROWED_ASK;
}

/*
 * Whether we are a background job: a read would stop us (SIGTTIN), or fail in
 * an orphaned process group (EIO).
 */
static bool
is_others(int fd)
{
	pid_t foreground = tcgetpgrp(fd);

	return foreground != -1 && foreground != getpgrp();
}

static bool
ready(int fd, short events)
{
	struct pollfd wait = { .fd = fd, .events = events };

	if (poll(&wait, 1, 0) == 1)
		return true;
	errno = EAGAIN;
	return false;
}

ssize_t
borrowed_read(const struct borrowed *borrowed, void *data, size_t size)
{
	if (borrowed->manner == BORROWED_SOCKET)
		return recv(borrowed->fd, data, size, MSG_DONTWAIT);
	if (borrowed->manner == BORROWED_TERMINAL && is_others(borrowed->fd)) {
		errno = EAGAIN;
		return -1;
	}
	if (borrowed->manner != BORROWED_PLAIN && !ready(borrowed->fd, POLLIN))
		return -1;
	return read(borrowed->fd, data, size);
}

ssize_t
borrowed_write(const struct borrowed *borrowed, const void *data, size_t size)
{
	if (borrowed->manner == BORROWED_SOCKET)
		return send(borrowed->fd, data, size,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	if (borrowed->manner == BORROWED_ASK) {
		if (!ready(borrowed->fd, POLLOUT))
			return -1;
		size = size < PIPE_BUF ? size : PIPE_BUF;
	}
	return write(borrowed->fd, data, size);
}

/* Opened in the direction in which it is not used; a chroot may lack /dev. */
void
borrowed_reserve(int fd)
{
	if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1)
		open("/", O_RDONLY | O_DIRECTORY);
}
