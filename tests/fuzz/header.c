/*
 * The PROXY header of a connection: the same comes of it however it is cut,
 * and not a byte behind it is taken. Input: how long pieces are, then the bytes.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "net/proxy_header.h"

/* Returns the last answer; *rest: bytes that nobody has taken. */
static enum proxy_header_answer
hear(const uint8_t *data, size_t size, size_t piece, struct address *from,
    size_t *rest)
{
	struct proxy_header header;
	struct address to = { .length = 0 };
	enum proxy_header_answer answer = PROXY_HEADER_MORE;
	uint8_t left[4096];
	ssize_t got;
	size_t given = 0;
	int pair[2];

	memset(&header, 0, sizeof(header));
	memset(from, 0, sizeof(*from));
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	while (answer == PROXY_HEADER_MORE && given < size) {
		if (piece > size - given)
			piece = size - given;
		must(write(pair[1], data + given, piece) == (ssize_t)piece);
		given += piece;
		answer = proxy_header_read(&header, pair[0], from, &to);
	}
	got = read(pair[0], left, sizeof(left));
	*rest = size - given + (got > 0 ? (size_t)got : 0);
	shutdown(pair[1], SHUT_WR);
	if (answer == PROXY_HEADER_MORE)
		must(proxy_header_read(&header, pair[0], from, &to) ==
		    PROXY_HEADER_BAD);
	close(pair[0]);
	close(pair[1]);
	return answer;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address whole, cut;
	size_t rest, cut_rest;
	enum proxy_header_answer answer;

	if (size < 2 || size > 4096)
		return 0;
	answer = hear(data + 1, size - 1, size - 1, &whole, &rest);
	must(answer == hear(data + 1, size - 1, 1 + data[0] % 9, &cut,
	    &cut_rest));
	if (answer != PROXY_HEADER_GOOD)
		return 0;
	must(rest == cut_rest && whole.length == cut.length);
	must(memcmp(&whole.sa, &cut.sa, whole.length) == 0);
	must(whole.length <= sizeof(whole.sa));
	return 0;
}
