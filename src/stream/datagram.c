#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "net/access.h"
#include "stream/datagram.h"
#include "sys/sys.h"

/* Datagrams a call. Pages of a slot are touched only when one is that large. */
#define BATCH	64
#define SLOT	65536

struct datagram {
	struct datagram_config config;
	long	 taken;			/* datagrams given out so far */
	unsigned next, count;		/* those of the batch not given out */
	struct sys_message head[BATCH];
	struct iovec part[BATCH];
	struct address from[BATCH];
	unsigned char slot[BATCH][SLOT];
};

static bool
is_ours(const struct datagram *socket, const struct address *from)
{
	const struct datagram_config *config = &socket->config;

	return config->connected || (config->any_peer ?
	    access_hears(config->allow, config->deny, from) :
	    address_equal(from, &config->peer));
}

static bool
is_over(const struct datagram *socket)
{
	return socket->config.limit != 0 &&
	    socket->taken == socket->config.limit;
}

static enum io
fetch(struct stream *stream, struct datagram *socket)
{
	unsigned i;
	int count;

	for (i = 0; i < BATCH; i++) {
		socket->part[i].iov_len = SLOT;
		socket->head[i].msg_hdr.msg_namelen = sizeof(socket->from[i].sa);
		/* A sender without a name leaves this as it is. */
		socket->from[i].sa.any.sa_family = AF_UNSPEC;
	}
	count = sys_receive(stream->rfd, socket->head, BATCH);
	if (count == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return IO_WANT_READ;
		return stream_fail(stream, errno);
	}
	socket->next = 0;
	socket->count = (unsigned)count;
	for (i = 0; i < socket->count; i++)
		socket->from[i].length = socket->head[i].msg_hdr.msg_namelen;
	return IO_OK;
}

/* Copies out what fits of the batch; returns how many bytes that were. */
static size_t
give(struct datagram *socket, unsigned char *data, size_t size)
{
	size_t done = 0, length;
	unsigned i;

	for (; socket->next < socket->count; socket->next++) {
		i = socket->next;
		length = socket->head[i].msg_len;
		if (!is_ours(socket, &socket->from[i]))
			continue;
		if (length > size - done || is_over(socket))
			break;
		if (socket->head[i].msg_hdr.msg_flags & MSG_TRUNC) {
			if (!socket->config.any_peer)
				break;
			diag_error("a datagram of more than %d bytes was "
			    "dropped", SLOT);
			continue;
		}
		if (socket->config.any_peer)
			socket->config.peer = socket->from[i];
		memcpy(data + done, socket->slot[i], length);
		done += length;
		socket->taken++;
	}
	return done;
}

/*
 * One batch at most, which may hold nothing for us: whoever sends without end
 * must not keep us from looking at the time.
 */
static enum io
datagram_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct datagram *socket = stream->priv;
	enum io answer;

	*done = give(socket, data, size);
	if (*done == 0 && socket->next == socket->count && !is_over(socket)) {
		answer = fetch(stream, socket);
		if (answer != IO_OK)
			return answer;
		*done = give(socket, data, size);
	}
	if (*done > 0)
		return IO_OK;
	if (is_over(socket))
		return IO_EOF;
	/* One that was cut keeps the others behind it. */
	return socket->next == socket->count ? IO_WANT_READ :
	    stream_fail(stream, EMSGSIZE);
}

/* One peer's trouble must not end a server that hears everybody. */
static bool
is_peers_trouble(const struct datagram *socket)
{
	char text[ADDRESS_TEXT];

	if (!socket->config.any_peer || errno == EAGAIN || errno == EINTR)
		return false;
	diag_error("reply to %s lost: %s",
	    address_port_text(&socket->config.peer, text), strerror(errno));
	return true;
}

static enum io
datagram_write(struct stream *stream, const void *data, size_t size,
    size_t *done)
{
	struct datagram *socket = stream->priv;
	const struct address *to = &socket->config.peer;
	long result;

	if (socket->config.connected)
		result = send(stream->wfd, data, size, MSG_NOSIGNAL);
	else
		result = sendto(stream->wfd, data, size, MSG_NOSIGNAL,
		    &to->sa.any, to->length);
	if (result == -1 && errno == ENOBUFS)
		errno = EAGAIN;
	if (result == -1 && is_peers_trouble(socket))
		result = (long)size;
	return stream_result(stream, result, IO_WANT_WRITE, done);
}

static void
datagram_close(struct stream *stream)
{
	close(stream->rfd);
	stream->rfd = stream->wfd = -1;
	free(stream->priv);
	stream->priv = NULL;
}

bool
datagram_open(struct stream *stream, int fd,
    const struct datagram_config *config)
{
	static const struct stream_ops ops = {
		.read = datagram_read,
		.write = datagram_write,
		.shutdown = stream_no_shutdown,
		.close = datagram_close,
	};
	struct datagram *socket = calloc(1, sizeof(*socket));
	unsigned i;

	if (socket == NULL)
		return false;
	socket->config = *config;
	for (i = 0; i < BATCH; i++) {
		socket->part[i].iov_base = socket->slot[i];
		socket->head[i].msg_hdr.msg_iov = &socket->part[i];
		socket->head[i].msg_hdr.msg_iovlen = 1;
		socket->head[i].msg_hdr.msg_name = &socket->from[i].sa;
	}
	*stream = (struct stream){
		.ops = &ops,
		.priv = socket,
		.rfd = fd,
		.wfd = fd,
		.caps = STREAM_DATAGRAMS | STREAM_DUPLEX,
		.input = "peer",
		.output = "peer",
	};
	return true;
}
