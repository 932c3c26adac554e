#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LONGEST	6		/* characters for one byte: \u009b */

static bool
is_harmless(uint32_t code)
{
	return code >= 0xa0 && !(code >= 0xd800 && code <= 0xdfff) &&
	    !(code >= 0x2028 && code <= 0x202e) &&	/* lines, bidi */
	    !(code >= 0x2066 && code <= 0x2069) &&	/* bidi isolates */
	    code != 0x200e && code != 0x200f && code != 0x061c &&
	    code <= 0x10ffff;
}

size_t
text_printable(const char *text)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const uint8_t *at = (const uint8_t *)text;
	size_t i, size = at[0] >= 0xf0 && at[0] <= 0xf7 ? 4 :
	    at[0] >= 0xe0 ? 3 : 2;
	uint32_t code;

	if (at[0] < 0x80)
		return at[0] >= ' ' && at[0] <= '~';
	if (at[0] < 0xc0 || at[0] > 0xf7)
		return 0;
	code = at[0] & (0xffU >> (size + 1));
	for (i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	return code >= least[size] && is_harmless(code) ? size : 0;
}

void
text_clean(char *text, char other)
{
	size_t size;

	for (; *text != '\0'; text += size) {
		size = text_printable(text);
		if (size == 0) {
			*text = other;
			size = 1;
		}
	}
}

const char *
text_quote(const char *text, enum text_form form, char *to, size_t size)
{
	bool json = form == TEXT_JSON;
	size_t length, used = 0;

	if (json)
		to[used++] = '"';
	while (*text != '\0' && used + LONGEST + 2 <= size) {
		length = text_printable(text);
		if (*text == '\\' || (json && *text == '"'))
			length = 0;
		if (length > 0)
			memcpy(to + used, text, length);
		used += length > 0 ? length : (size_t)snprintf(to + used,
		    LONGEST + 1, json ? "\\u%04x" : "\\x%02x",
		    (uint8_t)*text);
		text += length > 0 ? length : 1;
	}
	if (json)
		to[used++] = '"';
	to[used] = '\0';
	return to;
}
