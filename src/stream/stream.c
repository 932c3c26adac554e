#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "stream/stream.h"

enum io
stream_fail(struct stream *stream, int error)
{
	if (stream->error[0] != '\0')
		return IO_FAIL;
	/* TCP: a reset that was reported already, or came after our FIN. */
	if (error == EPIPE && stream->caps & STREAM_ACKNOWLEDGES)
		error = ECONNRESET;
	stream->broken_pipe = error == EPIPE;
	stream->why = error;
	snprintf(stream->error, sizeof(stream->error), "%s", strerror(error));
	return IO_FAIL;
}

void
stream_forgive(struct stream *stream)
{
	stream->broken_pipe = false;
	stream->error[0] = '\0';
}

enum io
stream_result(struct stream *stream, long result, enum io want, size_t *done)
{
	*done = 0;
	if (result > 0) {
		*done = (size_t)result;
		return IO_OK;
	}
	/* An error is told once: if a write was, a read sees EOF instead. */
	if (result == 0 && want == IO_WANT_READ)
		return stream->error[0] != '\0' ? IO_FAIL : IO_EOF;
	if (result == 0)
		return want;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return want;
	return stream_fail(stream, errno);
}

enum io
stream_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	return stream_result(stream, read(stream->rfd, data, size),
	    IO_WANT_READ, done);
}

enum io
stream_write(struct stream *stream, const void *data, size_t size, size_t *done)
{
	return stream_result(stream, write(stream->wfd, data, size),
	    IO_WANT_WRITE, done);
}

enum io
stream_no_shutdown(struct stream *stream)
{
	return IO_OK;
}
