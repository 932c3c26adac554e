#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/steps.h"

static const struct { const char *name; int octet; } names[] = {
	/* RFC 1349 */
	{ "lowdelay", 0x10 }, { "throughput", 0x08 }, { "reliability", 0x04 },
	/* precedence, RFC 791 */
	{ "critical", 0xa0 }, { "inetcontrol", 0xc0 }, { "netcontrol", 0xe0 },
	/* RFC 2597: class in the upper, drop precedence in the lower bits */
	{ "af11", 0x28 }, { "af12", 0x30 }, { "af13", 0x38 },
	{ "af21", 0x48 }, { "af22", 0x50 }, { "af23", 0x58 },
	{ "af31", 0x68 }, { "af32", 0x70 }, { "af33", 0x78 },
	{ "af41", 0x88 }, { "af42", 0x90 }, { "af43", 0x98 },
	/* RFC 2474 */
	{ "cs0", 0x00 }, { "cs1", 0x20 }, { "cs2", 0x40 }, { "cs3", 0x60 },
	{ "cs4", 0x80 }, { "cs5", 0xa0 }, { "cs6", 0xc0 }, { "cs7", 0xe0 },
	/* RFC 3246, RFC 5865, RFC 8622 */
	{ "ef", 0xb8 }, { "va", 0xb0 }, { "le", 0x04 },
};

/* 0x and one or two digits: strtonum(3) is decimal only. */
static bool
is_hexadecimal(const char *text)
{
	size_t length = strlen(text);

	return (length == 3 || length == 4) &&
	    strncasecmp(text, "0x", 2) == 0 &&
	    strspn(text + 2, "0123456789abcdefABCDEF") == length - 2;
}

const char *
service_class_parse(const char *text, int *octet)
{
	const char *error;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(text, names[i].name) == 0) {
			*octet = names[i].octet;
			return NULL;
		}
	if (is_hexadecimal(text)) {
		*octet = (int)strtol(text, NULL, 16);
		return NULL;
	}
	*octet = (int)strtonum(text, 0, 255, &error);
	if (error == NULL)
		return NULL;
	return "use a name (lowdelay, throughput, af11, cs1, ef, ...) or 0 to "
	    "255";
}
