#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay/conduit.h"

#define PIPE_LEAST	(128 << 10)

/* In which a hash takes half of a pipe at most. */
#define NAP_US		200

bool
conduit_serves(const struct stream *source, const struct stream *sink)
{
	/* For tests: everything must come out the same without splice(2). */
	return source->caps & STREAM_RAW_INPUT &&
	    sink->caps & STREAM_RAW_OUTPUT &&
	    getenv("NC_LITE_COPY") == NULL;
}

bool
conduit_is_direct(const struct conduit *conduit, const struct stream *source,
    const struct stream *sink)
{
	return conduit->copy_to == 0 && (source->caps & STREAM_PIPE_INPUT ||
	    sink->caps & STREAM_PIPE_OUTPUT);
}

/* Larger only: whoever made it larger still had a reason. */
static void
grow(int fd)
{
	int size, has = fcntl(fd, F_GETPIPE_SZ);

	for (size = CONDUIT_SIZE; size >= PIPE_LEAST && size > has; size /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, size) != -1)
			return;
}

bool
conduit_open(struct conduit *conduit, const struct stream *source,
    const struct stream *sink)
{
	int ends[2];

	if (source->caps & STREAM_PIPE_INPUT)
		grow(source->rfd);
	if (sink->caps & STREAM_PIPE_OUTPUT)
		grow(sink->wfd);
	if (conduit_is_direct(conduit, source, sink) || conduit->out != -1)
		return true;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return false;
	grow(ends[0]);
	conduit->out = ends[0];
	conduit->in = ends[1];
	return true;
}

void
conduit_close(struct conduit *conduit)
{
	if (conduit->out == -1)
		return;
	close(conduit->in);
	close(conduit->out);
	conduit->in = conduit->out = -1;
	conduit->held = conduit->copied = 0;
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

static ssize_t
move(int from, int to, size_t size)
{
	return splice(from, NULL, to, NULL, size,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

enum io
conduit_fill(struct conduit *conduit, struct stream *source, size_t limit,
    size_t *done)
{
	enum io answer;

	answer = result(source, move(source->rfd, conduit->in,
	    limit < CONDUIT_SIZE ? limit : CONDUIT_SIZE), IO_WANT_READ, done);
	conduit->held += *done;
	return answer;
}

/*
 * What may go on: no more than has been copied, if that is asked for. Who
 * polls for room is woken on the reader's processor each time that takes a
 * page, and takes it away from it: a nap leaves a hash 4 % faster.
 */
static size_t
copy(struct conduit *conduit)
{
	ssize_t copied;

	if (conduit->copy_to == 0)
		return conduit->held;
	while (conduit->copied == 0) {
		copied = tee(conduit->out, conduit->copy_to, conduit->held, 0);
		if (copied > 0)
			conduit->copied = (size_t)copied;
		else if (errno == EAGAIN)
			usleep(NAP_US);
		else if (errno != EINTR)
			break;
	}
	return conduit->copied;
}

enum io
conduit_drain(struct conduit *conduit, struct stream *sink, size_t *done)
{
	enum io answer;
	size_t size = copy(conduit);

	*done = 0;
	if (size == 0)
		return IO_CANNOT;
	answer = result(sink, move(conduit->out, sink->wfd, size),
	    IO_WANT_WRITE, done);
	conduit->held -= *done;
	if (conduit->copied > 0)
		conduit->copied -= *done;
	return answer;
}

/* EAGAIN may mean either end; a sink that poll calls ready is not the one. */
static bool
is_ready(int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	return poll(&wait, 1, 0) == 1;
}

/* A pipe fails with EPIPE, as a sink; any other reason is the other end's. */
enum io
conduit_pass(struct stream *source, struct stream *sink, size_t limit,
    size_t *done)
{
	ssize_t moved = move(source->rfd, sink->wfd,
	    limit < CONDUIT_SIZE ? limit : CONDUIT_SIZE);
	int error = errno;
	bool by_sink = false;

	if (moved == -1 && (error == EAGAIN || error == EINTR))
		by_sink = !is_ready(sink->wfd);
	else if (moved == -1)
		by_sink = error == EPIPE || source->caps & STREAM_PIPE_INPUT;
	errno = error;
	return by_sink ? result(sink, moved, IO_WANT_WRITE, done) :
	    result(source, moved, IO_WANT_READ, done);
}

size_t
conduit_take_back(struct conduit *conduit, void *data, size_t size)
{
	ssize_t got;

	if (conduit->held == 0)
		return 0;
	if (conduit->copied > 0 && conduit->copied < size)
		size = conduit->copied;
	got = read(conduit->out, data, size);
	if (got <= 0)
		return 0;
	conduit->held -= (size_t)got;
	if (conduit->copied > 0)
		conduit->copied -= (size_t)got;
	return (size_t)got;
}
