/*
 * Datagrams of a SOCKS 5 proxy's relay: what stands before the payload, and
 * nothing else, is taken off. Input: one datagram.
 */
#include "fuzz.h"

#include "stream/socks_udp.c"

static int relay, control;	/* the proxy's ends */
static struct stream stream;

/* One association for all runs. */
static void
associate(void)
{
	struct address address;
	int pair[2];

	relay = socket(AF_INET, SOCK_DGRAM, 0);
	address_any(AF_INET, 0, &address);
	address.sa.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(relay, &address.sa.any, address.length) == 0);
	socket_local(relay, &address);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	control = pair[1];
	stream.rfd = stream.wfd = pair[0];
	must(socks_udp_open(&stream, &address, (const uint8_t *)"", 1));
	socket_local(((struct socks_udp *)stream.priv)->udp, &address);
	must(connect(relay, &address.sa.any, address.length) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t got[LARGEST];
	size_t done, head = socks_udp_head(data, size);
	enum io answer;

	must(head <= size);
	if (size > 9000)
		return 0;
	if (control == 0)
		associate();
	must(send(relay, data, size, 0) == (ssize_t)size);
	answer = stream.ops->read(&stream, got, sizeof(got), &done);
	must(answer == (head > 0 && size > head ? IO_OK : IO_WANT_READ));
	must(done == (answer == IO_OK ? size - head : 0));
	must(memcmp(got, data + head, done) == 0);
	return 0;
}
