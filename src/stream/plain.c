#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/transport.h"
#include "stream/plain.h"

/* ENOTCONN: it was reset; whether that matters is decided at the end. */
static enum io
plain_shutdown(struct stream *stream)
{
	if (shutdown(stream->wfd, SHUT_WR) == -1 && errno != ENOTCONN)
		return stream_fail(stream, errno);
	return IO_OK;
}

static void
plain_close(struct stream *stream)
{
	close(stream->rfd);
	stream->rfd = stream->wfd = -1;
}

void
plain_open(struct stream *stream, int fd, const struct transport *transport)
{
	static const struct stream_ops ops = {
		.read = stream_read,
		.write = stream_write,
		.shutdown = plain_shutdown,
		.close = plain_close,
	};
	bool proves = (transport->caps & TRANSPORT_PROVES) != 0;

	/* TCP's has it from socket_open, or from its listener. */
	if ((transport->caps & TRANSPORT_ABORTS) == 0)
		socket_urgent_inline(fd);
	*stream = (struct stream){
		.ops = &ops,
		.rfd = fd,
		.wfd = fd,
		.caps = STREAM_DUPLEX | STREAM_RAW_INPUT | STREAM_RAW_OUTPUT |
		    (proves ? STREAM_ACKNOWLEDGES : 0),
		.input = "peer",
		.output = "peer",
	};
}
