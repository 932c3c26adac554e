#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "relay/splice.h"
#include "sys/sys.h"

/* For tests: results must not depend on splice(2). */
static bool
copies(void)
{
	static enum { UNKNOWN, NO, YES } copy;

	if (copy == UNKNOWN)
		copy = getenv("NC_LITE_COPY") != NULL ? YES : NO;
	return copy == YES;
}

bool
splice_serves(const struct stream *source, const struct stream *sink)
{
	return sys_splices && source->caps & STREAM_RAW_INPUT &&
	    sink->caps & STREAM_RAW_OUTPUT && !copies();
}

bool
splice_is_direct(const struct splice *splice, const struct stream *source,
    const struct stream *sink)
{
	return splice->copy_to == 0 && (source->caps & STREAM_PIPE_INPUT ||
	    sink->caps & STREAM_PIPE_OUTPUT);
}

void
splice_grow(const struct stream *source, const struct stream *sink)
{
	if (source->caps & STREAM_PIPE_INPUT)
		pool_grow_pipe(source->rfd);
	if (sink->caps & STREAM_PIPE_OUTPUT)
		pool_grow_pipe(sink->wfd);
}

bool
splice_take_pipe(struct splice *splice)
{
	return splice->pipe[0] != -1 || pool_take_pipe(splice->pipe);
}

void
splice_give_pipe(struct splice *splice)
{
	if (splice->pipe[0] == -1)
		return;
	pool_give_pipe(splice->pipe, splice->held == 0);
	splice->pipe[0] = splice->pipe[1] = -1;
	splice->held = splice->copied = 0;
}

static bool
cannot(int error)
{
	return error == EINVAL || error == ENOMEM || error == ENOSYS ||
	    error == EOPNOTSUPP || error == EPERM;
}

static enum io
result(struct stream *culprit, ssize_t moved, enum io want, size_t *done)
{
	*done = 0;
	if (moved == 0)
		return IO_EOF;
	if (moved == -1 && cannot(errno))
		return IO_CANNOT;
	return stream_result(culprit, moved, want, done);
}

enum io
splice_fill(struct splice *splice, struct stream *source, size_t limit,
    size_t *done)
{
	enum io answer;

	answer = result(source, sys_splice(source->rfd, splice->pipe[1],
	    limit < SPLICE_SIZE ? limit : SPLICE_SIZE), IO_WANT_READ, done);
	splice->held += *done;
	return answer;
}

/*
 * Copies what is in the pipe to copy_to, if set; *size is what may be written
 * to the sink. IO_CANNOT, with errno set, when tee(2) fails.
 */
static enum io
copy(struct splice *splice, size_t *size)
{
	ssize_t copied;

	if (splice->copy_to != 0 && splice->copied == 0) {
		copied = sys_tee(splice->pipe[0], splice->copy_to,
		    splice->held);
		if (copied == -1 && (errno == EAGAIN || errno == EINTR))
			return IO_WANT_COPY;
		if (copied <= 0)
			return IO_CANNOT;
		splice->copied = (size_t)copied;
	}
	*size = splice->copy_to != 0 ? splice->copied : splice->held;
	return IO_OK;
}

enum io
splice_drain(struct splice *splice, struct stream *sink, size_t *done)
{
	size_t size = 0;
	enum io answer = copy(splice, &size);

	*done = 0;
	if (answer != IO_OK)
		return answer;
	answer = result(sink, sys_splice(splice->pipe[0], sink->wfd, size),
	    IO_WANT_WRITE, done);
	splice->held -= *done;
	if (splice->copied > 0)
		splice->copied -= *done;
	return answer;
}

/* EAGAIN may be caused by either end; not by a source that has bytes. */
static bool
is_empty(int fd)
{
	int unread;

	return ioctl(fd, FIONREAD, &unread) == 0 && unread == 0;
}

/* EPIPE is the sink pipe's; other errors are those of the end that is none. */
enum io
splice_pass(struct stream *source, struct stream *sink, size_t limit,
    size_t *done)
{
	ssize_t moved = sys_splice(source->rfd, sink->wfd,
	    limit < SPLICE_SIZE ? limit : SPLICE_SIZE);
	int error = errno;
	bool by_sink = false;

	if (moved == -1 && (error == EAGAIN || error == EINTR))
		by_sink = !is_empty(source->rfd);
	else if (moved == -1)
		by_sink = error == EPIPE || source->caps & STREAM_PIPE_INPUT;
	errno = error;
	return by_sink ? result(sink, moved, IO_WANT_WRITE, done) :
	    result(source, moved, IO_WANT_READ, done);
}

size_t
splice_take_back(struct splice *splice, void *data, size_t size)
{
	ssize_t got;

	if (splice->held == 0)
		return 0;
	if (splice->copied > 0 && splice->copied < size)
		size = splice->copied;
	got = read(splice->pipe[0], data, size);
	if (got <= 0)
		return 0;
	splice->held -= (size_t)got;
	if (splice->copied > 0)
		splice->copied -= (size_t)got;
	return (size_t)got;
}
