#ifndef QUANTITY_H
#define QUANTITY_H

#include <stdint.h>

/* Numbers that have units, as people write and read them. */

#define QUANTITY_TEXT	32

struct unit {
	const char *name;	/* "" for none; NULL ends a list */
	int64_t	 factor;
};

/*
 * Reads digits, perhaps a fraction, perhaps a unit of the list; each digit of
 * the fraction is rounded down. Returns NULL, or what is wrong with the text
 * (form, when it is none of these); *value is then of no use.
 */
const char *quantity_parse(const char *text, const struct unit *,
    const char *form, int64_t *value);

/* Bytes, or bytes a second: with curl's k, M, G, T, powers of 1024. */
const char *quantity_bytes(const char *text, int64_t *bytes);

/* "1.23 GiB", of at most 8 characters; text has QUANTITY_TEXT bytes. */
const char *quantity_text(double bytes, char *text);

#endif
