/*
 * LF to CR LF: the same however the bytes are cut, and twice is as once.
 * Input: how long pieces are, then the bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "relay/crlf.h"

static size_t
convert(const uint8_t *data, size_t size, size_t piece, uint8_t *out)
{
	struct crlf crlf;
	size_t at, done = 0, length, got;
	uint8_t *room;

	crlf_begin(&crlf);
	for (at = 0; at < size; at += length) {
		length = size - at < piece ? size - at : piece;
		room = malloc(length * crlf.tap.growth);
		got = crlf.tap.apply(&crlf.tap, data + at, length, room);
		must(got <= length * crlf.tap.growth);
		memcpy(out + done, room, got);
		free(room);
		done += got;
	}
	return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *whole = malloc(2 * size + 1), *cut = malloc(2 * size + 1);
	uint8_t *twice = malloc(4 * size + 1);
	size_t length, i;

	if (size > 1) {
		length = convert(data + 1, size - 1, size, whole);
		must(length == convert(data + 1, size - 1, 1 + data[0] % 9,
		    cut));
		must(memcmp(whole, cut, length) == 0);
		must(length == convert(whole, length, length, twice));
		must(memcmp(whole, twice, length) == 0);
		for (i = 0; i < length; i++)
			must(whole[i] != '\n' ||
			    (i > 0 && whole[i - 1] == '\r'));
	}
	free(whole);
	free(cut);
	free(twice);
	return 0;
}
