/*
 * What a client asks of us as its proxy: the same comes of it however it is
 * cut, and what was read beyond the request is kept. Input: what we have, how
 * long pieces are, then the bytes.
 */
#include <errno.h>
#include <string.h>

#include "connect/request.h"
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
	*done = size < peer.piece ? size : peer.piece;
	must(*done > 0 && octet[*done - 1] <= UINT8_MAX);
	return IO_OK;
}

static enum io
ask(struct request *request, const uint8_t *data, size_t size, size_t piece)
{
	static const struct stream_ops ops = {
		.read = peer_read,
		.write = peer_write,
	};
	static const struct request_config open, guarded = {
		.user = "user",
		.password = "secret",
	};
	struct stream stream = { .ops = &ops, .rfd = -1, .wfd = -1 };
	struct address bound;
	size_t calls = 0, limit = 8 * (size + 2100);
	enum io answer;

	memset(&peer, 0, sizeof(peer));
	peer.data = data + 2;
	peer.size = size - 2;
	peer.piece = piece;
	request_begin(request, data[0] & 1 ? &guarded : &open);
	do {
		answer = request_step(request, &stream);
		must(++calls < limit);
	} while (answer == IO_WANT_READ || answer == IO_WANT_WRITE);
	if (answer != IO_OK)
		return answer;
	must(request->state == REQUEST_KNOWN &&
	    (request->associate || request->host[0] != '\0'));
	must(memchr(request->host, '\0', sizeof(request->host)) != NULL);
	address_any(data[0] & 2 ? AF_INET6 : AF_INET, 80, &bound);
	request_answer(request, data[0] & 4 ? ECONNREFUSED : 0, &bound);
	do {
		answer = request_step(request, &stream);
		must(++calls < limit);
	} while (answer == IO_WANT_READ || answer == IO_WANT_WRITE);
	return IO_OK;
}

/* How many bytes of the input were the request's: the others are the target's. */
static size_t
used(const struct request *request)
{
	size_t rest = request->got - request->heard;

	must(request->heard <= request->got && rest <= peer.taken);
	must(memcmp(request->in + request->heard,
	    peer.data + peer.taken - rest, rest) == 0);
	return peer.taken - rest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct request whole, cut;
	enum io answer;
	size_t size_used;

	if (size < 3)
		return 0;
	answer = ask(&whole, data, size, size);
	size_used = used(&whole);
	must(answer == ask(&cut, data, size, 1 + data[1] % 7));
	must(answer == IO_OK || answer == IO_FAIL);
	must(fuzz_is_printable(whole.why));
	if (answer != IO_OK)
		return 0;
	must(size_used == used(&cut) && whole.port == cut.port);
	must(strcmp(whole.host, cut.host) == 0);
	return 0;
}
