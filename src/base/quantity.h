#ifndef QUANTITY_H
#define QUANTITY_H

#include <stdint.h>

/* Numbers with units, as people write and read them. */

#define QUANTITY_TEXT	32

struct unit {
	const char *name;	/* "" for none; NULL ends a list */
	int64_t	 factor;
};

/*
 * Parses digits, an optional fraction and an optional unit of the list into
 * *value, rounded down. Returns NULL; or what is wrong with the text (form, if
 * it is not of this form), with *value undefined.
 */
const char *quantity_parse(const char *text, const struct unit *,
    const char *form, int64_t *value);

/* Bytes, or bytes a second; k, M, G and T are powers of 1024, as in curl(1). */
const char *quantity_bytes(const char *text, int64_t *bytes);

/* "1.23 GiB", of at most 8 characters; text has QUANTITY_TEXT bytes. */
const char *quantity_text(double bytes, char *text);

#endif
