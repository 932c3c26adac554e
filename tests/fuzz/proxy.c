/*
 * What a proxy answers, SOCKS or HTTP: the same comes of it however it is cut,
 * and not a byte behind the answer is taken. Input: the kind, how long pieces
 * are, then the answers.
 */
#include <stdlib.h>
#include <string.h>

#include "connect/proxy.h"
#include "fuzz.h"

static struct {
	const uint8_t *data;
	size_t	 size, taken, piece;
	bool	 turn;		/* every other call finds nothing */
} peer;

static enum io
peer_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	(void)stream;
	*done = 0;
	peer.turn = !peer.turn;
	if (peer.taken == peer.size)
		return IO_EOF;
	if (peer.turn)
		return IO_WANT_READ;
	*done = size < peer.piece ? size : peer.piece;
	if (*done > peer.size - peer.taken)
		*done = peer.size - peer.taken;
	memcpy(data, peer.data + peer.taken, *done);
	peer.taken += *done;
	return IO_OK;
}

static enum io
peer_write(struct stream *stream, const void *data, size_t size, size_t *done)
{
	const uint8_t *octet = data;

	(void)stream;
	peer.turn = !peer.turn;
	*done = 0;
	if (peer.turn)
		return IO_WANT_WRITE;
	*done = size < peer.piece ? size : peer.piece;
	must(*done > 0 && octet[*done - 1] <= UINT8_MAX);
	return IO_OK;
}

/* Returns the last answer; *taken: bytes of the answers it has read. */
static enum io
talk(uint8_t kind, const uint8_t *data, size_t size, size_t piece,
    struct stream *stream)
{
	static const struct stream_ops ops = {
		.read = peer_read,
		.write = peer_write,
	};
	struct proxy_config config = {
		.kind = kind % 4,
		.user = kind & 8 ? "user" : NULL,
		.password = kind & 8 ? "secret" : NULL,
	};
	const struct address_query target = {
		.host = kind & 16 ? "2001:db8::1" : "host.example",
		.type = SOCK_STREAM,
		.port = 443,
	};
	struct connector_hop hop;
	void *memory = NULL;
	size_t calls = 0, limit = 8 * (size + 2100);
	enum io answer;

	memset(&peer, 0, sizeof(peer));
	peer.data = data;
	peer.size = size;
	peer.piece = piece;
	*stream = (struct stream){ .ops = &ops, .rfd = -1, .wfd = -1 };
	proxy_hop(&hop, &config);
	do {
		answer = hop.step(&hop, &target, stream, &memory);
		must(++calls < limit);
	} while (answer == IO_WANT_READ || answer == IO_WANT_WRITE);
	free(memory);
	must(answer == IO_OK || answer == IO_FAIL);
	must((answer == IO_FAIL) == (stream->error[0] != '\0'));
	must(fuzz_is_printable(stream->error));
	return answer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream whole, cut;
	enum io answer;
	size_t taken;

	if (size < 2)
		return 0;
	answer = talk(data[0], data + 2, size - 2, size, &whole);
	taken = peer.taken;
	must(answer == talk(data[0], data + 2, size - 2, 1 + data[1] % 7,
	    &cut));
	must(answer != IO_OK || taken == peer.taken);
	must(strcmp(whole.error, cut.error) == 0);
	must(whole.refused == cut.refused);
	return 0;
}
