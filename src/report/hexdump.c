#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/diag.h"
#include "report/hexdump.h"

#define ROW	16		/* bytes */
#define TEXT	(8 << 10)
#define LINE	112		/* no line is longer */

static int
head_text(char *text, char sign, size_t size)
{
	const char *who = diag_whom();
	struct timespec now;
	struct tm utc;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%FT%T", &utc);
	return snprintf(text, LINE, "# %s.%06ldZ %c %zu bytes%s%.64s\n", date,
	    now.tv_nsec / 1000, sign, size, who != NULL ? " " : "",
	    who != NULL ? who : "");
}

static size_t
row_text(char *text, const struct hexdump *dump, const uint8_t *data,
    size_t size)
{
	static const char digit[] = "0123456789abcdef";
	char *at = text + snprintf(text, LINE, "%c %08" PRIx64 "  ",
	    dump->sign, dump->offset);
	size_t i;

	for (i = 0; i < ROW; i++) {
		*at++ = i < size ? digit[data[i] >> 4] : ' ';
		*at++ = i < size ? digit[data[i] & 15] : ' ';
		*at++ = ' ';
	}
	*at++ = ' ';
	*at++ = '|';
	for (i = 0; i < size; i++)
		*at++ = data[i] >= ' ' && data[i] <= '~' ? (char)data[i] : '.';
	*at++ = '|';
	*at++ = '\n';
	return (size_t)(at - text);
}

static bool
hexdump_look(struct tap *tap, const uint8_t *data, size_t size)
{
	struct hexdump *dump = (struct hexdump *)tap;
	char text[TEXT];
	size_t row, used = (size_t)head_text(text, dump->sign, size);

	for (; size > 0; size -= row) {
		row = size < ROW ? size : ROW;
		used += row_text(text + used, dump, data, row);
		dump->offset += row;
		data += row;
		if (used > TEXT - LINE || size == row) {
			if (!log_write(dump->log, text, used))
				return false;
			used = 0;
		}
	}
	return true;
}

void
hexdump_begin(struct hexdump *dump, struct log *log, char sign)
{
	*dump = (struct hexdump){
		.tap = { .look = hexdump_look, .flush = log_flush,
		    .blame = &log->file },
		.log = log,
		.sign = sign,
	};
}
