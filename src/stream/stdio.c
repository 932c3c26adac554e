#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/diag.h"
#include "stream/named.h"
#include "stream/stdio.h"

/* How a descriptor can be used without sleeping in it. */
enum manner {
	ALWAYS,			/* a file or our own description */
	SOCKET,			/* MSG_DONTWAIT */
	TERMINAL,		/* for reading: if we are in its foreground */
	ASK			/* poll first */
};

static struct stdio {
	enum manner in, out;
	bool	 no_output;
	bool	 shown;		/* stdout is a terminal */
	off_t	 in_size;	/* of a regular file, when we began */
} stdio;

/* Closed when we started, or read to its end for an earlier peer (-k). */
static bool stdin_is_over;

void
stdio_begin(void)
{
	/* The other way round, so that using one by mistake is an error. */
	static const int mode[] = { O_WRONLY, O_RDONLY, O_WRONLY };
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		stdin_is_over |= fd == STDIN_FILENO;
		if (open("/dev/null", mode[fd]) == -1)
			return;
	}
}

static bool
ready(int fd, short events)
{
	struct pollfd wait = { .fd = fd, .events = events };

	return poll(&wait, 1, 0) == 1;
}

/* What was cut off while we read is missing, and nobody else would notice. */
static enum io
file_end(struct stream *stream)
{
	struct stat now;

	stdin_is_over = true;
	if (stdio.in_size == 0 || fstat(stream->rfd, &now) == -1 ||
	    now.st_size >= stdio.in_size)
		return IO_EOF;
	snprintf(stream->error, sizeof(stream->error), "the file shrank from "
	    "%jd to %jd bytes while it was read", (intmax_t)stdio.in_size,
	    (intmax_t)now.st_size);
	return IO_FAIL;
}

/*
 * Reading a terminal stops a job in the background, or fails where nobody could
 * bring it back to the foreground.
 */
static bool
is_others(int fd)
{
	pid_t foreground = tcgetpgrp(fd);

	return foreground != -1 && foreground != getpgrp();
}

static enum io
stdio_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	long result;

	if (stdio.in == ASK && !ready(stream->rfd, POLLIN))
		return IO_WANT_READ;
	if (stdio.in == TERMINAL && (is_others(stream->rfd) ||
	    !ready(stream->rfd, POLLIN)))
		return IO_WANT_READ;
	if (stdio.in == SOCKET)
		result = recv(stream->rfd, data, size, MSG_DONTWAIT);
	else
		result = read(stream->rfd, data, size);
	if (result == 0 && stream->error[0] == '\0')
		return file_end(stream);
	return stream_result(stream, result, IO_WANT_READ, done);
}

