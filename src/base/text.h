#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/*
 * Whatever a peer or a file's name brings to a terminal or into JSON passes
 * through here.
 */

/*
 * The length in bytes of the first character, or 0 if it is the NUL, not UTF-8
 * (RFC 3629), or could move the cursor or reorder text: C0 and C1 controls,
 * DEL, line separators, bidirectional controls.
 */
size_t	text_printable(const char *text);

/* Replaces each byte of what is not printable by other. */
void	text_clean(char *text, char other);

enum text_form {
	TEXT_ESCAPED,	/* bytes that are not printable: \x9b; "\": \x5c */
	TEXT_JSON		/* a string in quotes; such bytes: \u009b */
};

/* Writes text in that form to to, cut to size, at least 8. Returns to. */
const char *text_quote(const char *text, enum text_form, char *to,
	    size_t size);

#endif
