#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net/socket.h"
#include "net/socks.h"
#include "stream/socks_udp.h"
#include "sys/sys.h"

#define LARGEST	65536

struct socks_udp {
	int	 control, udp;
	size_t	 head_size;
	uint8_t	 head[SOCKS_UDP_HEAD];
	uint8_t	 datagram[LARGEST];
};

size_t
socks_udp_head(const uint8_t *data, size_t size)
{
	size_t length;

	if (size < 5 || data[2] != 0 || socks_address_size(data + 3) == 0)
		return 0;
	length = 3 + socks_address_size(data + 3);
	return length <= size ? length : 0;
}

/* Whether the association is over: the proxy has closed its connection. */
static bool
is_over(const struct socks_udp *socks)
{
	char away[256];
	ssize_t size = recv(socks->control, away, sizeof(away), MSG_DONTWAIT);

	return size == 0 || (size == -1 && errno != EAGAIN && errno != EINTR);
}

static enum io
socks_udp_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct socks_udp *socks = stream->priv;
	size_t head;
	ssize_t got = recv(socks->udp, socks->datagram, LARGEST, 0);

	*done = 0;
	if (got == -1 && (errno == EAGAIN || errno == EINTR)) {
		if (!is_over(socks))
			return IO_WANT_READ;
		strlcpy(stream->error, "the proxy has ended the association",
		    sizeof(stream->error));
		return IO_FAIL;
	}
	if (got == -1)
		return stream_fail(stream, errno);
	head = socks_udp_head(socks->datagram, (size_t)got);
	if (head == 0 || (size_t)got == head)
		return IO_WANT_READ;
	*done = (size_t)got - head < size ? (size_t)got - head : size;
	memcpy(data, socks->datagram + head, *done);
	return IO_OK;
}

static enum io
socks_udp_write(struct stream *stream, const void *data, size_t size,
    size_t *done)
{
	struct socks_udp *socks = stream->priv;
	struct iovec part[] = {
		{ .iov_base = socks->head, .iov_len = socks->head_size },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = size },
	};
	struct msghdr message = { .msg_iov = part, .msg_iovlen = 2 };
	ssize_t sent = sendmsg(socks->udp, &message, MSG_NOSIGNAL);

	if (sent == -1 && errno == ENOBUFS)
		errno = EAGAIN;
	return stream_result(stream, sent == -1 ? -1 : (long)size,
	    IO_WANT_WRITE, done);
}

static void
socks_udp_close(struct stream *stream)
{
	struct socks_udp *socks = stream->priv;

	socket_abortive(socks->control, false);
	close(socks->control);
	close(socks->udp);
	close(stream->rfd);
	stream->rfd = stream->wfd = -1;
	free(socks);
	stream->priv = NULL;
}

bool
socks_udp_open(struct stream *stream, const struct address *relay,
    const uint8_t *head, size_t size)
{
	static const struct stream_ops ops = {
		.read = socks_udp_read,
		.write = socks_udp_write,
		.shutdown = stream_no_shutdown,
		.close = socks_udp_close,
	};
	struct socks_udp *socks = calloc(1, sizeof(*socks));
	int both = -1, udp = sys_socket(relay->sa.any.sa_family, SOCK_DGRAM, 0);

	if (socks != NULL && udp != -1 &&
	    connect(udp, &relay->sa.any, relay->length) == 0)
		both = sys_either(udp, stream->rfd);
	if (both == -1) {
		stream_fail(stream, errno);
		if (udp != -1)
			close(udp);
		free(socks);
		return false;
	}
	socks->control = stream->rfd;
	socks->udp = udp;
	socks->head_size = size;
	memcpy(socks->head, head, size);
	stream->ops = &ops;
	stream->priv = socks;
	stream->rfd = both;
	stream->wfd = udp;
	stream->caps = STREAM_DATAGRAMS | STREAM_DUPLEX;
	return true;
}
