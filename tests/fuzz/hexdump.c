/*
 * The hex dump: its rows have the bytes, however they came. Input: how long
 * pieces are, then the bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "report/hexdump.h"

#define HEX	12	/* columns before the first digit */

/* The bytes in the rows of text; all of it must be printable. */
static size_t
read_back(char *text, uint8_t *out)
{
	char *line, *next;
	size_t done = 0, i;
	unsigned octet;

	for (line = text; (next = strchr(line, '\n')) != NULL; line = next) {
		*next++ = '\0';
		must(fuzz_is_printable(line));
		if (line[0] == '#')
			continue;
		must(strlen(line) >= HEX + 48 && line[0] == '<');
		for (i = 0; i < 16 && line[HEX + 3 * i] != ' '; i++) {
			must(sscanf(line + HEX + 3 * i, "%2x", &octet) == 1);
			out[done++] = (uint8_t)octet;
		}
	}
	must(*line == '\0');
	return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hexdump dump;
	struct log log;
	size_t at, length, room = 200 * size + 1000;
	uint8_t *out = malloc(size + 16), *piece;
	char *text = calloc(1, room);
	int fd = fuzz_file("", 0);

	must(log_open(&log, fuzz_path(fd), false));
	hexdump_begin(&dump, &log, '<');
	for (at = 1; at < size; at += length) {
		length = 1 + data[0] * (size_t)17;
		length = size - at < length ? size - at : length;
		piece = malloc(length);
		memcpy(piece, data + at, length);
		must(dump.tap.look(&dump.tap, piece, length));
		free(piece);
	}
	must(pread(fd, text, room - 1, 0) >= 0);
	must(read_back(text, out) == (size > 0 ? size - 1 : 0));
	must(size < 2 || memcmp(out, data + 1, size - 1) == 0);
	close(log.file.wfd);
	close(fd);
	free(text);
	free(out);
	return 0;
}
