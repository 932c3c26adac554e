/* Times and sizes, as written by a user. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), out[QUANTITY_TEXT];
	char time[CLOCK_TEXT];
	int64_t value = 0;
	double number;

	if (clock_parse(text, &value) == NULL) {
		must(value >= 0);
		must(strlen(clock_text(value, time)) < sizeof(time));
		must(clock_deadline(value) >= clock_now_us() - CLOCK_SECOND);
	}
	if (quantity_bytes(text, &value) == NULL) {
		must(value >= 0);
		must(strlen(quantity_text((double)value, out)) <= 8);
	}
	if (size >= sizeof(number)) {
		memcpy(&number, data, sizeof(number));
		if (number >= 0 && number < 1e30)
			must(strlen(quantity_text(number, out)) < sizeof(out));
	}
	free(text);
	return 0;
}
