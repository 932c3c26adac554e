#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"

const char *
quantity_parse(const char *text, const struct unit *unit, const char *form,
    int64_t *value)
{
	char whole[24];
	const char *error;
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	int64_t scale;

	if (digits >= sizeof(whole))
		return "too large";
	snprintf(whole, sizeof(whole), "%.*s", (int)digits, text);
	if (*rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	while (unit->name != NULL && strcmp(unit->name, rest) != 0)
		unit++;
	if (unit->name == NULL || rest == text || strspn(text, ".") ==
	    (size_t)(rest - text))
		return form;
	*value = 0;
	if (digits > 0) {
		*value = strtonum(whole, 0, INT64_MAX / 2 / unit->factor,
		    &error) * unit->factor;
		if (error != NULL)
			return error;
	}
	scale = unit->factor;
	for (text += digits + 1; text < rest; text++)
		*value += (*text - '0') * (scale /= 10);
	return NULL;
}

const char *
quantity_bytes(const char *text, int64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "k", 1 << 10 }, { "K", 1 << 10 },
		{ "m", 1 << 20 }, { "M", 1 << 20 },
		{ "g", 1 << 30 }, { "G", 1 << 30 },
		{ "t", (int64_t)1 << 40 }, { "T", (int64_t)1 << 40 },
		{ NULL, 0 },
	};

	return quantity_parse(text, units,
	    "use bytes like 4096, or 500k, 3.2M, 1G, 2T", bytes);
}

const char *
quantity_text(double bytes, char *text)
{
	static const char *const unit[] = { "B", "KiB", "MiB", "GiB", "TiB",
	    "PiB", "EiB" };
	size_t i = 0;

	while (bytes >= 1023.5 && i < sizeof(unit) / sizeof(unit[0]) - 1) {
		bytes /= 1024;
		i++;
	}
	snprintf(text, QUANTITY_TEXT, "%.*f %s",
	    i == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2, bytes,
	    unit[i]);
	return text;
}