static enum io
stdio_write(struct stream *stream, const void *data, size_t size, size_t *done)
{
	long result;

	if (stdio.no_output) {
		*done = size;
		return IO_OK;
	}
	if (stdio.shown)
		diag_end_line();
	if (stdio.out == ASK) {
		if (!ready(stream->wfd, POLLOUT))
			return IO_WANT_WRITE;
		size = size < PIPE_BUF ? size : PIPE_BUF;
	}
	if (stdio.out == SOCKET)
		result = send(stream->wfd, data, size,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		result = write(stream->wfd, data, size);
	return stream_result(stream, result, IO_WANT_WRITE, done);
}

/*
 * Closing is where a network file system says that it is full. The number is
 * taken again at once, so that nothing opened later becomes our stdout.
 */
static enum io
stdio_shutdown(struct stream *stream)
{
	int fd = stream->wfd, error;

	if (fd == -1 || stdio.no_output)
		return IO_OK;
	stream->wfd = -1;
	error = named_complete();
	/* Others may have it too (inetd): closing would not say it. */
	if (stdio.out == SOCKET && shutdown(fd, SHUT_WR) == -1 && error == 0)
		error = errno;
	if (close(fd) == -1 && errno != EBADF && error == 0)
		error = errno;
	if (open("/dev/null", O_WRONLY) == -1 && error == 0)
		error = errno;
	return error == 0 ? IO_OK : stream_fail(stream, error);
}

static void
stdio_close(struct stream *stream)
{
	stream->rfd = stream->wfd = -1;
}

/* An anonymous pipe lives in the kernel's own file system, a FIFO does not. */
static bool
is_named_fifo(const struct stat *file)
{
	struct stat anonymous;
	int ends[2];

	if (!S_ISFIFO(file->st_mode) || pipe2(ends, O_CLOEXEC) == -1)
		return false;
	if (fstat(ends[0], &anonymous) == -1)
		anonymous.st_dev = file->st_dev;
	close(ends[0]);
	close(ends[1]);
	return anonymous.st_dev != file->st_dev;
}

/*
 * A description of our own for the same pipe or terminal, under the same
 * number: O_NONBLOCK on it is nobody else's business. Not for reading a FIFO:
 * once its writers are gone, a new description would wait for others.
 */
static enum manner
own(int fd, const struct stat *file)
{
	char path[32];
	int again, mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	enum manner manner = fd == STDIN_FILENO && isatty(fd) ? TERMINAL :
	    ALWAYS;

	if (S_ISSOCK(file->st_mode))
		return SOCKET;
	if (!S_ISFIFO(file->st_mode) && !isatty(fd))
		return fd == STDIN_FILENO && S_ISCHR(file->st_mode) ? ASK :
		    ALWAYS;
	if (fd == STDIN_FILENO && is_named_fifo(file))
		return ASK;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (again == -1)
		return manner == TERMINAL ? TERMINAL : ASK;
	dup2(again, fd);
	close(again);
	return manner;
}

static bool
is_null(const struct stat *file)
{
	return S_ISCHR(file->st_mode) && file->st_rdev == makedev(1, 3);
}

/*
 * What splice(2) can take from without sleeping. A terminal cannot; from a
 * socket of others it sleeps, for it asks the description, not the flag.
 */
static unsigned
raw_input(const struct stat *file)
{
	if (S_ISFIFO(file->st_mode))
		return STREAM_RAW_INPUT | STREAM_PIPE_INPUT;
	return S_ISREG(file->st_mode) || S_ISBLK(file->st_mode) ?
	    STREAM_RAW_INPUT : 0;
}

/* Splicing to a file opened with O_APPEND is EINVAL. */
static unsigned
raw_output(const struct stat *file)
{
	if (S_ISFIFO(file->st_mode))
		return STREAM_RAW_OUTPUT | STREAM_PIPE_OUTPUT;
	if (S_ISREG(file->st_mode) || S_ISBLK(file->st_mode))
		return fcntl(STDOUT_FILENO, F_GETFL) & O_APPEND ? 0 :
		    STREAM_RAW_OUTPUT;
	return is_null(file) ? STREAM_RAW_OUTPUT : 0;
}

static unsigned
capabilities(const struct stdio_config *config, const struct stat *in,
    const struct stat *out)
{
	unsigned caps = 0;

	if (config->no_input || is_null(in))
		caps |= STREAM_NO_INPUT;
	if (isatty(STDIN_FILENO))
		caps |= STREAM_TERMINAL;
	/* mkfifo f; nc-lite -l 9000 <f | filter >f */
	if (is_named_fifo(in) && S_ISFIFO(out->st_mode))
		caps |= STREAM_ANSWERS;
	if (!config->no_output)
		caps |= raw_output(out);
	return caps | raw_input(in);
}

/* What kind of things the two are does not change from peer to peer (-k). */
static void
examine(struct stream *stream, const struct stdio_config *config)
{
	struct stat in = { .st_mode = 0 }, out = { .st_mode = 0 };

	fstat(STDIN_FILENO, &in);
	fstat(STDOUT_FILENO, &out);
	stream->caps = capabilities(config, &in, &out);
	stdio.no_output = config->no_output;
	if (!(stream->caps & STREAM_NO_INPUT))
		stdio.in = own(STDIN_FILENO, &in);
	stdio.out = own(STDOUT_FILENO, &out);
	stdio.shown = isatty(STDOUT_FILENO);
	if (config->in != NULL)
		stream->input = config->in;
	if (config->out != NULL)
		stream->output = config->out;
}

bool
stdio_name(const struct stdio_config *config)
{
	if (config->in != NULL && !named_input(config->in))
		return false;
	return config->out == NULL || named_output(config->out);
}

/* A file has a size, and with a name each peer gets all of it. */
static void
rewind_input(const struct stdio_config *config)
{
	struct stat in;

	if (config->in != NULL && lseek(STDIN_FILENO, 0, SEEK_SET) == 0)
		stdin_is_over = false;
	stdio.in_size = fstat(STDIN_FILENO, &in) == 0 && S_ISREG(in.st_mode) ?
	    in.st_size : 0;
}

bool
stdio_open(struct stream *stream, const struct stdio_config *config)
{
	static const struct stream_ops ops = {
		.read = stdio_read,
		.write = stdio_write,
		.shutdown = stdio_shutdown,
		.close = stdio_close,
	};
	static struct stream examined = {
		.ops = &ops,
		.priv = &stdio,
		.rfd = STDIN_FILENO,
		.wfd = STDOUT_FILENO,
		.input = "stdin",
		.output = "stdout",
	};

	if (!named_begin())
		return false;
	if (examined.caps == 0)
		examine(&examined, config);
	rewind_input(config);
	*stream = examined;
	if (stdin_is_over)
		stream->caps |= STREAM_NO_INPUT;
	return true;
}
