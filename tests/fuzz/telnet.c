/*
 * Telnet's commands: the same bytes remain and the same is answered however
 * they are cut. Input: how long pieces are, then the bytes.
 */
#include <arpa/telnet.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "relay/telnet.h"
#include "stream/stream.h"

static size_t
strip(struct telnet *telnet, const uint8_t *data, size_t size, size_t piece,
    uint8_t *out)
{
	static struct stream blame;
	size_t at, done = 0, length, got;
	uint8_t *room;

	telnet_begin(telnet, &blame);
	for (at = 0; at < size; at += length) {
		length = size - at < piece ? size - at : piece;
		room = malloc(length * telnet->tap.growth);
		got = telnet->tap.apply(&telnet->tap, data + at, length, room);
		must(got <= length * telnet->tap.growth);
		memcpy(out + done, room, got);
		free(room);
		done += got;
	}
	return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *whole = malloc(size + 1), *cut = malloc(size + 1);
	struct telnet telnet, other;
	size_t length, i;

	if (size > 1) {
		length = strip(&telnet, data + 1, size - 1, size, whole);
		must(length == strip(&other, data + 1, size - 1,
		    1 + data[0] % 9, cut));
		must(memcmp(whole, cut, length) == 0);
		must(telnet.waiting == other.waiting);
		must(telnet.waiting <= sizeof(telnet.answers));
		must(memcmp(telnet.answers, other.answers,
		    telnet.waiting) == 0);
		for (i = 0; i < telnet.waiting; i += 3)
			must(telnet.answers[i] == IAC &&
			    (telnet.answers[i + 1] == DONT ||
			    telnet.answers[i + 1] == WONT));
	}
	free(whole);
	free(cut);
	return 0;
}
