#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "net/access.h"
#include "net/path.h"
#include "stream/batch.h"
#include "stream/datagram.h"

/* Datagrams taken at once where a read gives one: the others are queued. */
#define FEW	16

struct datagram {
	struct datagram_config config;
	struct batch *batch;	/* its own; if single, shared by all */
	struct packets rest;	/* if single: those taken and not read yet */
	bool	 said;		/* if single: that some were too large */
	bool	 fetched;	/* if single: do not take more before poll(2) */
	long	 taken;		/* datagrams read so far */
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
fetch(struct stream *stream, struct datagram *socket, unsigned most)
{
	if (batch_fetch(socket->batch, stream->rfd, most))
		return IO_OK;
	if (errno == EAGAIN || errno == EINTR)
		return IO_WANT_READ;
	return stream_fail(stream, errno);
}

/* Copies the datagrams that fit; returns their bytes. */
static size_t
give(struct datagram *socket, uint8_t *data, size_t size)
{
	struct batch *batch = socket->batch;
	size_t done = 0, length;
	unsigned i;

	for (; batch->next < batch->count; batch->next++) {
		i = batch->next;
		length = batch->head[i].msg_len;
		if (!is_ours(socket, &batch->from[i]))
			continue;
		if (length > size - done || is_over(socket))
			break;
		if (batch_is_cut(batch)) {
			if (!socket->config.any_peer)
				break;
			diag_error("a datagram of more than %d bytes was "
			    "dropped", SLOT);
			continue;
		}
		if (socket->config.any_peer)
			socket->config.peer = batch->from[i];
		memcpy(data + done, batch->slot[i], length);
		done += length;
		socket->taken++;
	}
	return done;
}

/*
 * One batch at most, also if none of it is for us: an endless sender must not
 * keep the caller from looking at the time.
 */
static enum io
datagram_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct datagram *socket = stream->priv;
	const struct batch *batch = socket->batch;
	enum io answer;

	*done = give(socket, data, size);
	if (*done == 0 && batch->next == batch->count && !is_over(socket)) {
		answer = fetch(stream, socket, BATCH);
		if (answer != IO_OK)
			return answer;
		*done = give(socket, data, size);
	}
	if (*done > 0)
		return IO_OK;
	if (is_over(socket))
		return IO_EOF;
	/* A truncated datagram is next. */
	return batch->next == batch->count ? IO_WANT_READ :
	    stream_fail(stream, EMSGSIZE);
}

static void
keep(struct datagram *socket)
{
	const struct batch *batch = socket->batch;
	unsigned i = batch->next;

	if (batch_is_cut(batch))
		diag_error("a datagram of more than %d bytes was dropped",
		    SLOT);
	else
		packets_put(&socket->rest, batch->slot[i],
		    batch->head[i].msg_len);
}

/* Reads one datagram of a batch, and queues the others. */
static enum io
single_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct datagram *socket = stream->priv;
	struct batch *batch = socket->batch;
	unsigned most = packets_are_many() ? 1 : FEW;
	enum io answer;

	*done = 0;
	if (socket->rest.first == NULL && !socket->fetched) {
		answer = fetch(stream, socket, most);
		if (answer != IO_OK)
			return answer;
		socket->fetched = true;
		for (; batch->next < batch->count; batch->next++)
			keep(socket);
	}
	answer = packets_read(&socket->rest, data, size, done);
	socket->fetched &= answer == IO_OK;
	return answer;
}

/* Whether to report a failure and go on: others must not suffer from it. */
static bool
is_peers_trouble(struct datagram *socket)
{
	char text[ADDRESS_TEXT];

	if (socket->config.single && errno == EMSGSIZE) {
		if (!socket->said)
			diag_error("datagrams that are too large for the "
			    "target are dropped");
		return socket->said = true;
	}
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
	struct datagram *socket = stream->priv;

	/* A UNIX client's path (path_bind_private). */
	if (socket->config.connected)
		path_release(stream->rfd);
	close(stream->rfd);
	stream->rfd = stream->wfd = -1;
	packets_drop(&socket->rest);
	if (!socket->config.single)
		free(socket->batch);
	free(socket);
	stream->priv = NULL;
}

bool
datagram_open(struct stream *stream, int fd,
    const struct datagram_config *config)
{
	static const struct stream_ops ops[] = { {
		.read = datagram_read,
		.write = datagram_write,
		.shutdown = stream_no_shutdown,
		.close = datagram_close,
	}, {
		.read = single_read,
		.write = datagram_write,
		.shutdown = stream_no_shutdown,
		.close = datagram_close,
	} };
	static struct batch *shared;
	struct datagram *socket = calloc(1, sizeof(*socket));

	if (config->single && shared == NULL)
		shared = batch_new();
	if (socket != NULL)
		socket->batch = config->single ? shared : batch_new();
	if (socket == NULL || socket->batch == NULL) {
		free(socket);
		return false;
	}
	socket->config = *config;
	*stream = (struct stream){
		.ops = &ops[config->single],
		.priv = socket,
		.rfd = fd,
		.wfd = fd,
		.caps = STREAM_DATAGRAMS | STREAM_DUPLEX,
		.input = "peer",
		.output = "peer",
	};
	return true;
}
