/* What a peer says on its way to a terminal or into JSON. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"

/* A string, as JSON has it: quotes, and no others within. */
static void
check_json(const char *text)
{
	size_t i, length = strlen(text);

	must(length >= 2 && text[0] == '"' && text[length - 1] == '"');
	for (i = 1; i < length - 1; i++) {
		must(text[i] != '"');
		if (text[i] != '\\')
			continue;
		must(i + 6 <= length - 1 && text[i + 1] == 'u' &&
		    strspn(text + i + 2, "0123456789abcdef") >= 4);
		i += 5;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = size > 0 ? 8 + data[0] : 8;
	char *text = fuzz_text(data, size), *to = malloc(room);

	must(fuzz_is_printable(text_quote(text, TEXT_ESCAPED, to, room)));
	must(strlen(to) < room);
	text_quote(text, TEXT_JSON, to, room);
	must(strlen(to) < room && fuzz_is_printable(to));
	check_json(to);
	text_clean(text, '?');
	must(fuzz_is_printable(text));
	free(to);
	free(text);
	return 0;
}
